"""Our own migrations go up, down and up again, and describe exactly the tables of the code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from releases.before import recorded

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
    with started(url, *words) as process:
        stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def started(url: str, *words: str) -> "subprocess.Popen[str]":
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "REDIS_URL": "redis://:none@localhost",
        "STILLROOM_SECRET_KEY": "k" * 32,
        "STILLROOM_SEALING_KEYS": "k:" + "A" * 43 + "=",
        "STILLROOM_DATA_DIR": "/nowhere",
    }
    argv = [sys.executable, "-m", "alembic", "-c", "migrations/alembic.ini", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(argv, cwd=ROOT, env=environment, text=True, **pipes)


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


def test_a_table_that_somebody_uses_is_waited_for_without_holding_others_up(url: str) -> None:
    assert alembic(url, "upgrade", recorded()["schema"]).returncode == 0
    with psycopg.connect(url) as somebody:
        somebody.execute("lock table jobs in row exclusive mode")
        with started(url, "upgrade", "head") as process:
            assert process.stderr is not None
            said = process.stderr.readline()
            while "tried again (2 of" not in said:
                assert said, process.wait()
                said = process.stderr.readline()
            # While it pauses the table is free for everybody; what was reached before stays.
            with psycopg.connect(url) as other:
                reached = other.execute("select version_num from alembic_version").fetchone()
                assert reached is not None and reached[0] >= recorded()["schema"]
            somebody.rollback()
            _, rest = process.communicate()
            assert process.returncode == 0, rest
    assert "r jobs" in objects(url)


def test_in_a_deadlock_it_is_the_migration_that_gives_way(url: str) -> None:
    text = (ROOT / "migrations" / "env.py").read_text()
    found = re.search(r'^LOCK_TIMEOUT = "(\d+)ms"$', text, re.MULTILINE)
    with psycopg.connect(url) as connection:
        row = connection.execute("select setting::int from pg_settings where name = 'deadlock_timeout'").fetchone()
        assert found is not None and row is not None
        assert int(found[1]) < row[0]
