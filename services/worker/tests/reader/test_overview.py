"""The overview: what moves, what has grown, what it was before; and that looking never hurts."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select, text

from stillroom_core.databases.models import Database
from stillroom_core.samples.models import Sample
from stillroom_core.samples.repository import MOST_POINTS, forget_old_samples
from stillroom_worker.read_database import read_database

SCENE = """
create schema if not exists ov;
create table ov.parent (id int primary key);
create table ov.big as select i as id, i % 10 as parent, repeat('x', 100) as text from generate_series(1, 20000) i;
alter table ov.big add constraint big_parent foreign key (parent) references ov.parent (id) not valid;
create table ov.held (id int, parent int references ov.parent (id));
create index held_parent on ov.held (parent, id);
create index held_parent_again on ov.held (parent, id);
create index held_reverse on ov.held (id desc);
create unique index held_unique on ov.held (id);
delete from ov.big where id % 2 = 0;
analyze ov.big;
"""


@pytest.fixture
def scene(look: Any) -> Any:
    """Tables with dead rows, a key without an index, indexes twice."""
    look.run("drop schema if exists ov cascade")
    look.run(SCENE)
    yield look
    look.run("drop schema if exists ov cascade")


async def test_the_live_part_counts_sessions_transactions_and_the_cache(scene: Any) -> None:
    with psycopg.connect(scene.target.url) as open_one:
        open_one.execute("select 1")
        answer = await scene.call("GET", "/overview/live")
        assert answer.status_code == 200, answer.text
    found = answer.json()
    states = {one["state"]: one for one in found["sessions"]}
    assert states["idle in transaction"]["count"] == 1
    assert states["idle in transaction"]["oldest_s"] >= 0
    assert found["commits"] > 0
    assert found["hits"] > 0
    assert found["connections"] >= 2
    assert found["most_connections"] > found["connections"]
    assert 0 < found["frozen_age"] < found["freeze_at"]
    assert (found["replica"], found["behind_s"], found["replicas"], found["vacuums"]) == (False, None, [], [])


async def test_what_has_grown_names_dead_rows_and_indexes_too_many_and_too_few(scene: Any) -> None:
    answer = await scene.call("GET", "/overview/health")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    tables = {(one["schema_name"], one["table"]): one for one in found["tables"]}
    big = tables["ov", "big"]
    assert big["rows"] == 10_000
    assert big["bytes"] > 2_000_000
    # Half of the rows are gone and their room is not: between a third and two thirds of the table.
    assert big["bytes"] / 3 < big["bloat_bytes"] < big["bytes"] * 2 / 3
    keys = [one for one in found["unindexed_keys"] if one["schema_name"] == "ov"]
    assert [(k["name"], k["columns"], k["references"]) for k in keys] == [("big_parent", ["parent"], "parent")]
    twice = [(i["index"], i["like"]) for i in found["duplicate_indexes"] if i["schema_name"] == "ov"]
    assert twice == [("held_parent_again", "held_parent")]
    unused = {i["index"] for i in found["unused_indexes"] if i["schema_name"] == "ov"}
    assert unused == {"held_parent", "held_parent_again", "held_reverse"}


async def test_without_the_extension_statements_are_null_and_it_is_said_whether_it_can_be_had(scene: Any) -> None:
    found = (await scene.call("GET", "/overview/health")).json()
    assert found["statements"] is None
    assert found["statements_available"] is True
    # Made without the library being loaded: the view refuses, and the rest is shown all the same.
    scene.run("create extension pg_stat_statements schema ov")
    found = (await scene.call("GET", "/overview/health")).json()
    loaded = "pg_stat_statements" in scene.ask("show shared_preload_libraries")
    assert (found["statements"] is not None) == loaded
    assert found["tables"]


async def test_a_migration_that_holds_a_table_is_not_waited_for(scene: Any) -> None:
    with psycopg.connect(scene.target.url) as migration:
        migration.execute("lock table ov.big in access exclusive mode")
        for part in ("live", "health"):
            answer = await scene.call("GET", f"/overview/{part}")
            assert answer.status_code == 200, answer.text


async def test_nothing_is_left_in_a_transaction(scene: Any) -> None:
    for part in ("live", "health"):
        await scene.call("GET", f"/overview/{part}")
    assert (
        scene.ask(
            "select count(*) from pg_stat_activity where application_name = 'stillroom:reader' "
            "and datname = current_database() and state like 'idle in%'"
        )
        == 0
    )


async def measured(look: Any) -> list[Sample]:
    room = look.reader.state.room
    async with room.database.everything() as session:
        row = (await session.scalars(select(Database))).one()
        row.read_state = "waiting"
        key = row.id
    await read_database(room, key)
    async with room.database.everything() as session:
        assert (await session.get_one(Database, key)).read_state == "idle"
        return list(await session.scalars(select(Sample).order_by(Sample.at)))


async def test_each_reading_measures_once_in_a_while_and_tables_once_an_hour(scene: Any) -> None:
    first = await measured(scene)
    assert len(first) == 1
    assert first[0].size_bytes > 5_000_000
    assert ["ov", "big"] in [entry[:2] for entry in first[0].tables or []]
    assert len(await measured(scene)) == 1  # asked again at once
    room = scene.reader.state.room
    async with room.database.everything() as session:
        await session.execute(text("update samples set at = at - interval '10 minutes'"))
    second = await measured(scene)
    assert [one.tables is not None for one in second] == [True, False]
    answer = await scene.call("GET", "/overview/history")
    found = answer.json()
    assert [one["size_bytes"] > 0 for one in found["samples"]] == [True, True]
    big = next(one for one in found["tables"] if one["table"] == "big")
    assert (big["schema_name"], big["before_bytes"]) == ("ov", None)


async def test_a_month_is_thinned_out_and_what_is_older_is_forgotten(scene: Any) -> None:
    await measured(scene)
    room = scene.reader.state.room
    async with room.database.everything() as session:
        await session.execute(
            text(
                "insert into samples select database_id, now() - i * interval '5 minutes', organization_id, "
                "size_bytes, connections, active, commits, rollbacks, hits, reads, "
                "live, dead, frozen_age, oldest_s, lag_s, null "
                "from samples, generate_series(1, 9000) i"
            )
        )
    answer = (await scene.call("GET", "/overview/history", params={"hours": 720})).json()
    assert MOST_POINTS / 2 < len(answer["samples"]) <= MOST_POINTS
    async with room.database.everything() as session:
        newest = await session.scalar(select(func.max(Sample.at)))
        await forget_old_samples(session)
        oldest = await session.scalar(select(func.min(Sample.at)))
    assert answer["samples"][-1]["at"][:19] == newest.isoformat()[:19]
    assert newest - oldest < timedelta(days=30, minutes=1)
