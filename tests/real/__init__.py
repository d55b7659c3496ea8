"""Real open-source projects through the service, compared with Alembic run by hand."""
