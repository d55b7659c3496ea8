"""`stillroom up` as a person starts it: the whole service, its ends and its accidents."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from stillroom_cli.embedded.ports import any_free
from stillroom_testing.servers import PostgresServer

STILLROOM = [sys.executable, "-m", "stillroom_cli"]


class Stack:
    """One installation in a folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = {
            **{name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")},
            "STILLROOM_HOME": str(home),
            "STILLROOM_PORT": str(any_free()),
            "STILLROOM_POSTGRES_PORT": str(any_free()),
            "STILLROOM_VALKEY_PORT": str(any_free()),
            "STILLROOM_SAMPLE": "0",
        }
        self.launcher: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.env['STILLROOM_PORT']}"

    def start(self) -> None:
        # Popen from a shell in the background would have SIGINT ignored; so it is here, to prove that
        # the launcher listens all the same.
        self.launcher = subprocess.Popen(
            ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", *STILLROOM, "up"],
            env=self.env,
            stdout=(self.home.parent / "out.txt").open("w"),
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        _until(self.ready, lambda: self.ended() or "not ready", self.ended)

    def ready(self) -> bool:
        """Whether the launcher that we started says so; an earlier one may have left its notes."""
        record = self.record()
        assert self.launcher is not None
        return bool(record.get("ready")) and record["launcher"]["pid"] == self.launcher.pid  # type: ignore[index]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*STILLROOM, *arguments], env=self.env, capture_output=True, text=True, check=False, timeout=300
        )

    def said(self) -> str:
        return (self.home.parent / "out.txt").read_text()

    def ended(self) -> str:
        launcher = self.launcher
        return f"ended: {self.said()}" if launcher is not None and launcher.poll() is not None else ""

    def record(self) -> dict[str, object]:
        try:
            content: dict[str, object] = json.loads((self.home / "launcher.json").read_text())
        except (OSError, ValueError):
            return {}
        return content

    def pid_of(self, name: str) -> int:
        return int(self.record()["processes"][name]["pid"])  # type: ignore[index]

    def processes(self) -> list[str]:
        """Everything on this machine that mentions the installation's folder."""
        found = []
        mark = str(self.home).encode()
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if mark in text and int(entry.name) != os.getpid():
                found.append(f"{entry.name} {(entry / 'cmdline').read_bytes()[:200]!r}")
        return found

    def stop(self, number: int = signal.SIGINT) -> int:
        assert self.launcher is not None
        self.launcher.send_signal(number)
        return self.launcher.wait(60)


def _until(
    condition: Callable[[], object], why: Callable[[], str], hopeless: Callable[[], object] = lambda: False
) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert not hopeless(), why()
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)


def _answers(url: str) -> int:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code
    except httpx.HTTPError:
        return 0


@pytest.fixture
def stack() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="stillroom-up-") as room:
        Path(room).chmod(0o711)
        stack = Stack(Path(room) / "home")
        yield stack
        if stack.launcher is not None and stack.launcher.poll() is None:
            stack.stop(signal.SIGTERM)


def test_a_start_a_crash_a_kill_and_an_end_leave_data_but_no_process(stack: Stack) -> None:
    stack.start()
    assert _answers(f"{stack.url}/readyz") == 200
    assert stack.said().count("with the password") == 1
    assert stack.home.joinpath("settings.env").stat().st_mode & 0o077 == 0

    second = stack.run("up")
    assert (second.returncode, "runs already" in second.stdout) == (0, True)
    assert stack.run("status").returncode == 0

    api = stack.pid_of("api")
    os.kill(api, signal.SIGKILL)
    _until(lambda: stack.pid_of("api") != api and _answers(f"{stack.url}/readyz") == 200, stack.said)
    assert "api was ended by SIGKILL" in stack.said()

    assert stack.launcher is not None
    stack.launcher.kill()
    stack.launcher.wait()
    stack.start()
    assert "with the password" not in stack.said(), "the administrator is there already"
    assert _answers(f"{stack.url}/readyz") == 200

    assert stack.stop(signal.SIGINT) == 0
    assert stack.processes() == []
    assert not (stack.home / "launcher.json").exists()

    forgotten = stack.run("reset", "--yes")
    assert forgotten.returncode == 0
    assert not stack.home.exists()


def test_up_in_the_background_is_stopped_from_elsewhere(stack: Stack) -> None:
    started = stack.run("up", "--background")
    assert started.returncode == 0, started.stderr
    assert "with the password" in started.stdout
    assert _answers(f"{stack.url}/livez") == 200
    assert stack.run("up", "--background").returncode == 0
    stopped = stack.run("down")
    assert (stopped.returncode, stopped.stdout.strip()) == (0, "stopped")
    assert stack.processes() == []
    assert stack.run("status").returncode == 3


def test_a_stack_whose_folder_is_deleted_ends(stack: Stack) -> None:
    stack.start()
    assert stack.launcher is not None
    shutil.rmtree(stack.home)
    assert stack.launcher.wait(60) == 1
    assert "is gone" in stack.said()
    assert stack.processes() == []


def test_given_servers_replace_the_embedded_ones(stack: Stack, postgres_server: PostgresServer, redis_url: str) -> None:
    address = postgres_server.new_database("given")
    # Only its name exists nowhere yet: the launcher makes it.
    stack.env["DATABASE_URL"] = address.url + secrets.token_hex(2)
    stack.env["REDIS_URL"] = redis_url
    stack.start()
    assert _answers(f"{stack.url}/readyz") == 200
    assert set(stack.record()["processes"]) == {"api", "worker", "scheduler", "reader"}  # type: ignore[call-overload]
    assert stack.stop(signal.SIGTERM) == 0
    assert not (stack.home / "postgres").exists()


def test_a_busy_port_is_one_line_with_the_fix(stack: Stack) -> None:
    with socket.create_server(("127.0.0.1", int(stack.env["STILLROOM_PORT"]))):
        refused = stack.run("up")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "is taken by another program" in refused.stderr
    assert "STILLROOM_PORT=" in refused.stderr


def test_an_unreachable_database_url_is_one_line_without_its_password(stack: Stack) -> None:
    stack.env["DATABASE_URL"] = f"postgresql://me:hush-hush@127.0.0.1:{any_free()}/x"
    refused = stack.run("up")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "DATABASE_URL" in refused.stderr
    assert "hush-hush" not in refused.stderr + refused.stdout
    assert stack.processes() == []


def test_reset_asks_before_it_forgets(stack: Stack) -> None:
    stack.home.mkdir()
    refused = stack.run("reset")
    assert (refused.returncode, stack.home.exists()) == (1, True)
    assert "--yes" in refused.stderr
