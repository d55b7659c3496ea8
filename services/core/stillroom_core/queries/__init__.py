"""Saved queries: SQL that people keep for the console, for themselves or for their project."""
