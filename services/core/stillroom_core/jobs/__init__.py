"""Jobs: one Alembic operation on one database."""
