"""Puts one runner process together: what it is told, what it may see, how long and how large it may be."""

import asyncio
import re
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import stillroom_runner
from stillroom_core.databases.client_certificate import client_key_of
from stillroom_core.databases.models import Database
from stillroom_core.databases.service import password_of
from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import RunSettings
from stillroom_core.environments.templates import Connection, render, render_attribute
from stillroom_core.environments.tunnel import tunnel_key_of
from stillroom_core.projects.models import Project
from stillroom_runner.messages import Kind, NewRevision, build_request
from stillroom_worker.addresses import allowed_addresses
from stillroom_worker.code import Code
from stillroom_worker.egress import DatabaseProxy, Target, Tunnel
from stillroom_worker.room import Room
from stillroom_worker.sandbox import Cell, Limits, Prisoner, address, start
from stillroom_worker.virtualenv import Virtualenv

HOOK = Path(stillroom_runner.__file__).with_name("hook.py")
_INI_DRIVER = re.compile(r"^\s*sqlalchemy\.url\s*=\s*postgresql\+(\w+):", re.MULTILINE)
_PREFERRED = ("psycopg2", "psycopg", "pg8000", "asyncpg")
_MIB = 1024 * 1024
# Sixteen well-known projects peaked at 293 MiB; virtual memory runs far ahead of that where numpy is imported.
LIMITS = Limits(
    memory_bytes=4096 * _MIB,
    processes=512,
    file_bytes=1024 * _MIB,
    cpu_seconds=6 * 3600,
    open_files=1024,
    tmp_bytes=256 * _MIB,
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One call of the runner."""

    job: str
    kind: Kind
    target: str | None = None
    expected: Sequence[str] | None = None
    purge: bool = False
    command: Sequence[str] | None = None
    revision: NewRevision | None = None
    timeouts: bool = True


def target_of(database: Database, environment: Environment) -> Target:
    """How to sign in to a database, secrets included; for connections of our own and the job's proxy."""
    return Target(
        host=database.host,
        port=database.port,
        database=database.database,
        user=database.username,
        password=password_of(database),
        sslmode=database.sslmode,  # type: ignore[arg-type]  # a check constraint holds it to the five
        ca_pem=database.ca_certificate,
        client_pem=database.client_certificate,
        client_key=client_key_of(database),
        tunnel=Tunnel.of(environment.tunnel, tunnel_key_of(environment)),
    )


@asynccontextmanager
async def proxy_for(
    room: Room, target: Target, folder: Path, token: str, *, name: str, in_touch: Callable[[], bool]
) -> AsyncIterator[DatabaseProxy]:
    """The job's only way to its database, open while the block runs and its claim is in touch.

    Where the target was reached before, it leads to the very address that was recognised then.
    """
    await asyncio.to_thread(folder.mkdir, mode=0o755, parents=True, exist_ok=True)
    async with DatabaseProxy(
        target,
        folder,
        token,
        tcp=True,
        allow=await allowed_addresses(room.settings, target),
        cleartext_allowed=room.settings.development,
        in_touch=in_touch,
        session_name=name,
    ) as proxy:
        yield proxy


def new_token() -> str:
    """The password that the job is told: worth nothing but at its own proxy, harmless in any URL."""
    return secrets.token_hex(16)


async def start_run(
    room: Room,
    run: Run,
    *,
    project: Project,
    environment: Environment | None,
    settings: RunSettings,
    code: Code,
    virtualenv: Virtualenv,
    database: Database | None,
    proxy: DatabaseProxy | None,
    token: str,
) -> Prisoner:
    """Starts the runner for a project; without a database (to read a graph) every template is empty."""
    connection = _connection(room, database, proxy, token)
    request = _request(run, project, environment, connection, _driver(code, project, virtualenv))
    cell = Cell(
        argv=(str(virtualenv.python), str(HOOK)),
        env=_environment(settings, connection, virtualenv, code),
        cwd=code.working,
        read_only=(code.export, virtualenv.path, HOOK.parent),
        interpreters=(virtualenv.base,),
        files={path: render(text, connection).encode() for path, text in settings.files.items()},
        database_socket=proxy.socket_dir if proxy else None,
        database_port=proxy.port if proxy else 0,
        request=request,
        limits=LIMITS,
    )
    return await start(cell, room.isolation())


def _connection(room: Room, database: Database | None, proxy: DatabaseProxy | None, token: str) -> Connection:
    if database is None or proxy is None:
        return Connection("127.0.0.1", 5432, "nobody", "none", "none")
    endpoint = address(room.isolation(), database_port=proxy.port, database_socket=proxy.socket_dir)
    return Connection(
        endpoint.host, endpoint.port, database.username, token, database.database, str(endpoint.socket_dir or "")
    )


def _environment(settings: RunSettings, connection: Connection, virtualenv: Virtualenv, code: Code) -> dict[str, str]:
    """Nothing of ours: a bare shell's variables, libpq's own, and what the environment's settings say.

    libpq's variables let psql-like tools and URL-less connections find the one database there is.
    """
    given = {name: render(text, connection) for name, text in settings.variables.items()}
    return {
        "PATH": f"{virtualenv.path / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": str(virtualenv.path),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **_import_path(code.working),
        "PGHOST": connection.host,
        "PGPORT": str(connection.port),
        "PGUSER": connection.user,
        "PGPASSWORD": connection.password,
        "PGDATABASE": connection.database,
        # Code that says nothing about TLS need not pay for it here; code that insists gets it.
        "PGSSLMODE": "disable",
        **given,
    }


def _import_path(working: Path) -> dict[str, str]:
    """The project's folder, unless something in it would hide a module of the standard library (`logging/`)."""
    names = {entry.stem if entry.suffix == ".py" else entry.name for entry in working.iterdir()}
    return {} if names & sys.stdlib_module_names else {"PYTHONPATH": str(working)}


def _driver(code: Code, project: Project, virtualenv: Virtualenv) -> str | None:
    """The driver for a plain `sqlalchemy.url`: the one that the project's own ini names, else one that is installed."""
    try:
        text = (code.working / (project.config_file or "alembic.ini")).read_text(errors="replace")
    except OSError:
        text = ""
    named = _INI_DRIVER.search(text)
    if named and named.group(1) in virtualenv.drivers:
        return named.group(1)
    return next((driver for driver in _PREFERRED if driver in virtualenv.drivers), None)


def _request(
    run: Run, project: Project, environment: Environment | None, connection: Connection, driver: str | None
) -> bytes:
    def filled(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        return {entry["name"]: render(entry["value"], connection) for entry in entries}

    timeouts = environment is not None and run.timeouts
    return build_request(
        job=run.job,
        kind=run.kind,
        target=run.target,
        # A stamp runs nothing: what it writes is compared afterwards.
        purge=run.purge,
        expected=run.expected if run.kind in ("upgrade", "downgrade") else None,
        config_file=project.config_file,
        section=project.config_section,
        # A project that reads its URL from the ini needs no setting at all; one that does not is not disturbed.
        ini_overrides={
            "sqlalchemy.url": connection.url(driver),
            **(filled(environment.ini_overrides) if environment else {}),
        },
        x=[render(argument, connection) for argument in environment.x_arguments] if environment else (),
        attributes=_attributes(run, environment, connection) if environment else {},
        command=[render(word, connection) for word in run.command] if run.command else None,
        revision=run.revision,
        application_name=application_name(run.job),
        lock_timeout_ms=environment.lock_timeout_ms if environment and timeouts else None,
        statement_timeout_ms=environment.statement_timeout_ms if environment and timeouts else None,
        idle_timeout_ms=environment.idle_timeout_s * 1000 if environment and timeouts else None,
        transaction_per_migration=environment.transaction_per_migration if environment else None,
    )


def _attributes(run: Run, environment: Environment, connection: Connection) -> dict[str, Any]:
    given = {entry["name"]: render_attribute(entry["value"], connection) for entry in environment.attributes}
    if run.kind == "graph":  # asked for its files only: there is no database to open
        return {name: value for name, value in given.items() if isinstance(value, str)}
    return given


def application_name(job: str) -> str:
    """By this name pg_stat_activity tells whose session it is (63 bytes at most)."""
    return f"stillroom:{job}"
