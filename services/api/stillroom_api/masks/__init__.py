"""Routes and shapes of masks."""
