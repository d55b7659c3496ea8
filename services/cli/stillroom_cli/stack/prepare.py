"""Between "PostgreSQL runs" and "the service may start": the database, our migrations, first data."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from stillroom_cli.embedded.processes import KILL, CannotStart, last_lines, start_guarded, stop
from stillroom_cli.stack.layout import Layout
from stillroom_cli.stack.sample import Server, prepare_sample
from stillroom_cli.stack.settings import StackSettings

NAME = "stillroom"


@dataclass(frozen=True)
class Metadata:
    """Our own database: the service's address, the owner's for migrations, and one that may make other databases."""

    url: str = field(repr=False)
    owner_url: str = field(repr=False)
    admin_url: str = field(repr=False)


def embedded_metadata(settings: StackSettings) -> Metadata:
    """Makes role and database on the embedded server if they are not there; takes a moment if they are."""
    root = quote(settings.kept["STILLROOM_POSTGRES_PASSWORD"], safe="")
    secret = settings.kept["STILLROOM_DATABASE_PASSWORD"]
    address = f"127.0.0.1:{settings.postgres_port}"
    admin_url = f"postgresql://postgres:{root}@{address}/postgres"
    make_own_database(admin_url, secret)
    owner_url = embedded_owner_url(settings)
    url = make_service_role(admin_url, owner_url, settings.kept["STILLROOM_SERVICE_PASSWORD"])
    return Metadata(url, owner_url, admin_url)


def embedded_owner_url(settings: StackSettings) -> str:
    """The owner's address of our own database on the embedded server."""
    return (
        f"postgresql://{NAME}:{settings.kept['STILLROOM_DATABASE_PASSWORD']}@127.0.0.1:{settings.postgres_port}/{NAME}"
    )


def embedded_redis_url(settings: StackSettings) -> str:
    """The address of the embedded broker."""
    return f"redis://:{settings.kept['STILLROOM_VALKEY_PASSWORD']}@127.0.0.1:{settings.valkey_port}/0"


def settled_urls(settings: StackSettings) -> tuple[str, str]:
    """The addresses of database and broker as a start left them; nothing is made or asked."""
    secret = settings.kept["STILLROOM_SERVICE_PASSWORD"]
    return (
        settings.database_url or service_url(embedded_owner_url(settings), secret),
        settings.redis_url or embedded_redis_url(settings),
    )


def make_own_database(admin_url: str, secret: str) -> None:
    """The database and the role that owns it, where they are not there yet."""
    name = sql.Identifier(NAME)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        _make_role(connection, NAME, secret)
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
            connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0} TEMPLATE template0").format(name))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))


def make_service_role(admin_url: str, owner_url: str, secret: str) -> str:
    """The role that the service signs in as: it owns nothing, so that row level security holds it; its address.

    Its rights it gets from the migrations.
    """
    url = service_url(owner_url, secret)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        role, database = unquote(urlsplit(url).username or ""), urlsplit(url).path.lstrip("/")
        _make_role(connection, role, secret)
        grant = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
        connection.execute(grant.format(sql.Identifier(database), sql.Identifier(role)))
    return url


def service_url(owner_url: str, secret: str) -> str:
    """The same database for the service's own role."""
    address = urlsplit(owner_url)
    host = address.netloc.rpartition("@")[2]
    role = f"{address.path.lstrip('/')[:55]}_service"
    return urlunsplit(address._replace(netloc=f"{quote(role, safe='')}:{quote(secret, safe='')}@{host}"))


def _make_role(connection: psycopg.Connection[Any], name: str, secret: str) -> None:
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
        create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
        connection.execute(create.format(sql.Identifier(name), sql.Literal(secret)))


def given_metadata(url: str, secret: str | None) -> Metadata:
    """Checks DATABASE_URL, and makes its database and, with `secret`, the service's own role where they are missing.

    Where the given role may not make another one, the service signs in with it too.
    """
    address = urlsplit(url)
    database = address.path.lstrip("/")
    plain = urlunsplit(address._replace(scheme="postgresql"))
    neighbour = urlunsplit(address._replace(scheme="postgresql", path="/postgres"))
    where = f"{address.hostname}:{address.port or 5432}"
    try:
        try:
            with psycopg.connect(plain, connect_timeout=10) as connection:
                version = connection.info.server_version
        except psycopg.OperationalError as failure:
            # libpq gives no SQLSTATE for a refused connection; this is the server's own sentence
            if f'database "{database}" does not exist' not in str(failure):
                raise
            with psycopg.connect(neighbour, connect_timeout=10, autocommit=True) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
                version = connection.info.server_version
    except psycopg.Error as failure:
        reason = str(failure).strip().splitlines()[-1]
        raise CannotStart(f"DATABASE_URL ({where}/{database}) cannot be used: {reason}") from None
    if version < 170000:
        raise CannotStart(f"DATABASE_URL is PostgreSQL {version // 10000}: Stillroom needs 17 or newer")
    return Metadata(_or_the_same(plain, secret), plain, neighbour)


def _or_the_same(owner_url: str, secret: str | None) -> str:
    if secret is None:
        return owner_url
    try:
        url = make_service_role(owner_url, owner_url, secret)
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.Error:
        return owner_url
    return url


def run_migrations(layout: Layout, env: Mapping[str, str], owner_url: str) -> None:
    """Brings our own schema to head, as the owner, whose address nothing else is told."""
    env = {**env, "STILLROOM_OWNER_DATABASE_URL": owner_url}
    argv = ["-m", "alembic", "-c", str(layout.root / "migrations" / "alembic.ini"), "upgrade", "head"]
    _run(layout, "migrations", argv, env)


def write_first_data(
    layout: Layout, settings: StackSettings, env: Mapping[str, str], sample: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The administrator and the sample, where they are not there yet; tells what was made."""
    content: dict[str, Any] = {
        "administrator": {
            "email": settings.admin_email,
            "name": "Administrator",
            "password": settings.admin_password,
        }
    }
    if sample is not None:
        content["sample"] = sample
    answer = _run(layout, "bootstrap", ["-m", "stillroom_core.bootstrap"], env, stdin=json.dumps(content).encode())
    made: dict[str, Any] = json.loads(answer.splitlines()[-1])
    return made


def try_sample(layout: Layout, admin_url: str) -> tuple[dict[str, Any] | None, str]:
    """The sample's first data, or None and the reason why there is no sample."""
    address = urlsplit(admin_url)
    server = Server(address.hostname or "127.0.0.1", address.port or 5432, admin_url)
    try:
        return prepare_sample(layout, server), ""
    except psycopg.errors.InsufficientPrivilege:
        return None, "the role of DATABASE_URL may not make databases and roles"
    except psycopg.Error as failure:
        return None, str(failure).strip().splitlines()[0]
    except subprocess.CalledProcessError as failure:
        return None, f"git: {(failure.stderr or b'').decode(errors='replace').strip()[-200:]}"


def _run(layout: Layout, name: str, arguments: list[str], env: Mapping[str, str], stdin: bytes | None = None) -> str:
    """Runs one of our programs to its end; returns what it printed."""
    log = layout.logs / f"{name}.log"
    log.unlink(missing_ok=True)
    process = start_guarded(
        [sys.executable, *arguments],
        env=env,
        cwd=layout.root,
        log=log,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
    )
    try:
        process.communicate(stdin, timeout=600)
    except BaseException:
        stop(process, (KILL,))
        raise
    if process.returncode != 0:
        raise CannotStart(f"{name} failed: {last_lines(log, 1)} (log: {log})")
    return log.read_text()
