"""Routes and shapes of mail."""
