"""Writes: SQL that changes data, run by a person in the console, and what became of each."""
