"""Routes and shapes of databases."""
