"""Sessions: who is signed in, with access tokens and rotating refresh tokens."""
