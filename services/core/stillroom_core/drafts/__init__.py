"""Drafts: revisions that were written for somebody and are not in the repository yet."""
