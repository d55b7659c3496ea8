"""Which organization a transaction sees: row level security, and the few doors through it.

A repository filters by its organization. Should one ever forget to, PostgreSQL filters all the same: every
table with an organization has a policy that compares it with `app.organization_id` of the transaction, and
without that no row is visible. Workers and the look-up of who somebody is must see all organizations: they say
so by `app.everything`. Both settings are local to the transaction, so no connection carries them on.

It guards against a forgotten filter, not against whoever can send SQL of their own. PostgreSQL exempts
superusers and roles with BYPASSRLS, which is why the service signs in as a role that is neither.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session as SyncSession
from sqlalchemy.orm import SessionTransaction

_SCOPE = "stillroom_scope"
ACTING = "stillroom_acting"  # in a session's info: who acts in it, for the audit log
EVERYTHING = "everything"

# Of every transaction of a session, where there is something to say. $1: the organization; $2: on for all.
_SET = "select set_config('app.organization_id', $1, true), set_config('app.everything', $2, true)"


class ScopedSession(SyncSession):
    """A session whose transactions begin with its scope."""


@event.listens_for(ScopedSession, "after_begin")
def _begin(session: SyncSession, transaction: SessionTransaction, connection: Connection) -> None:
    scope = session.info.get(_SCOPE)
    if scope is not None and not transaction.nested:
        connection.exec_driver_sql(_SET, _values(scope))


def scoped(scope: UUID | str | None) -> dict[str, Any]:
    """The `info` of a new session that sees one organization, everything, or nothing of any."""
    return {_SCOPE: scope}


def same_view(session: AsyncSession) -> dict[str, Any]:
    """The `info` of another session that sees now what this one sees, for the same actor."""
    return {name: session.info.get(name) for name in (_SCOPE, ACTING) if name in session.info}


async def narrow(session: AsyncSession, organization_id: UUID) -> None:
    """From here on the transaction sees this organization alone."""
    await _change(session, organization_id)


@asynccontextmanager
async def everything(session: AsyncSession) -> AsyncIterator[None]:
    """The door: within it the session sees every organization, to find out whom and what a request is about.

    Whoever narrows the session within it has left by another door, and nothing is closed behind them. After an error
    of PostgreSQL there is nothing to close either: that transaction answers nothing any more.
    """
    before = session.info.get(_SCOPE)
    if before == EVERYTHING:
        yield
        return
    await _change(session, EVERYTHING)
    try:
        yield
    except DBAPIError:
        if session.info.get(_SCOPE) == EVERYTHING:
            session.info[_SCOPE] = before
        raise
    finally:
        if session.info.get(_SCOPE) == EVERYTHING:
            await _change(session, before)


async def _change(session: AsyncSession, scope: UUID | str | None) -> None:
    session.info[_SCOPE] = scope
    if session.in_transaction():
        connection = await session.connection()
        await connection.exec_driver_sql(_SET, _values(scope))


def _values(scope: UUID | str | None) -> tuple[str, str]:
    return ("", "on") if scope == EVERYTHING else (str(scope or ""), "")


# Run after every migration, so that a new table cannot be forgotten; what is in order stays untouched. Tables of
# tenants are those with a column organization_id, and the organizations themselves. NULLIF: on a connection that
# had the setting before, it is empty and not null.
GUARD = """
do $guard$
declare
    owned record;
    own text;
begin
    for owned in
        select c.oid, c.relname, c.relrowsecurity and c.relforcerowsecurity as forced, exists (
            select from pg_policy p where p.polrelid = c.oid and p.polname = 'organization'
        ) as guarded,
        case c.relname when 'organizations' then 'id' else 'organization_id' end as key
        from pg_class c
        where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and exists (
            select from pg_attribute a where a.attrelid = c.oid and not a.attisdropped
            and a.attname = case c.relname when 'organizations' then 'id' else 'organization_id' end
        )
    loop
        if not owned.forced then
            execute format('alter table %I enable row level security', owned.relname);
            execute format('alter table %I force row level security', owned.relname);
        end if;
        if not owned.guarded then
            own := format(
                '%I = (select nullif(current_setting(''app.organization_id'', true), '''')::uuid) '
                'or (select current_setting(''app.everything'', true) = ''on'')', owned.key
            );
            execute format('create policy organization on %I using (%s) with check (%s)', owned.relname, own, own);
        end if;
    end loop;
end
$guard$
"""

# What the service's own role may do; it owns nothing, so it can neither change a table nor lift its policy.
_GRANTS = (
    "grant connect on database {database} to {role}",
    "grant usage on schema {schema} to {role}",
    "grant select, insert, update, delete on all tables in schema {schema} to {role}",
    "grant usage, select on all sequences in schema {schema} to {role}",
    "revoke insert, update, delete on alembic_version from {role}",
)

_ONLY_ADDED_TO = ("audit_entries",)


def admit(connection: Connection, role: str, password: str | None) -> None:
    """Makes the role that the service signs in as, where it is missing, and gives it its rights; run by the owner."""
    if not connection.scalar(text("select true from pg_roles where rolname = :role"), {"role": role}):
        create = "select format('create role %I login password %L', cast(:role as text), cast(:password as text))"
        connection.execute(text(connection.scalar(text(create), {"role": role, "password": password}) or ""))
    quoted = "select quote_ident(cast(:role as text)), quote_ident(current_schema()), quote_ident(current_database())"
    name, schema, database = connection.execute(text(quoted), {"role": role}).one()
    for grant in _GRANTS:
        connection.execute(text(grant.format(role=name, schema=schema, database=database)))
    for table in _ONLY_ADDED_TO:
        if connection.scalar(text("select to_regclass(:table) is not null"), {"table": table}):
            connection.execute(text(f"revoke update, delete, truncate on {table} from {name}"))


_EXEMPT = """
select r.rolsuper or r.rolbypassrls as exempt, exists (
    select from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
    and c.relowner = r.oid
) as owner
from pg_roles r where r.rolname = current_user
"""


async def weakness(session: AsyncSession) -> str | None:
    """Why row level security does not hold as it could for the role that we are signed in as; None where it does."""
    row = (await session.execute(text(_EXEMPT))).one()
    if row.exempt:
        return "the role of DATABASE_URL is a superuser or has BYPASSRLS: row level security does not apply to it"
    if row.owner:
        return "the role of DATABASE_URL owns the tables: row level security applies, but the role could lift it"
    return None
