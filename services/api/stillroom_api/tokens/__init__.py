"""API tokens and service accounts over HTTP."""
