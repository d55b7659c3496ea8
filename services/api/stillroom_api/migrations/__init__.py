"""Routes and shapes of migrations."""
