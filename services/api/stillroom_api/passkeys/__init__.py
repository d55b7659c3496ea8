"""Routes and shapes of passkeys."""
