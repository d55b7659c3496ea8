"""Routes and shapes of identity providers."""
