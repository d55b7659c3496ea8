"""Environments: dev, staging, prod; the policy and the settings of a run."""
