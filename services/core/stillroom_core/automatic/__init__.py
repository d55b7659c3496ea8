"""Automatic upgrades: an environment that takes new commits by itself, by the rule that somebody set."""
