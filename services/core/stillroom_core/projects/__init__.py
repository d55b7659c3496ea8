"""Projects: one Alembic configuration in one git repository."""
