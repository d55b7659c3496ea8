"""Routes and shapes of approvals."""
