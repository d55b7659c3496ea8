"""The whole service as processes of its own, watched from outside while tenants' code runs in it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from stillroom_cli.embedded.ports import any_free

ROOT = Path(__file__).resolve().parents[2]
EMAIL, PASSWORD = "ann@example.com", "correct horse battery"
# Started with the interpreter of the api and of the scheduler: notes whenever one of them starts a program.
_AUDIT = """
import os, sys
def note(event, arguments):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.fork", "os.forkpty"):
        with open(os.environ["NOTE_PROGRAMS"], "a") as file:
            file.write(f"{event} {arguments!r}\\n")
sys.addaudithook(note)
"""


def until(condition: Callable[[], Any], what: str, *, patience: float = 120) -> Any:
    """Waits for a fact and gives it; raises TimeoutError that names it."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.1)
    return found


class Whole:
    """Api, worker and scheduler with these settings; logs in `folder`."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.port = int(environment["STILLROOM_PUBLIC_URL"].rpartition(":")[2])
        self.programs = folder / "programs"
        self.programs.touch()
        audit = folder / "audit"
        audit.mkdir()
        (audit / "sitecustomize.py").write_text(_AUDIT)
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("STILLROOM_")},
            **environment,
        }
        self._watched = {**self._environment, "PYTHONPATH": str(audit), "NOTE_PROGRAMS": str(self.programs)}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=60)

    def start(self) -> None:
        """Starts all three, and signs in."""
        words = ("stillroom_api.main:create_app", "--factory", "--host", "127.0.0.1", "--port", str(self.port))
        self._spawn("api", self._watched, "uvicorn", *words, "--log-level", "info")
        self._spawn("scheduler", self._watched, "stillroom_worker.scheduler")
        until(self._serves, "the api serves")
        answer = self.http.post("/api/auth/sign-in", json={"email": EMAIL, "password": PASSWORD}).raise_for_status()
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def start_worker(self, level: str) -> None:
        """Starts a worker that proves just this level; one that ran before ends first."""
        self.stop("worker")
        environment = {**self._environment, "STILLROOM_SANDBOX": level}
        if level == "landlock":
            environment["PATH"] = _without_bubblewrap(self.folder)
        self._spawn("worker", environment, "celery", "-A", "stillroom_worker.app", "worker", "--concurrency", "1")
        until(lambda: self.http.get("/readyz").json()["workers"].get(level), f"a worker lives at {level}")

    def log(self, name: str) -> str:
        """All that a process has written so far."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def stop(self, name: str) -> None:
        """Ends one process and what it started."""
        process = self.processes.pop(name, None)
        if process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
                return

    def close(self) -> None:
        self.http.close()
        for name in list(self.processes):
            self.stop(name)

    def _serves(self) -> bool:
        assert self.processes["api"].poll() is None, self.log("api")
        with suppress(httpx.HTTPError):
            return self.http.get("/readyz").is_success
        return False

    def _spawn(self, name: str, environment: dict[str, str], module: str, *words: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *words],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def _without_bubblewrap(folder: Path) -> str:
    """A PATH on which every program of this one stands but bwrap."""
    made = folder / "programs-without-bwrap"
    if not made.exists():
        made.mkdir()
        for place in os.environ["PATH"].split(os.pathsep):
            for program in Path(place).iterdir() if Path(place).is_dir() else ():
                if program.name != "bwrap" and not (made / program.name).is_symlink():
                    (made / program.name).symlink_to(program)
    return str(made)


class ProcessWatch:
    """Notes the command line of every process of this machine while the block runs, and keys that ssh was given."""

    def __init__(self) -> None:
        self.words: set[str] = set()
        self.keys: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> ProcessWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            for entry in Path("/proc").iterdir():
                if entry.name.isdecimal():
                    with suppress(OSError):
                        words = (entry / "cmdline").read_bytes().decode(errors="replace")
                        self.words.add(words)
                        if met := re.search(r"-i[\0 ]([^\0 ]+/key)", words):
                            self.keys.add(Path(met[1]).read_text())


def free_port() -> int:
    return any_free()


def copy_project(to: Path) -> Path:
    """The hostile project as a repository that can be committed to."""
    shutil.copytree(Path(__file__).parent / "project", to, ignore=shutil.ignore_patterns("__pycache__"))
    return to
