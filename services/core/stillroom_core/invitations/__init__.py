"""Invitations: how people come into an organization, by mail or by a link."""
