"""Routes and shapes of plans."""
