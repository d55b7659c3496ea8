"""Audit over HTTP: telling what requests did, and reading it."""
