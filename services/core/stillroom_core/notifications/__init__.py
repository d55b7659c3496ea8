"""Notifications: what happened, told to people by e-mail as each of them chose."""
