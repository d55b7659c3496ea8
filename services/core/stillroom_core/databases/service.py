"""Making, changing and reading databases."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func

from stillroom_core.actors.actor import Actor
from stillroom_core.database import Session
from stillroom_core.databases.client_certificate import take_client_certificate
from stillroom_core.databases.models import Database
from stillroom_core.databases.own_servers import is_own
from stillroom_core.databases.repository import DatabaseRepository
from stillroom_core.environments.models import Environment
from stillroom_core.errors import Conflict, Invalid, not_found
from stillroom_core.jobs.queue import READ_DATABASE, Ring, ring_after_commit
from stillroom_core.jobs.repository import JobRepository
from stillroom_core.keys import new_key
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.projects.service import as_key
from stillroom_core.sealing import Address, seal, unseal
from stillroom_core.settings import get_settings
from stillroom_core.tables import now

_HOST = re.compile(r"^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,45})$")
_USUAL_PORT = 5432
_CERTIFICATE = frozenset({"client_certificate", "client_key"})
_CONNECTION = _CERTIFICATE | {"host", "port", "database", "username", "password", "sslmode", "ca_certificate"}


async def find_database(session: Session, actor: Actor, environment: Environment, name: str | None) -> Database:
    """A database by name or id, or the only one of its environment; raises NotFound or Invalid."""
    repository = DatabaseRepository(session, actor.organization_id)
    if name is None:
        return _only(environment, list(await repository.listing(environment.id)))
    key = as_key(name)
    found = await (repository.by_id(key) if key else repository.by_name(environment.id, name))
    if found is None or found.environment_id != environment.id:
        raise not_found("database")
    return found


async def create_database(
    session: Session, actor: Actor, environment: Environment, content: Mapping[str, Any]
) -> Database:
    """Adds a database and asks for its first reading; raises Conflict when the name is taken."""
    repository = DatabaseRepository(session, actor.organization_id)
    if await repository.by_name(environment.id, content["name"]):
        raise Conflict(
            "name_taken",
            f"This environment has a database {content['name']} already.",
            fix="Choose another name.",
            fields={"name": "taken"},
        )
    database = Database(id=new_key(), project_id=environment.project_id, environment_id=environment.id)
    repository.add(database)
    await _apply(database, content, environment)
    await session.flush()
    request_reading(session, database)
    return database


async def update_database(session: Session, database: Database, changes: Mapping[str, Any]) -> Database:
    """Changes what was given; another place is read anew, and nothing known of the former one is kept."""
    await _apply(database, changes, await session.get_one(Environment, database.environment_id))
    _tell(session, database)
    if _CONNECTION & changes.keys():
        database.heads = None
        database.heads_read_at = None
        database.server_identity = None
        database.version_tables = None
        request_reading(session, database)
    await session.flush()
    return database


async def delete_database(session: Session, actor: Actor, database: Database) -> None:
    """Removes the database from Stillroom; the place itself is not touched."""
    await JobRepository(session, actor.organization_id).refuse_while_running(database=database.id)
    await DatabaseRepository(session, actor.organization_id).delete(database)
    _tell(session, database)


def request_reading(session: Session, database: Database) -> None:
    """Asks the workers to read version and heads; asking twice reads once."""
    if database.read_state != "running":
        database.read_state = "waiting"
    database.read_requested_at = func.clock_timestamp()
    ring_after_commit(session, Ring(READ_DATABASE, database.id))
    _tell(session, database)


def password_of(database: Database) -> str:
    """The password in clear, for the worker's own connections; never for the API."""
    if database.password_sealed is None:
        return ""
    return unseal(password_address(database), database.password_sealed)


def _tell(session: Session, database: Database) -> None:
    notice_after_commit(session, database.organization_id, database.project_id, About.DATABASES)


async def _apply(database: Database, changes: Mapping[str, Any], environment: Environment) -> None:
    if {"host", "port", "database"} & changes.keys():
        place = {name: changes.get(name, getattr(database, name)) for name in ("host", "port", "database")}
        port, tunnelled = place["port"] or _USUAL_PORT, environment.tunnel is not None
        await check_place(place["host"], port, place["database"], tunnelled=tunnelled)
    for name, value in changes.items():
        if name == "password":
            database.password_sealed = seal(password_address(database), value) if value else None
            database.password_set_at = now() if value else None
        elif name not in _CERTIFICATE:
            setattr(database, name, value)
    take_client_certificate(database, changes)


async def check_place(host: str, port: int, database: str, *, tunnelled: bool = False) -> None:
    """Raises Invalid unless this is one host name or address that may be tried, and none of our own servers.

    Sockets, lists of hosts and, outside development, this machine are refused here; what a name resolves
    to is judged by the worker at the moment of connecting, because only that answer counts. One sentence for every
    refusal: it must not tell where our servers stand. A name that is `tunnelled` is no name of ours: an SSH server
    looks it up, to which localhost is itself.
    """
    if not _HOST.match(host):
        raise Invalid(
            "bad_host",
            "The host is not one host name or address.",
            fix="Enter one name such as db.example.com, without port, path, comma or query.",
            fields={"host": "not a host name"},
        )
    if tunnelled:
        return
    settings = get_settings()
    if (not settings.development and _is_local(host)) or await is_own(settings, host, port, database):
        raise Invalid(
            "host_refused",
            "This host is not reachable from here.",
            fix="Enter the address under which the database is reachable from outside its own machine.",
            fields={"host": "refused"},
        )


def _is_local(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower().rstrip(".") == "localhost" or host.lower().endswith(".localhost")
    return address.is_loopback or address.is_unspecified or address.is_link_local


def _only(environment: Environment, databases: list[Database]) -> Database:
    if len(databases) == 1:
        return databases[0]
    if not databases:
        raise Invalid(
            "no_database",
            f"The environment {environment.name} has no database yet.",
            fix="Add one in the project's settings.",
        )
    raise Invalid(
        "several_databases",
        f"The environment {environment.name} has {len(databases)} databases.",
        detail=f"Which one is meant: {', '.join(database.name for database in databases)}",
        fix="Name one with the parameter database.",
        fields={"database": "required here"},
    )


def password_address(database: Database) -> Address:
    """What the sealed password is bound to."""
    return Address(database.organization_id, database.id, "password")
