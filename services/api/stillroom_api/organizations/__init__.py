"""Routes and shapes of organizations."""
