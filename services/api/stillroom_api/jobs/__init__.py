"""Routes and shapes of jobs."""
