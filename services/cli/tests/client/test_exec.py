"""`stillroom exec`: a terminal and a job never migrate one database at once."""

import sys
import threading

import psycopg
import pytest

from stillroom_cli.client.commands.under_lock import LOCK_KEYS
from stillroom_testing.servers import PostgresServer
from stillroom_worker.target import lock

from .conftest import Stillroom

Printed = pytest.CaptureFixture[str]
HOLDS = (
    "import os, psycopg, sys; "
    "c = psycopg.connect(os.environ['DATABASE_URL']); "
    "sys.exit(7 if c.execute('select pg_try_advisory_lock(%s::int, %s::int)', "
    f"{LOCK_KEYS!r}).fetchone()[0] else 3)"
)


@pytest.fixture
def url(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of one's own, named by the variable that env.py reads."""
    address = postgres_server.new_database("exec").url
    monkeypatch.setenv("DATABASE_URL", address)
    return address


def test_the_lock_is_the_worker_s() -> None:
    assert LOCK_KEYS == lock.LOCK_KEYS


def test_the_command_runs_under_the_lock_and_its_exit_code_is_ours(stillroom: Stillroom, url: str) -> None:
    assert stillroom("exec", "--", sys.executable, "-c", HOLDS) == 3
    assert stillroom("exec", sys.executable, "-c", "import sys; sys.exit(5)") == 5


def test_a_url_with_a_driver_is_understood(stillroom: Stillroom, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_DB", url.replace("postgresql://", "postgresql+asyncpg://"))
    monkeypatch.delenv("DATABASE_URL")
    assert stillroom("exec", "--variable", "APP_DB", "--", sys.executable, "-c", "") == 0


def test_it_waits_for_whoever_migrates_and_says_for_whom(stillroom: Stillroom, url: str, capsys: Printed) -> None:
    with psycopg.connect(url, autocommit=True, application_name="stillroom:job-7") as other:
        other.execute("select pg_advisory_lock(%s::int, %s::int)", LOCK_KEYS)
        assert stillroom("exec", "--no-wait", "--", sys.executable, "-c", "print('ran')") == 4
        told = capsys.readouterr()
        assert "held by stillroom:job-7" in told.err
        assert "ran" not in told.out
        done: list[int] = []
        waiting = threading.Thread(target=lambda: done.append(stillroom("exec", "--", sys.executable, "-c", "")))
        waiting.start()
        waiting.join(1.5)
        assert done == []
        other.execute("select pg_advisory_unlock_all()")
        waiting.join(20)
    assert done == [0]
    assert "Waits for stillroom:job-7" in capsys.readouterr().err


def test_what_is_missing_is_said_with_its_fix(
    stillroom: Stillroom, url: str, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    assert stillroom("exec") == 2
    assert "stillroom exec -- alembic upgrade head" in capsys.readouterr().err
    assert stillroom("exec", "--", "no-such-command") == 2
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:secret-word@127.0.0.1:1/none")
    assert stillroom("exec", "--", sys.executable, "-c", "") == 4
    assert "secret-word" not in capsys.readouterr().err
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("PGHOST", raising=False)
    assert stillroom("exec", "--", sys.executable, "-c", "") == 2
    assert "Neither DATABASE_URL nor PGHOST is set." in capsys.readouterr().err
