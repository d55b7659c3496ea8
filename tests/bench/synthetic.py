"""Git repositories with as many revisions as one likes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import dedent

_ENV = """
import os
from alembic import context
from sqlalchemy import create_engine

engine = create_engine(os.environ["DATABASE_URL"])
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""

_REVISION = '''"""Revision {number}

Revision ID: {key}
"""
import sqlalchemy as sa
from alembic import op

revision = {key!r}
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    {body}


def downgrade() -> None:
    op.drop_table("t{number}")
'''


def key_of(number: int) -> str:
    return f"{number:012x}"


def make_repository(folder: Path, count: int, bodies: dict[int, str] | None = None) -> Path:
    """A line of `count` revisions; each makes a table, or what `bodies` says."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    for number in range(count):
        body = (bodies or {}).get(number) or f'op.create_table("t{number}", sa.Column("id", sa.Integer))'
        down = key_of(number - 1) if number else None
        text = _REVISION.format(number=number, key=key_of(number), down=down, body=dedent(body).replace("\n", "\n    "))
        (versions / f"{key_of(number)}_revision.py").write_text(text)
    (folder / "migrations" / "env.py").write_text(_ENV)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (folder / "requirements.txt").write_text("alembic\nsqlalchemy>=2\npsycopg[binary]\n")
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-C", str(folder)]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", f"{count} revisions"], check=True)
    return folder
