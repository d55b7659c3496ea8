"""Organizations: whose projects and people these are."""
