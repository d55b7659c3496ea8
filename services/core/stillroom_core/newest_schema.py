"""The newest revision of our own schema, for programs that have no migrations beside them. Made by docs/generate.py."""

NEWEST = "0039"
