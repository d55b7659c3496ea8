"""Routes and shapes of invitations."""
