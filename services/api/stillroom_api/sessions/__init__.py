"""Routes and shapes of sessions."""
