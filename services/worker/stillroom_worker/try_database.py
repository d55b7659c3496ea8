"""Tests the database of a project to be: signs in as ourselves, by the policy of addresses, and says what is there."""

from typing import Any
from uuid import UUID

import asyncpg

from stillroom_core.setups.models import Setup
from stillroom_core.setups.service import client_key_of_setup, password_of_setup
from stillroom_core.setups.tunnel import tunnel_key_of_setup
from stillroom_worker.addresses import allowed_addresses
from stillroom_worker.egress import Target, Tunnel
from stillroom_worker.errand import Errand, run_errand
from stillroom_worker.failure import JobFailed
from stillroom_worker.own_server import refuse_ours
from stillroom_worker.room import Room
from stillroom_worker.target import SESSION_BROKE, reach, read_truth
from stillroom_worker.target.identity import read_server

_RIGHTS = """
select current_user as username,
       r.rolsuper as superuser,
       has_database_privilege(current_database(), 'CREATE') as creates_schemas,
       coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) as creates_tables,
       current_schema() as schema,
       coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as encrypted,
       pg_database_size(current_database()) as size
from pg_roles r where r.rolname = current_user
"""
# What a migration may have to alter belongs to somebody else.
_OTHERS = """
select count(*) filter (where not pg_has_role(current_user, c.relowner, 'USAGE')) as foreign_tables,
       count(*) as tables,
       (array_agg(distinct pg_get_userbyid(c.relowner)) filter (
           where not pg_has_role(current_user, c.relowner, 'USAGE')))[1:5] as owners
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
  and n.nspname not like 'pg\\_toast%' and n.nspname not like 'pg\\_temp%'
"""
_EXTENSIONS = "select extname as name, extversion as version from pg_extension order by 1 limit 200"


_ERRAND = Errand(model=Setup, state="test_state", asked_at="test_requested_at", error="test_error")


async def try_database(room: Room, setup_id: UUID) -> None:
    """Tests once and stores what was found or why not; does nothing when nobody asked."""

    async def test(setup: Setup) -> dict[str, Any]:
        return {"server": await _report(room, setup)}

    await run_errand(room, _ERRAND, setup_id, test, Setup.database.is_not(None))


async def _report(room: Room, setup: Setup) -> dict[str, Any]:
    given = setup.database or {}
    target = Target(
        host=given["host"],
        port=given["port"],
        database=given["database"],
        user=given["username"],
        password=password_of_setup(setup),
        sslmode=given["sslmode"],
        ca_pem=given.get("ca_certificate"),
        client_pem=given.get("client_certificate"),
        client_key=client_key_of_setup(setup),
        tunnel=Tunnel.of(setup.tunnel, tunnel_key_of_setup(setup)),
    )
    allow = await allowed_addresses(room.settings, target)
    session, target = await reach(target, allow, name="stillroom:test")
    try:
        server = await read_server(session)
        await refuse_ours(room, target, server)
        rights = await session.fetchrow(_RIGHTS)
        tables = await session.fetchrow(_OTHERS)
        extensions = await session.fetch(_EXTENSIONS)
        truth = await read_truth(session, None, None)
    except SESSION_BROKE as cause:
        raise JobFailed(
            "read_failed",
            "The database answered, but its catalogue could not be read.",
            str(cause),
            "Check that the user may read pg_catalog; poolers that hide it cannot be used.",
        ) from None
    finally:
        session.terminate()
    return {
        "version": truth.server_version,
        "pooled": target.pooled,
        "standby": server.standby or server.read_only,
        "heads": truth.heads,
        "version_tables": truth.version_tables,
        **dict(_record(rights)),
        **dict(_record(tables)),
        "extensions": [dict(extension) for extension in extensions],
    }


def _record(row: "asyncpg.Record | None") -> dict[str, Any]:
    return dict(row) if row else {}
