"""Routes and shapes of writes."""
