"""Routes and shapes of webhooks."""
