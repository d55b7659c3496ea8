"""Accounts: opening one, proving its address, passwords, the second factor, and where one is signed in."""
