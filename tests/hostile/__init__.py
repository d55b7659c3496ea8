"""An Alembic project that means harm, run through the whole service."""
