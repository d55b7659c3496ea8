"""The installation as a whole, for those who run it: counts and ids, nothing of any tenant."""
