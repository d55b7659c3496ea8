"""Tenants are kept apart by PostgreSQL itself, also where a query forgets its filter."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import ForeignKeyConstraint, func, select, text, update
from sqlalchemy.exc import ProgrammingError

import stillroom_core.models  # noqa: F401 - registers every table
from stillroom_core.jobs.models import Job
from stillroom_core.members.models import Membership
from stillroom_core.organizations.models import Organization
from stillroom_core.projects.models import Project
from stillroom_core.tables import Table
from stillroom_core.tenancy import everything, narrow, weakness
from stillroom_testing.installations import owner_url

TENANT_TABLES = [table for table in Table.metadata.sorted_tables if "organization_id" in table.c]
# Of people and sign-ins, which belong to no organization; every other table must say whose its rows are.
OF_NOBODY = {"users", "refresh_tokens", "account_events", "account_tokens", "passkeys", "terminals", "mails", "staff"}


@pytest.fixture
def owner(api: Any) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(owner_url(), autocommit=True) as connection:
        yield connection


async def organizations(api: Any) -> dict[str, Any]:
    async with api.app.state.context.database.everything() as session:
        return {row.slug: row.id for row in await session.scalars(select(Organization))}


def test_every_table_says_whose_its_rows_are() -> None:
    silent = {table.name for table in Table.metadata.sorted_tables} - {table.name for table in TENANT_TABLES}
    assert silent == OF_NOBODY | {"organizations"}
    assert not [table.name for table in TENANT_TABLES if table.c.organization_id.nullable]


def test_every_table_of_tenants_is_guarded_by_force_and_a_policy(owner: "psycopg.Connection[Any]") -> None:
    rows = owner.execute(
        """select c.relname, c.relrowsecurity, c.relforcerowsecurity,
             (select pg_get_expr(p.polqual, p.polrelid) || pg_get_expr(p.polwithcheck, p.polrelid) from pg_policy p
              where p.polrelid = c.oid and p.polpermissive and p.polcmd = '*')
           from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"""
    )
    found = {name: (enabled, forced, policy or "") for name, enabled, forced, policy in rows}
    for table in ("organizations", *(table.name for table in TENANT_TABLES)):
        enabled, forced, policy = found[table]
        assert enabled and forced, table
        assert policy.count("NULLIF(current_setting('app.organization_id'::text, true), ''::text)") == 2, table


def test_no_reference_between_tables_of_tenants_can_lead_to_another_organization() -> None:
    names = {table.name for table in TENANT_TABLES}
    for table in TENANT_TABLES:
        for constraint in table.constraints:
            if isinstance(constraint, ForeignKeyConstraint) and constraint.referred_table.name in names:
                assert "organization_id" in {column.name for column in constraint.columns}, (table.name, constraint)


async def test_the_service_signs_in_as_a_role_that_owns_nothing_and_is_not_exempt(api: Any) -> None:
    async with api.app.state.context.database.unscoped() as session:
        assert await weakness(session) is None
        with pytest.raises(ProgrammingError, match="must be owner"):
            await session.execute(text("alter table jobs no force row level security"))


async def test_a_session_of_nobody_sees_no_row_and_changes_none(api: Any) -> None:
    async with api.app.state.context.database.unscoped() as session:
        for table in (Organization, Membership, Project, Job):
            assert await session.scalar(select(func.count()).select_from(table)) == 0, table
        assert (await session.execute(update(Project).values(name="taken"))).rowcount == 0


async def test_a_forgotten_filter_gives_rows_of_ones_own_organization_alone(api: Any) -> None:
    known = await organizations(api)
    async with api.app.state.context.database.transaction(known["own"]) as session:
        assert set(await session.scalars(select(Project.organization_id))) == {known["own"]}
        assert set(await session.scalars(select(Organization.slug))) == {"own"}
        assert (await session.execute(update(Project).values(name="mine"))).rowcount == 1
    async with api.app.state.context.database.transaction(known["other"]) as session:
        assert list(await session.scalars(select(Project.name))) == ["Shop foreign"]


async def test_a_row_cannot_be_written_into_another_organization(api: Any) -> None:
    known = await organizations(api)
    async with api.app.state.context.database.everything() as session:
        person = await session.scalar(select(Membership.user_id).where(Membership.organization_id == known["own"]))
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with api.app.state.context.database.transaction(known["own"]) as session:
            session.add(Membership(organization_id=known["other"], user_id=person, role="owner"))


async def test_the_door_closes_behind_who_went_through(api: Any) -> None:
    known = await organizations(api)
    count = select(func.count()).select_from(Project)
    async with api.app.state.context.database.unscoped() as session:
        async with everything(session):
            assert await session.scalar(count) == 2
        assert await session.scalar(count) == 0
        await narrow(session, known["own"])
        assert await session.scalar(count) == 1
        with pytest.raises(KeyError):
            async with everything(session):
                raise KeyError
        assert await session.scalar(count) == 1


async def test_who_narrows_what_they_see_has_left_by_that_door(api: Any) -> None:
    known = await organizations(api)
    count = select(func.count()).select_from(Project)
    async with api.app.state.context.database.sessions() as session:
        async with everything(session), everything(session):
            await narrow(session, known["own"])
            assert await session.scalar(count) == 1
        assert list(await session.scalars(select(Organization.slug))) == ["own"]
        with pytest.raises(ProgrammingError):
            async with everything(session):
                await narrow(session, known["other"])
                await session.execute(text("select 1 from nowhere"))
        await session.rollback()
        assert list(await session.scalars(select(Organization.slug))) == ["other"]


async def test_what_was_narrowed_stays_narrow_in_the_next_transaction_of_a_session(api: Any) -> None:
    known = await organizations(api)
    async with api.app.state.context.database.sessions() as session:
        await narrow(session, known["own"])
        for _ in range(2):
            assert await session.scalar(select(func.count()).select_from(Project)) == 1
            await session.commit()


async def test_a_connection_carries_nothing_to_whoever_has_it_next(api: Any) -> None:
    database = api.app.state.context.database
    for _ in range(30):  # more than the pool has
        async with database.everything() as session:
            assert await session.scalar(select(func.count()).select_from(Project)) == 2
        async with database.unscoped() as session:
            assert await session.scalar(select(func.count()).select_from(Project)) == 0
