"""Routes and shapes of environments."""
