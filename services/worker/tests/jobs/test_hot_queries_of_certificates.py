"""Client certificates that end are found among many databases: explained by PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stillroom_core.databases.client_certificate import count_expiring, take_expiring
from stillroom_core.databases.models import Database
from stillroom_testing.explained import explained
from stillroom_testing.installations import owner_url
from stillroom_testing.jobs_scene import Scene

DATABASES, ENDING, TOLD = 20_000, 20, 40
LARGE = {"databases"}

# A quarter signs in with a certificate; of a few of those that end, or have ended, it was told already.
_MANY = f"""
insert into databases
select (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(), 'name', 'd-' || g, 'read_state', 'idle',
  'read_requested_at', now() + interval '1 day', 'client_certificate_expires_at', case
    when g <= {ENDING} then now() + g * interval '1 day'
    when g <= {ENDING + TOLD} then now() - g * interval '1 day'
    when g % 4 = 0 then now() + interval '90 days' + g * interval '1 hour' end,
  'client_certificate_told_at', case when g > {ENDING} and g <= {ENDING + TOLD} then now() end))).*
from databases d, generate_series(1, {DATABASES}) g where d.id = (select id from databases limit 1)
"""


@pytest.fixture
async def many(scene: Scene) -> AsyncIterator[Scene]:
    """One environment with so many databases; the certificates of a few end soon."""
    with psycopg.connect(owner_url(), autocommit=True) as connection:
        connection.execute(_MANY)
        connection.execute("vacuum analyze databases")
    yield scene
    with psycopg.connect(owner_url(), autocommit=True) as connection:
        connection.execute("delete from databases where name like 'd-%'")
        connection.execute("vacuum analyze databases")


async def test_the_certificates_that_end_are_found_and_counted_without_reading_all_databases(many: Scene) -> None:
    database = many.room.database
    found: dict[str, Any] = {}

    def keeping(name: str, ask: Callable[[AsyncSession], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        async def one() -> None:
            async with database.everything() as session:
                found[name] = await ask(session)

        return one

    counted = await explained(database.engine, keeping("counted", count_expiring), LARGE)
    taken = await explained(database.engine, keeping("taken", take_expiring), LARGE)
    assert (counted.faults(), taken.faults()) == ([], [])
    assert (found["counted"], len(found["taken"])) == (ENDING + TOLD, ENDING)

    # The proof can fail.
    everything = keeping("all", lambda session: session.scalars(select(Database).where(Database.port == 1)))
    assert [fault.split(":")[0] for fault in (await explained(database.engine, everything, LARGE)).faults()] == [
        "reads all of databases"
    ]
