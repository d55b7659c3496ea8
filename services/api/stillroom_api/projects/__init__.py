"""Routes and shapes of projects."""
