"""Routes and shapes of activity: who works in a database just now."""
