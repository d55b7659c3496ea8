"""Databases: the places to migrate."""
