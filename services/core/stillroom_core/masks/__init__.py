"""Masks: which columns hold personal data, and what is shown of it to whom."""
