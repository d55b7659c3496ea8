"""Freezes: times in which nothing is changed, in one environment or in a whole project."""
