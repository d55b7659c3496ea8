"""Routes and shapes of groups."""
