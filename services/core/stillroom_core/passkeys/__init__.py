"""Passkeys: what a person's device signs in with, by itself or after a password (W3C Web Authentication)."""
