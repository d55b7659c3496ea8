"""A whole Stillroom of its own: durable PostgreSQL and Valkey, api, one worker, scheduler, reader; real processes."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from stillroom_cli.embedded import PostgresServer, start_postgres, start_valkey
from stillroom_cli.embedded.ports import any_free
from stillroom_testing.installations import application_url

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / ".stillroom" / "bench"
EMAIL, PASSWORD = "ann@example.com", "correct horse battery"


@dataclass
class Stack:
    """What runs, and a signed-in client."""

    postgres: PostgresServer
    url: str
    environment: dict[str, str]
    processes: dict[str, int]
    # Ends the workers and starts so many (one without a number), each with so many slots; 0 slots start none.
    run_worker: Callable[..., None]
    # Starts one more api, with these settings besides, and gives its address; it ends with the stack.
    one_more_api: Callable[..., str]
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=60)

    @property
    def token(self) -> str:
        return str(self.http.headers["Authorization"]).partition(" ")[2]

    def sign_in(self) -> None:
        answer = self.http.post("/api/auth/sign-in", json={"email": EMAIL, "password": PASSWORD}).raise_for_status()
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path: str, **query: str) -> Any:
        return self.http.get(path, params=query).raise_for_status().json()

    def post(self, path: str, content: Any = None) -> Any:
        answer = self.http.post(path, json=content)
        assert answer.is_success, answer.text
        return answer.json()

    def new_database(self) -> str:
        """An empty database; gives its name."""
        name = f"bench_{secrets.token_hex(4)}"
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            connection.execute(f"create database {name} template template0")  # type: ignore[arg-type]
        return name

    def empty(self, database: str) -> None:
        """Forgets everything in the database."""
        with psycopg.connect(self.postgres.url(database), autocommit=True) as connection:
            connection.execute("drop schema public cascade")
            connection.execute("create schema public")

    def add_project(self, slug: str, repository: Path, database: str | None = None) -> float:
        """A project with one environment, fetched; gives the seconds from the request to the graph."""
        began = time.monotonic()
        project = {"slug": slug, "name": slug, "git_url": str(repository), "git_ref": "main"}
        self.post("/api/orgs/bench/projects", project)
        path = f"/api/orgs/bench/projects/{slug}"
        until(lambda: self._fetched(path), every=0.01)
        seconds = time.monotonic() - began
        assert self.get(path)["fetch"]["error"] is None, self.get(path)["fetch"]["error"]
        if database is not None:
            variables = [{"name": "DATABASE_URL", "value": "{{url:psycopg}}", "secret": False}]
            self.post(f"{path}/environments", {"slug": "dev", "name": "Dev", "variables": variables})
            row = {"name": "main", "host": self.postgres.host, "port": self.postgres.port, "database": database}
            row |= {"username": self.postgres.user, "password": self.environment["BENCH_PASSWORD"]}
            self.post(f"{path}/environments/dev/databases", {**row, "sslmode": "disable"})
        return seconds

    def _fetched(self, path: str) -> bool:
        project = self.get(path)
        return project["commit"] is not None or project["fetch"]["state"] == "failed"

    def read(self, slug: str) -> None:
        """Lets the worker read the database, so that our row knows that it is empty again."""
        base = f"/api/orgs/bench/projects/{slug}/environments"

        def row() -> Any:
            [environment] = self.get(base)["items"]
            return environment["databases"][0]

        key = row()["id"]
        self.post(f"{base}/dev/databases/{key}/read")
        until(lambda: row()["read"]["state"] in ("idle", "failed"), every=0.02)


def until(condition: Callable[[], bool], *, every: float, patience: float = 180) -> None:
    """Waits for something that a process of ours does."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen in time")
        time.sleep(every)


@contextmanager
def stack() -> Iterator[Stack]:
    """Starts everything; ends it, and forgets all but the virtualenvs."""
    data = DATA / "data"
    data.mkdir(parents=True, exist_ok=True)
    for name in ("mirrors", "checkouts", "jobs"):
        shutil.rmtree(data / name, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="stillroom-bench-"))
    folder.chmod(0o711)
    password = secrets.token_hex(8)
    # What a page asks of a database is counted by the server itself.
    counting = {"shared_preload_libraries": "pg_stat_statements"}
    postgres = start_postgres(folder / "postgres", password=password, settings=counting)
    valkey = start_valkey(folder / "valkey", password=secrets.token_hex(8))
    port, reader = any_free(), any_free()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("STILLROOM_")},
        "DATABASE_URL": application_url(postgres.url()),
        "STILLROOM_OWNER_DATABASE_URL": postgres.url(),
        "REDIS_URL": valkey.url(),
        "STILLROOM_SECRET_KEY": secrets.token_urlsafe(48),
        "STILLROOM_SEALING_KEYS": "bench:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "STILLROOM_DATA_DIR": str(data),
        "STILLROOM_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "STILLROOM_READER_URL": f"http://127.0.0.1:{reader}",
        "STILLROOM_READER_BIND": f"127.0.0.1:{reader}",
        "STILLROOM_DEVELOPMENT": "1",
        "STILLROOM_RATE_LIMITS": "0",  # what is measured is the service, by one caller
        "STILLROOM_WEB_DIR": str(ROOT / "web" / "dist"),
        "BENCH_PASSWORD": password,
        "STILLROOM_SANDBOX": "bare",
    }
    started: dict[str, subprocess.Popen[bytes]] = {}
    processes: dict[str, int] = {}

    def run(module: str, *words: str, given: str = "") -> None:
        argv = [sys.executable, "-m", module, *words]
        subprocess.run(argv, cwd=ROOT, env=environment, input=given, text=True, check=True, capture_output=True)

    def start(name: str, module: str, *words: str, **settings: str) -> None:
        with (folder / f"{name}.log").open("wb") as log:
            argv = [sys.executable, "-m", module, *words]
            given = {**environment, **settings}
            started[name] = subprocess.Popen(argv, cwd=ROOT, env=given, stdout=log, stderr=log)
            processes[name] = started[name].pid

    def run_worker(slots: int, workers: int = 1) -> None:
        former = [started.pop(name) for name in list(started) if name.startswith("worker")]
        for process in former:
            process.terminate()
        for process in former:
            process.wait(60)
        names = ["worker", *(f"worker-{number}" for number in range(2, workers + 1))] if slots else []
        for name in names:
            words = ("worker", "--concurrency", str(slots), "--loglevel", "INFO", "--hostname", f"{name}@%h")
            start(name, "celery", "-A", "stillroom_worker.app", *words)
        for name in names:
            until(lambda name=name: b"ready." in (folder / f"{name}.log").read_bytes(), every=0.1)

    def serve(name: str, port: int, **settings: str) -> str:
        words = ("stillroom_api.main:create_app", "--factory", "--host", "127.0.0.1", "--port", str(port))
        start(name, "uvicorn", *words, "--log-level", "warning", **settings)
        return f"http://127.0.0.1:{port}"

    def one_more_api(**settings: str) -> str:
        url = serve(f"api-{len(started)}", any_free(), **settings)
        until(lambda: _answers(httpx.Client(base_url=url, trust_env=False)), every=0.1)
        return url

    try:
        run("alembic", "-c", "migrations/alembic.ini", "upgrade", "head")
        run("stillroom_core.bootstrap", given=json.dumps(_first_data()))
        url = serve("api", port)
        start("scheduler", "stillroom_worker.scheduler")
        start("reader", "stillroom_worker.reader")
        run_worker(2)
        processes |= {"postgres": postgres.process.pid, "valkey": valkey.process.pid}
        made = Stack(postgres, url, environment, processes, run_worker, one_more_api)
        until(lambda: _answers(made.http), every=0.1)
        made.sign_in()
        yield made
    finally:
        for process in reversed(started.values()):
            process.terminate()
        for process in started.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        valkey.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/readyz").is_success
    except httpx.HTTPError:
        return False


def _first_data() -> dict[str, Any]:
    return {
        "administrator": {"email": EMAIL, "name": "Ann", "password": PASSWORD},
        "sample": {
            "organization": {"slug": "bench", "name": "Bench"},
            "project": {"slug": "none", "name": "None", "git_url": "https://example.com/none.git", "git_ref": "main"},
            "environments": [],
        },
    }
