"""Routes and shapes of accounts."""
