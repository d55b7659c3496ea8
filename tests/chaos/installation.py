"""A whole Stillroom whose parts can be killed, stopped and started again; metadata and target have servers each."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg

from chaos.disk import SmallDisk
from stillroom_cli.embedded import PostgresServer, start_postgres, start_valkey
from stillroom_cli.embedded.ports import any_free
from stillroom_testing.installations import application_url
from stillroom_testing.relay import Relay

ROOT = Path(__file__).resolve().parents[2]
EMAIL, PASSWORD = "ann@example.com", "correct horse battery"
LEASE_S = 3
# How fast a part starts is the machine's business; what is judged begins when all are there.
_START = 240
ORGANIZATION = "chaos"


def _numbered(name: str, number: int) -> str:
    return f"{name}_{number + 1}" if number else name


def until(condition: Callable[[], Any], what: str, *, patience: float = 60) -> Any:
    """Waits for a fact and gives it; raises TimeoutError that names it."""
    deadline = time.monotonic() + patience
    while True:
        with suppress(httpx.HTTPError, psycopg.OperationalError):
            if found := condition():
                return found
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)


class Installation:
    """Starts everything in a temporary folder; every part has a name under which faults find it."""

    def __init__(self, databases: int, *, replicas: int = 1) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="stillroom-chaos-"))
        self.folder.chmod(0o711)
        self.databases = [f"target_{number}" for number in range(databases)]
        self._secrets = {name: secrets.token_hex(8) for name in ("metadata", "target", "broker")}
        self.apis = [_numbered("api", number) for number in range(replicas)]
        self.workers = [_numbered("worker", number) for number in range(replicas)]
        self._ports = {name: any_free() for name in ("metadata", "target", "broker", *self.apis)}
        self._servers: dict[str, Any] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.disk: SmallDisk | None = None
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.cable = Relay(self._ports["target"])
        self.metadata_cable = Relay(self._ports["metadata"])
        self.broker_cable = Relay(self._ports["broker"])
        self.urls = [f"http://127.0.0.1:{self._ports[name]}" for name in self.apis]
        self.url = self.urls[0]
        # Seconds by which the hosts of worker and scheduler are wrong.
        self.clock = self.folder / "clock"
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30)

    def __enter__(self) -> Installation:
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends everything by its own process id."""
        for name in list(self._processes):
            self._end_group(name)
        for server in self._servers.values():
            server.stop()
        if self.disk is not None:
            self.disk.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- parts

    def start(self, name: str) -> None:
        """Starts a part that is not there."""
        match name:
            case "metadata" | "target":
                self._servers[name] = start_postgres(
                    self.folder / name, password=self._secrets[name], port=self._ports[name]
                )
            case "broker":
                self._servers[name] = start_valkey(
                    self.folder / name, password=self._secrets[name], port=self._ports[name]
                )
            case _ if name in self.apis:
                words = ("stillroom_api.main:create_app", "--factory", "--host", "127.0.0.1", "--port")
                self._spawn(name, "uvicorn", *words, str(self._ports[name]), "--log-level", "warning")
            case _ if name in self.workers:
                words = ("-A", "stillroom_worker.app", "worker", "--concurrency", "2", "--loglevel", "INFO")
                self._spawn(name, "celery", *words, "--hostname", f"{name}@%h")
            case "scheduler":
                self._spawn("scheduler", "stillroom_worker.scheduler")

    def kill(self, name: str) -> None:
        """kill -9, as a power cut or the kernel's memory killer would."""
        if name in self._servers:
            process = self._servers[name].process
            process.kill()
            process.wait()
        else:
            process = self._processes.pop(name)
            process.kill()
            process.wait()

    def restart(self, name: str) -> None:
        """What a supervisor of services does after a crash."""
        self.start(name)

    def forget_broker(self) -> None:
        """The broker comes back with nothing of what it held."""
        self.kill("broker")
        shutil.rmtree(self.folder / "broker")

    def pool(self) -> list[int]:
        """Process ids of the workers' pools: each supervises at most one job."""
        return [pid for name in self.workers for pid in _children(self._processes[name].pid)]

    def runners(self) -> list[int]:
        """Process ids of the tenants' interpreters that run now: whoever works in one of our checkouts."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with suppress(OSError):
                    if (entry / "cwd").readlink().is_relative_to(self.folder / "data"):
                        found.append(int(entry.name))
        return found

    def ready(self) -> None:
        """Waits until every part serves."""
        for url in self.urls:
            until(lambda url=url: self.http.get(f"{url}/readyz").is_success, "the api is ready", patience=_START)
        until(lambda: len(self.pool()) >= 2 * len(self.workers), "the workers have their pools", patience=_START)
        self.sign_in()

    # --- asking

    def sign_in(self) -> None:
        answer = self.http.post("/api/auth/sign-in", json={"email": EMAIL, "password": PASSWORD}).raise_for_status()
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path: str, **query: str) -> Any:
        return self.http.get(path, params=query).raise_for_status().json()

    def post(self, path: str, content: Any = None) -> Any:
        answer = self.http.post(path, json=content)
        assert answer.is_success, answer.text
        return answer.json()

    def metadata(self) -> psycopg.Connection[Any]:
        """A connection of the judge's own to our own database."""
        server: PostgresServer = self._servers["metadata"]
        return psycopg.connect(server.url(), autocommit=True)

    def target(self, database: str) -> psycopg.Connection[Any]:
        """A connection of the judge's own to a target, not through the cable."""
        server: PostgresServer = self._servers["target"]
        return psycopg.connect(server.url(database), autocommit=True)

    def isolation(self) -> str:
        """The levels at which jobs ran."""
        with self.metadata() as connection:
            rows = connection.execute("select distinct isolation from jobs where isolation is not null").fetchall()
        return ", ".join(sorted(level for (level,) in rows))

    def keep_evidence(self, name: str, jobs: list[dict[str, Any]]) -> Path:
        """Logs, and rows of the jobs and databases, as they are now; gives the folder."""
        folder = ROOT / ".stillroom" / "chaos" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for log in self.folder.glob("*.log"):
            shutil.copy(log, folder)
        with self.metadata() as connection:
            rows = connection.execute(
                "select row_to_json(j) from jobs j where id = any(%s::uuid[]) union all "
                "select row_to_json(d) from databases d union all "
                "select row_to_json(a) from pg_stat_activity a where datname is not null",
                [[job["id"] for job in jobs]],
            ).fetchall()
        (folder / "rows.json").write_text("\n".join(json.dumps(row) for (row,) in rows))
        return folder

    def on_cable(self, act: Callable[[], None]) -> None:
        """Does something with the cable in the loop that it lives in."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (act(), done.set()))
        done.wait(5)

    # --- building

    def _build(self) -> None:
        for name in ("metadata", "target", "broker"):
            self.start(name)
        for cable in (self.cable, self.metadata_cable, self.broker_cable):
            asyncio.run_coroutine_threadsafe(cable.__aenter__(), self._loop).result(10)
        data = self.folder / "data"
        data.mkdir()
        self.disk = SmallDisk.at(data)
        (self.folder / "hosts").mkdir()
        shutil.copy(Path(__file__).parent / "wrong_clock.py", self.folder / "hosts" / "sitecustomize.py")
        cache = ROOT / ".stillroom" / "test-worker"  # building a virtualenv takes seconds and depends on content alone
        cache.mkdir(parents=True, exist_ok=True)
        (data / "virtualenvs").symlink_to(cache)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("STILLROOM_")},
            "DATABASE_URL": application_url(self._servers["metadata"].url(), port=self.metadata_cable.port),
            "STILLROOM_OWNER_DATABASE_URL": self._servers["metadata"].url(),
            "REDIS_URL": self._servers["broker"]
            .url()
            .replace(f":{self._ports['broker']}", f":{self.broker_cable.port}"),
            "STILLROOM_SECRET_KEY": secrets.token_urlsafe(48),
            "STILLROOM_SEALING_KEYS": "chaos:" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "STILLROOM_DATA_DIR": str(data),
            "STILLROOM_PUBLIC_URL": self.url,
            "STILLROOM_DEVELOPMENT": "1",
            "STILLROOM_RATE_LIMITS": "0",  # what is measured is the service, by one caller
            "STILLROOM_SANDBOX": "bare",
            "STILLROOM_LEASE_S": str(LEASE_S),
        }
        self._run("alembic", "-c", "migrations/alembic.ini", "upgrade", "head")
        self._run("stillroom_core.bootstrap", given=json.dumps(self._first_data()))
        with self.target("postgres") as connection:
            for name in self.databases:
                connection.execute(f"create database {name} template template0")  # type: ignore[call-overload]
        for name in (*self.apis, *self.workers, "scheduler"):
            self.start(name)
        self.ready()

    def _first_data(self) -> dict[str, Any]:
        return {
            "administrator": {"email": EMAIL, "name": "Ann", "password": PASSWORD},
            "sample": {
                "organization": {"slug": ORGANIZATION, "name": "Chaos"},
                "project": {
                    "slug": "shop",
                    "name": "Shop",
                    "git_url": str(self.folder / "repository"),
                    "git_ref": "main",
                },
                "environments": [
                    {
                        "slug": "dev",
                        "name": "Dev",
                        "variables": [{"name": "DATABASE_URL", "value": "{{url:psycopg}}"}],
                        "databases": [
                            {
                                "name": name,
                                "host": "127.0.0.1",
                                "port": self.cable.port,
                                "database": name,
                                "username": "postgres",
                                "password": self._secrets["target"],
                                "sslmode": "disable",
                            }
                            for name in self.databases
                        ],
                    }
                ],
            },
        }

    def _run(self, module: str, *words: str, given: str = "") -> None:
        argv = [sys.executable, "-m", module, *words]
        done = subprocess.run(
            argv, cwd=ROOT, env=self.environment, input=given, text=True, check=False, capture_output=True
        )
        assert done.returncode == 0, done.stderr

    def _spawn(self, name: str, module: str, *words: str) -> None:
        environment = dict(self.environment)
        if name not in self.apis:
            given = environment.get("PYTHONPATH")
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(self.folder / "hosts"), given)))
            environment["CHAOS_CLOCK"] = str(self.clock)
        with (self.folder / f"{name}.log").open("ab") as log:
            argv = [sys.executable, "-m", module, *words]
            self._processes[name] = subprocess.Popen(
                argv, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def _end_group(self, name: str) -> None:
        """Also what a killed parent left, which is in the same session."""
        process = self._processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError, IndexError):
                # The name in parentheses may hold anything; the parent's id is the second field after it.
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                    found.append(int(entry.name))
    return sorted(found)
