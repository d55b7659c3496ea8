"""API tokens and service accounts: how machines act, within the rights of an owner."""
