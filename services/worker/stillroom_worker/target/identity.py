"""Which server answers, and whether it takes changes: asked before anything of a job happens there.

An address may lead to another place than yesterday: a name was pointed elsewhere, a restored copy took the port, a
standby answers for its primary. Whoever migrates the wrong one learns it too late.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

import asyncpg

from stillroom_worker.failure import JobFailed

_SERVER = """
select current_setting('server_version') as version,
       current_database() as database,
       pg_is_in_recovery() as standby,
       current_setting('transaction_read_only')::bool as read_only
"""
# The same for a primary and its standbys, another one for every cluster that was made anew.
_SYSTEM = "select system_identifier::text from pg_control_system()"
_RECORDED = re.compile(r"(\d*)/(.*)")


@dataclass(frozen=True)
class Server:
    """What a server says of itself. `system` is empty where our user may not ask for it."""

    version: str
    system: str
    database: str
    standby: bool
    read_only: bool

    @property
    def identity(self) -> str:
        """The recorded form."""
        return f"{self.system}/{self.database}"


async def read_server(connection: "asyncpg.Connection") -> Server:
    """One look; in no transaction, so that a refusal of the second question costs nothing."""
    row = await connection.fetchrow(_SERVER)
    try:
        system = await connection.fetchval(_SYSTEM)
    except (asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedFunctionError):
        system = None  # some hosted services keep it to themselves
    return Server(row["version"], system or "", row["database"], row["standby"], row["read_only"])


def refuse_another(recorded: str | None, found: str) -> None:
    """Raises JobFailed where this is not the database that was read before; what nobody recorded is not compared."""
    before, now = _parts(recorded), _parts(found)
    if before is None or now is None:
        return
    systems_known = bool(before.system and now.system)
    if systems_known and before.system != now.system:
        raise _wrong(before.system, now.system)
    if before.database != now.database:
        raise _wrong(before.database, now.database)


def refuse_unwritable(server: Server) -> None:
    """Raises JobFailed where nothing can be changed."""
    if server.standby:
        raise JobFailed(
            "standby",
            "The server is a standby and takes no changes.",
            fix="Give the address of its primary, or start the job again when it has been promoted.",
        )
    if server.read_only:
        raise JobFailed(
            "read_only",
            "The database is read-only and takes no changes.",
            "default_transaction_read_only is on for this server, database or user.",
            "Somebody may have switched it on for a reason: ask, switch it off, and start the job again.",
        )


class _Recorded(NamedTuple):
    system: str
    database: str


def _parts(recorded: str | None) -> _Recorded | None:
    """None for what an older Stillroom wrote."""
    found = _RECORDED.fullmatch(recorded or "")
    return _Recorded(found[1], found[2]) if found else None


def _wrong(before: str, now: str) -> JobFailed:
    return JobFailed(
        "wrong_server",
        "Another server answers at this address.",
        f"It calls itself {now}; the one that was read before calls itself {before}.",
        "If the server was replaced on purpose, save the database's settings once more: it is then read anew. "
        "Else correct host, port and database.",
    )
