"""Tiny real Alembic projects, real virtualenvs to run them in, and a way to run the hook as a worker does."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stillroom_runner import messages

HOOK = Path(messages.__file__).with_name("hook.py")
CACHE = Path(__file__).parents[3] / ".stillroom" / "test-venvs"

# ---- virtualenvs


def virtualenv(*packages: str) -> Path:
    """The python of a virtualenv with these packages, made once and kept between runs."""
    key = hashlib.sha256("\n".join((sys.version, *packages)).encode()).hexdigest()[:16]
    folder = CACHE / key
    python = folder / "bin" / "python"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
            assert uv is not None, "the tests make virtualenvs with uv"
            shutil.rmtree(folder, ignore_errors=True)
            environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
            for command in (
                [uv, "venv", "-q", "--python", sys.executable, str(folder)],
                [uv, "pip", "install", "-q", "--compile-bytecode", "--python", str(python), *packages],
            ):
                subprocess.run(command, check=True, env=environment, capture_output=True)
            (folder / "ready").write_text("\n".join(packages))
    return python


@pytest.fixture(scope="session")
def python() -> Path:
    """The newest of everything."""
    return virtualenv(
        "alembic==1.20.1",
        "sqlalchemy==2.1.9",
        "greenlet",
        "psycopg2-binary",
        "psycopg[binary]",
        "asyncpg",
        "pydantic-settings",
        "flask-migrate",
    )


@pytest.fixture(scope="session")
def make_virtualenv() -> Callable[..., Path]:
    return virtualenv


# ---- projects

LOGGING = """
[loggers]
keys = root,alembic
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = WARN
handlers = console
qualname =
[logger_alembic]
level = INFO
handlers =
qualname = alembic
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
format = %(levelname)-5.5s [%(name)s] %(message)s
"""

INI = (
    """
[alembic]
script_location = migrations
prepend_sys_path = .
sqlalchemy.url = driver://user:pass@localhost/dbname
"""
    + LOGGING
)

ENV = """
from logging.config import fileConfig
from sqlalchemy import engine_from_config, pool
from alembic import context

config = context.config
if config.config_file_name is not None:
    fileConfig(config.config_file_name)
target_metadata = None

def run_migrations_online():
    connectable = engine_from_config(
        config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.", poolclass=pool.NullPool
    )
    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()

run_migrations_online()
"""

ASYNC_ENV = """
import asyncio
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine
from alembic import context

def do_run_migrations(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def run_async_migrations():
    engine = create_async_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(do_run_migrations)
    await engine.dispose()

asyncio.run(run_async_migrations())
"""


@dataclass
class Project:
    """A folder that Alembic can run."""

    root: Path
    names: list[str] = field(default_factory=list)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path

    def revision(
        self,
        name: str,
        down: str | Sequence[str] | None,
        upgrade: str = "pass",
        downgrade: str = "pass",
        *,
        depends_on: str | None = None,
        labels: Sequence[str] | None = None,
        top: str = "",
        folder: str = "migrations/versions",
    ) -> Path:
        """Write a revision file; its upgrade() starts on line 12 plus the lines of `top`."""
        body = textwrap.indent(textwrap.dedent(upgrade).strip(), "    ")
        back = textwrap.indent(textwrap.dedent(downgrade).strip(), "    ")
        lines = (
            f'"""make {name}"""',
            "from alembic import op",
            "import sqlalchemy as sa",
            top,
            f"revision = {name!r}",
            f"down_revision = {(tuple(down) if isinstance(down, list) else down)!r}",
            f"branch_labels = {tuple(labels) if labels else None!r}",
            f"depends_on = {depends_on!r}",
            "",
            "",
            "def upgrade():",
            body,
            "",
            "",
            "def downgrade():",
            back,
            "",
        )
        path = self.root / folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines))
        return path

    def chain(self, count: int) -> None:
        """A linear history a1 … aN in which each revision makes a table."""
        before = None
        for number in range(1, count + 1):
            name = f"a{number}"
            self.revision(name, before, f'op.execute("CREATE TABLE t{number} (id int)")', f'op.drop_table("t{number}")')
            before = name


@pytest.fixture
def empty_project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    return Project(root)


@pytest.fixture
def project(empty_project: Project) -> Project:
    """alembic.ini, the template's env.py, no revisions yet."""
    empty_project.write("alembic.ini", INI)
    empty_project.write("migrations/env.py", ENV)
    (empty_project.root / "migrations" / "versions").mkdir()
    return empty_project


@pytest.fixture
def async_env() -> str:
    return ASYNC_ENV


# ---- runs


@dataclass
class Run:
    """What one run of the hook left behind."""

    events: list[Any]
    stdout: str
    stderr: str
    status: int

    def of(self, *types: str) -> list[Any]:
        return [event for event in self.events if event["type"] in types]

    def one(self, type_: str) -> Any:
        found = self.of(type_)
        assert len(found) == 1, (type_, found, self.stderr[-2000:])
        return found[0]

    @property
    def ok(self) -> bool:
        return bool(self.events and self.events[-1]["type"] == "done" and self.events[-1]["ok"])

    @property
    def error(self) -> Any:
        assert self.events[-1] == {"type": "done", "t": self.events[-1]["t"], "ok": False}, self.events[-3:]
        return self.one("error")

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    def expect_ok(self) -> Run:
        assert self.ok, (self.events[-4:], self.stderr[-3000:])
        assert self.status == 0
        return self


class Started:
    """A run that is still going on."""

    def __init__(self, process: subprocess.Popen[str], events: int, on_event: Callable[[Any, Started], None]) -> None:
        self.process = process
        self._events = events
        self._on_event = on_event
        self.seen: list[Any] = []
        self.bad: list[bytes] = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def _read(self) -> None:
        with os.fdopen(self._events, "rb") as stream:
            for line in stream:
                event = messages.parse(line)
                if event is None:
                    self.bad.append(line)
                    continue
                self.seen.append(event)
                self._on_event(event, self)

    def finish(self) -> Run:
        stdout, stderr = self.process.communicate(timeout=60)
        self._thread.join(60)
        assert self.bad == [], [messages.inspect(line) for line in self.bad]
        return Run(self.seen, stdout, stderr, self.process.returncode)


@dataclass
class Runner:
    """Runs the hook with a python in a project."""

    python: Path
    url: str | None = None

    def start(
        self,
        project: Project,
        kind: str,
        *,
        python: Path | None = None,
        env: dict[str, str] | None = None,
        url: str | None = None,
        on_event: Callable[[Any, Started], None] = lambda event, run: None,
        cwd: Path | None = None,
        raw: bytes | None = None,
        **request: Any,
    ) -> Started:
        url = url or self.url
        if url is not None and kind != "command":
            request.setdefault("ini_overrides", {}).setdefault("sqlalchemy.url", url)
        if kind in ("upgrade", "downgrade", "stamp"):
            request.setdefault("target", "head")
        body = raw if raw is not None else messages.build_request(job="job-1", kind=kind, **request)  # type: ignore[arg-type]
        asked, ask = os.pipe()
        listen, tell = os.pipe()
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(project.root),
            "PYTHONDONTWRITEBYTECODE": "1",
            **(env or {}),
        }
        process = subprocess.Popen(
            [str(python or self.python), str(HOOK), str(asked), str(tell)],
            cwd=cwd or project.root,
            env=environment,
            pass_fds=(asked, tell),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(asked)
        os.close(tell)
        started = Started(process, listen, on_event)
        with contextlib.suppress(BrokenPipeError):
            os.write(ask, body)
        os.close(ask)
        return started

    def run(self, project: Project, kind: str, **request: Any) -> Run:
        return self.start(project, kind, **request).finish()


@dataclass
class Database:
    """A fresh database, looked at from outside of the run."""

    address: Any

    def url(self, driver: str = "psycopg") -> str:
        return str(self.address.url_for(f"postgresql+{driver}"))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.address.url, autocommit=True) as connection:
            cursor = connection.execute(sql)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    @property
    def tables(self) -> set[str]:
        return {row[0] for row in self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}

    @property
    def heads(self) -> set[str]:
        if "alembic_version" not in self.tables:
            return set()
        return {row[0] for row in self.rows("SELECT version_num FROM alembic_version")}


@pytest.fixture
def new_database(postgres_server: Any) -> Iterator[Callable[[], Database]]:
    made: list[Any] = []

    def new() -> Database:
        made.append(postgres_server.new_database())
        return Database(made[-1])

    yield new
    for address in made:
        postgres_server.drop_database(address)


@pytest.fixture
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture
def runner(python: Path, database: Database) -> Runner:
    """Runs on a fresh database, given through sqlalchemy.url and psycopg."""
    return Runner(python, database.url())


@pytest.fixture
def bare_runner(python: Path) -> Runner:
    """Runs without any database."""
    return Runner(python)


@pytest.fixture
def as_request() -> Callable[..., bytes]:
    return lambda **fields: json.dumps(fields).encode()
