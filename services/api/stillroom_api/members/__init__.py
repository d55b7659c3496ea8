"""Routes and shapes of members."""
