"""Actors: who acts in which organization, and what they may do."""
