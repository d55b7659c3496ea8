"""Samples: how a target database fared over time."""
