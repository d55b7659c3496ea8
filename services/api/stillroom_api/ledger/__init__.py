"""Routes and shapes of the ledger of a database."""
