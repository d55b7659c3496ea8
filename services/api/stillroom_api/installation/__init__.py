"""The installation as a whole, for those who run it."""
