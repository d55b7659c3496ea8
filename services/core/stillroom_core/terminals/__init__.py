"""Terminals: signing one in through a browser, by a short code that a person compares (the shape of RFC 8628)."""
