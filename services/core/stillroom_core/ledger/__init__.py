"""The ledger of a database: everything that changed it, by jobs here, and what was found to have been run elsewhere."""
