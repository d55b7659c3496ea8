"""Every process of an installation, started as in earnest, each with a door for operators."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from stillroom_cli.embedded.ports import any_free

ROOT = Path(__file__).resolve().parents[2]
EMAIL, PASSWORD = "ann@example.com", "correct horse battery"


def until(fact: Callable[[], Any], what: str, *, patience: float = 120) -> Any:
    """Waits for a fact and gives it; raises TimeoutError that names it."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            if found := fact():
                return found
        time.sleep(0.05)
    raise TimeoutError(what)


class Whole:
    """Apis, scheduler, reader and workers over one database; `environment` is what all of them are given.

    The first api is "api" and has the public address; others are "api-" and anything. They run the sources below
    `code`; others than ours are found by PYTHONPATH in `environment`.
    """

    def __init__(self, environment: dict[str, str], folder: Path, *, code: Path = ROOT) -> None:
        self.folder = folder
        self.code = code
        self.port = any_free()
        self.ports = {"api": self.port}
        self.doors: dict[str, int] = {}
        reader = any_free()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("STILLROOM_")},
            **environment,
            "STILLROOM_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "STILLROOM_READER_URL": f"http://127.0.0.1:{reader}",
            "STILLROOM_READER_BIND": f"127.0.0.1:{reader}",
            "STILLROOM_ACCESS_TOKEN_MINUTES": "60",  # a person signs in once for all tests, which take their time
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.http = httpx.Client(base_url=self.environment["STILLROOM_PUBLIC_URL"], trust_env=False, timeout=60)

    def first_data(self, content: dict[str, Any]) -> None:
        """Makes what an installation begins with."""
        words = [sys.executable, "-m", "stillroom_core.bootstrap"]
        subprocess.run(words, input=json.dumps(content), text=True, check=True, cwd=self.code, env=self.environment)

    def start(self, name: str, **more: str) -> None:
        """Starts an api, scheduler, reader, or a worker (any other name) with its door."""
        self.launch(name, **more)
        until(lambda: self.door(name, "/livez").is_success, f"{name} opens its door:\n{self.log(name)[-2000:]}")

    def launch(self, name: str, **more: str) -> None:
        """The same without waiting until it is up."""
        self.doors[name] = any_free()
        celery = ("celery", "-A", "stillroom_worker.app", "worker", "--hostname", f"{name}@%h")
        if name.startswith("api-"):
            self.ports[name] = any_free()
        serve = ("uvicorn", "stillroom_api.main:create_app", "--factory", "--port")
        words = {
            **{api: (*serve, str(port)) for api, port in self.ports.items()},
            "scheduler": ("stillroom_worker.scheduler",),
            "reader": ("stillroom_worker.reader",),
        }.get(name, (*celery, "--concurrency", more.pop("slots", "1"), "--loglevel", "INFO"))
        given = {**self.environment, "STILLROOM_OPERATOR_BIND": f"127.0.0.1:{self.doors[name]}", **more}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *words], cwd=self.code, env=given, stdout=log, stderr=log, start_new_session=True
            )

    def sign_in(self) -> None:
        """Later requests are those of the first person."""
        until(lambda: self.http.get("/livez").is_success, "the api serves")
        answer = self.http.post("/api/auth/sign-in", json={"email": EMAIL, "password": PASSWORD}).raise_for_status()
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def url(self, api: str) -> str:
        """The address of one api."""
        return f"http://127.0.0.1:{self.ports[api]}"

    def door(self, name: str, path: str) -> httpx.Response:
        """What the door of a process answers."""
        return httpx.get(f"http://127.0.0.1:{self.doors[name]}{path}", trust_env=False, timeout=20)

    def log(self, name: str) -> str:
        """All that a process has written so far."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The same, line by line."""
        return [json.loads(line) for line in self.log(name).splitlines() if line.startswith("{")]

    def stop(self, name: str, *, patience: float = 60) -> int:
        """Tells a process to end, and gives its exit status."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(patience)

    def close(self) -> None:
        """Ends everything that was started here, by its own process id: all at once, since each takes seconds."""
        self.http.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            left = [process for process in self.processes.values() if process.poll() is None]
            for process in left:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
            for process in left:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(10)
