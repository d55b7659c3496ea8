"""A whole installation as its operators see it."""
