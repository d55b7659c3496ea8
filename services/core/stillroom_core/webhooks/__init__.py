"""Webhooks: telling other systems what happened, in the order of an outbox table."""
