"""Happenings: what others are told of, by webhooks and by letters."""
