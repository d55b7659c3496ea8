"""A small history of migrations that note in the database that they ran, and whether anybody else ran meanwhile."""

from __future__ import annotations

import subprocess
from pathlib import Path

REVISIONS = 10
_ENV = """
import os
from alembic import context
from sqlalchemy import create_engine

engine = create_engine(os.environ["DATABASE_URL"])
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
# The lock is of the transaction: two runs at once would meet in it. `ran` counts commits of each direction.
_REVISION = '''"""Revision {key}"""
from alembic import op

revision = "{key}"
down_revision = {down!r}


def noted(direction, change):
    columns = "revision text, direction text, at timestamptz default clock_timestamp()"
    op.execute(f"create table if not exists ran ({{columns}})")
    op.execute("do $$ begin if not pg_try_advisory_xact_lock(4711) then raise exception 'OVERLAP'; end if; end $$")
    op.execute("select pg_sleep(0.08)")
    op.execute(change)
    print(direction, "{key}", flush=True)
    op.execute(f"insert into ran (revision, direction) values ('{key}', '{{direction}}')")


def upgrade():
    noted("up", "create table t_{key} (id int)")


def downgrade():
    noted("down", "drop table t_{key}")
'''
# Commits in its middle, as a careful team writes it: it may be run again after a crash at any point.
_CONCURRENTLY = '''"""Revision {key}"""
from alembic import op

revision = "{key}"
down_revision = {down!r}


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists ix_{down}")
        op.execute("create index concurrently ix_{down} on t_{down} (id)")


def downgrade():
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists ix_{down}")
'''


def keys() -> list[str]:
    """The revisions, oldest first."""
    return [f"r{number:03}" for number in range(REVISIONS)]


def makes_table(number: int) -> bool:
    """Whether a revision makes a table of its own; every fifth builds an index outside of a transaction."""
    return number % 5 != 4


def commit(repository: Path) -> None:
    """Makes the repository."""
    versions = repository / "migrations" / "versions"
    versions.mkdir(parents=True)
    names = keys()
    for number, key in enumerate(names):
        down = names[number - 1] if number else None
        text = _REVISION if makes_table(number) else _CONCURRENTLY
        (versions / f"{key}.py").write_text(text.format(key=key, down=down))
    (repository / "migrations" / "env.py").write_text(_ENV)
    (repository / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (repository / "requirements.txt").write_text("alembic\nsqlalchemy>=2\npsycopg[binary]\n")
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-C", str(repository)]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "history"]):
        subprocess.run([*git, *words], check=True)
