"""Routes and shapes of saved queries."""
