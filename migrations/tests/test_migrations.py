"""Our own migrations go up, down and up again, and describe exactly the tables of the code."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from stillroom_testing.servers import PostgresServer

ROOT = Path(__file__).resolve().parents[2]
OBJECTS = """
    select c.relkind::text || ' ' || c.relname from pg_class c
    join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and c.relkind in ('r', 'i', 'S')
    order by 1
"""


@pytest.fixture
def url(postgres_server: PostgresServer) -> str:
    return postgres_server.new_database("migrations").url


def alembic(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "REDIS_URL": "redis://:none@localhost",
        "STILLROOM_SECRET_KEY": "k" * 32,
        "STILLROOM_SEALING_KEYS": "k:" + "A" * 43 + "=",
        "STILLROOM_DATA_DIR": "/nowhere",
    }
    argv = [sys.executable, "-m", "alembic", "-c", "migrations/alembic.ini", *words]
    return subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def objects(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(OBJECTS)]


def test_migrations_go_up_down_and_up_again(url: str) -> None:
    assert alembic(url, "upgrade", "head").returncode == 0
    first = objects(url)
    assert "r jobs" in first
    down = alembic(url, "downgrade", "base")
    assert down.returncode == 0, down.stderr
    assert objects(url) == ["i alembic_version_pkc", "r alembic_version"]
    assert alembic(url, "upgrade", "head").returncode == 0
    assert objects(url) == first


def test_the_tables_of_the_code_are_those_of_the_migrations(url: str) -> None:
    assert alembic(url, "upgrade", "head").returncode == 0
    checked = alembic(url, "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
