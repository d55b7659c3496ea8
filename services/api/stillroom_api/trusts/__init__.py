"""Routes and shapes of trusts."""
