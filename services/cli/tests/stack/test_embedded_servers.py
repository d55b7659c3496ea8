"""The servers from wheels: started, stopped, killed, started again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from stillroom_cli.embedded import THROWAWAY, CannotStart, start_postgres, start_valkey
from stillroom_cli.embedded.postgres import end_leftover


@pytest.fixture
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("embedded")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o711)
    return folder


def test_data_survive_a_stop_and_a_start(room: Path) -> None:
    server = start_postgres(room / "pg", password="it's a secret", settings=THROWAWAY)
    with psycopg.connect(server.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS answer")
    server.stop()
    assert server.process.poll() is not None

    server = start_postgres(room / "pg", password="it's a secret", settings=THROWAWAY)
    try:
        with psycopg.connect(server.url()) as connection:
            row = connection.execute("SELECT answer, uuidv7() FROM kept").fetchone()
        assert row is not None
        assert row[0] == 7
    finally:
        server.stop()


def test_postgresql_asks_for_the_password_and_listens_on_no_socket(room: Path) -> None:
    server = start_postgres(room / "pg", password="right", settings=THROWAWAY)
    try:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.url().replace("right", "wrong"))
        with psycopg.connect(server.url()) as connection:
            row = connection.execute("SHOW unix_socket_directories").fetchone()
        assert row == ("",)
    finally:
        server.stop()


def test_a_killed_server_starts_again_over_its_stale_lock(room: Path) -> None:
    server = start_postgres(room / "pg", password="p", settings=THROWAWAY)
    server.process.kill()
    server.process.wait()
    assert (room / "pg/data/postmaster.pid").exists()

    again = start_postgres(room / "pg", password="p", settings=THROWAWAY)
    try:
        with psycopg.connect(again.url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        again.stop()


def test_a_lock_whose_number_belongs_to_another_program_is_forgotten(room: Path) -> None:
    data = room / "data"
    data.mkdir()
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")
    end_leftover(data)
    assert not (data / "postmaster.pid").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's parent-death signal is Linux")
def test_no_server_outlives_a_launcher_that_is_killed(room: Path) -> None:
    script = (
        "import sys, pathlib\n"
        "from stillroom_cli.embedded import *\n"
        "room = pathlib.Path(sys.argv[1])\n"
        "p = start_postgres(room / 'pg', password='p', settings=THROWAWAY)\n"
        "v = start_valkey(room / 'vk', password='v')\n"
        "print(p.process.pid, v.process.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    launcher = subprocess.Popen(
        [sys.executable, "-c", script, str(room)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert launcher.stdout is not None
    pids = [int(word) for word in launcher.stdout.readline().split()]
    launcher.send_signal(signal.SIGKILL)
    launcher.communicate()
    _wait_until_gone(pids)


def test_a_taken_port_is_said_in_one_line(room: Path) -> None:
    first = start_postgres(room / "one", password="p", settings=THROWAWAY)
    try:
        with pytest.raises(CannotStart, match="did not start") as refused:
            start_postgres(room / "two", password="p", port=first.port, settings=THROWAWAY)
        assert "\n" not in str(refused.value)
    finally:
        first.stop()


def test_valkey_keeps_what_was_written_over_a_kill(room: Path) -> None:
    server = start_valkey(room, password="v")
    client = redis.from_url(server.url())
    client.set("kept", "yes")
    client.config_set("appendfsync", "always")
    client.set("kept-too", "yes")
    server.process.kill()
    server.process.wait()

    again = start_valkey(room, password="v")
    try:
        assert redis.from_url(again.url()).mget("kept", "kept-too") == [b"yes", b"yes"]
    finally:
        again.stop()


def test_valkey_refuses_a_wrong_password(room: Path) -> None:
    server = start_valkey(room, password="v", durable=False)
    try:
        with pytest.raises(redis.AuthenticationError):
            redis.from_url(server.url().replace(":v@", ":w@")).ping()
    finally:
        server.stop()


def test_the_password_is_in_no_argument_and_in_no_repr(room: Path) -> None:
    server = start_valkey(room, password="very-secret-word", durable=False)
    try:
        listing = subprocess.run(["ps", "-ww", "-o", "args="], check=True, capture_output=True, text=True)
        assert "very-secret-word" not in listing.stdout
        assert "very-secret-word" not in repr(server)
    finally:
        server.stop()


def _wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not any(_exists(pid) for pid in pids):
            return
        time.sleep(0.05)
    raise AssertionError(f"still running: {[pid for pid in pids if _exists(pid)]}")


def _exists(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
