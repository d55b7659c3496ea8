"""Groups: members who get roles in projects and environments together."""
