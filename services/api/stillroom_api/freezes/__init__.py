"""Routes and shapes of freezes."""
