"""Runs the jobs: supervises the processes in which tenants' code runs."""
