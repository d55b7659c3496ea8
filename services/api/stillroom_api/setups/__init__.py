"""Routes and shapes of setups."""
