"""Which revision made and last changed each object: as jobs ran them, else as the sources say."""

from typing import Any

import psycopg
from sqlalchemy import func, select, text, update

from stillroom_core.catalogues.kinds import Kind
from stillroom_core.catalogues.service import find_object
from stillroom_core.changes.models import SchemaChange
from stillroom_core.changes.service import ObjectLife, life_of_object, touches_of_revision
from stillroom_core.databases.models import Database
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.queue import READ_CHANGES
from stillroom_core.projects.models import Commit, Project
from stillroom_testing.jobs_scene import ENV_PY, revision
from stillroom_worker.catalogue import refresh_catalogue
from stillroom_worker.changes.keep import read_changes
from stillroom_worker.sweep import sweep

HOSTILE = 'o"r; drop table x --\u202e'


def history() -> dict[str, str]:
    """Six revisions: tables made, altered, renamed, dropped, of plain and of hostile names."""
    quoted = HOSTILE.replace('"', '""')
    return {
        "aaa1": revision(
            "aaa1",
            None,
            """
            op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text))
            op.execute("create type mood as enum ('a')")
            op.execute("create schema shop")
            """,
        ),
        "bbb2": revision(
            "bbb2",
            "aaa1",
            """
            op.add_column("orders", sa.Column("who", sa.Integer))
            op.create_index("ix_who", "orders", ["who"])
            op.create_check_constraint("positive", "orders", "who > 0")
            op.execute("alter type mood add value 'b'")
            """,
        ),
        "ccc3": revision(
            "ccc3",
            "bbb2",
            f"""
            op.rename_table("orders", {HOSTILE!r})
            op.alter_column({HOSTILE!r}, "note", new_column_name="remark")
            op.execute('alter table {quoted!s} set schema shop'.replace({quoted!r}, '"' + {quoted!r} + '"'))
            op.execute("do $$ begin perform 1; end $$")
            """,
        ),
        "ddd4": revision(
            "ddd4",
            "ccc3",
            """
            op.create_table("gone", sa.Column("id", sa.Integer))
            op.drop_table("gone")
            op.create_table("gone", sa.Column("other", sa.Integer))
            """,
            'op.drop_table("gone")',
        ),
    }


async def life(scene: Any, kind: str, schema: str, name: str) -> ObjectLife:
    database = await scene.database()
    await refresh_catalogue(scene.room, database.id)
    async with scene.room.database.everything() as session:
        actor = await scene._actor(session)
        project = (await session.scalars(select(Project))).one()
        entry = await find_object(session, actor, database, Kind(kind), schema, name)
        return await life_of_object(session, actor, project, database, entry)


def told(found: ObjectLife) -> dict[str, tuple[str | None, str | None]]:
    spans = {"": found.life.span, **{f"{kind} {name}": span for (kind, name), span in found.life.parts.items()}}
    return {
        key: (span.made.revision if span.made else None, span.changed.revision if span.changed else None)
        for key, span in spans.items()
    }


async def upgraded(scene: Any, files: dict[str, str], to: str = "head", env: str = ENV_PY) -> Any:
    scene.commit(files, env)
    await scene.fetch()
    done = await scene.run("upgrade", to)
    await read_changes(scene.room, done.job.id)
    return done


async def test_a_table_that_was_renamed_and_moved_knows_who_made_and_changed_it_and_its_parts(scene: Any) -> None:
    done = await upgraded(scene, history())
    assert done.job.state == "succeeded", done.job.error
    found = await life(scene, "table", "shop", HOSTILE)
    assert told(found) == {
        "": ("aaa1", "ccc3"),
        "column id": ("aaa1", "aaa1"),
        "column remark": ("aaa1", "ccc3"),
        "column who": ("bbb2", "bbb2"),
        "constraint orders_pkey": ("aaa1", "aaa1"),
        "constraint positive": ("bbb2", "bbb2"),
        # PostgreSQL 18 keeps NOT NULL as a constraint, which nobody wrote: it came with the table.
        **{key: ("aaa1", "aaa1") for key in told(found) if "not_null" in key},
        "index ix_who": ("bbb2", "bbb2"),
        "index orders_pkey": ("aaa1", "aaa1"),
    }
    assert set(found.jobs.values()) == {done.job.number}
    assert found.messages["ccc3"] == "Revision ccc3"
    made = found.life.span.made
    assert made is not None
    assert (made.job_id, made.upgrade) == (done.job.id, True)
    assert told(await life(scene, "enum", "public", "mood"))[""] == ("aaa1", "bbb2")
    assert told(await life(scene, "schema", "", "shop"))[""] == ("aaa1", "aaa1")


async def test_a_table_that_was_dropped_begins_a_new_life_when_it_is_made_again(scene: Any) -> None:
    await upgraded(scene, history())
    found = await life(scene, "table", "public", "gone")
    assert [(t.change.action, t.change.kind, t.change.name) for t in found.life.touches] == [
        ("create", "column", "other"),
        ("create", "table", "gone"),
    ]


async def test_what_ran_before_anybody_watched_is_told_from_the_sources(scene: Any) -> None:
    done = await upgraded(scene, history())
    async with scene.room.database.everything() as session:
        await session.execute(text("delete from schema_changes where revision in ('aaa1', 'bbb2')"))
    found = await life(scene, "table", "shop", HOSTILE)
    assert told(found)[""] == ("aaa1", "ccc3")
    assert told(found)["column who"] == ("bbb2", "bbb2")
    assert told(found)["column remark"] == ("aaa1", "ccc3")
    made, changed = found.life.span.made, found.life.span.changed
    assert made is not None
    assert changed is not None
    assert (made.job_id, changed.job_id) == (None, done.job.id)


async def test_a_revision_names_what_it_touches_as_it_ran_and_before_it_ran(scene: Any) -> None:
    scene.commit(history())
    await scene.fetch()
    before = await touches(scene, "bbb2")
    assert before.job is None
    assert before.changes is not None
    assert [(c.action, c.kind, c.table, c.name) for c in before.changes] == [
        ("create", "column", "orders", "who"),
        ("create", "index", "orders", "ix_who"),
        ("create", "constraint", "orders", "positive"),
        ("alter", "type", "", "mood"),
    ]
    done = await scene.run("upgrade", "head")
    await read_changes(scene.room, done.job.id)
    after = await touches(scene, "bbb2")
    assert after.job is not None
    assert after.job.id == done.job.id
    assert after.changes is not None
    assert {(c.action, c.kind, c.name) for c in after.changes} == {(c.action, c.kind, c.name) for c in before.changes}
    unread = [c for c in (await touches(scene, "ccc3")).changes or () if c.action == "unread"]
    assert [c.name for c in unread] == ["do ' begin perform 1; end '"]


async def touches(scene: Any, key: str) -> Any:
    async with scene.room.database.everything() as session:
        actor = await scene._actor(session)
        project = (await session.scalars(select(Project))).one()
        commit = await session.get_one(Commit, project.commit_id)
        return await touches_of_revision(session, actor, project, commit, key, upgrade=True)


async def test_only_what_was_committed_counts_and_what_stayed_of_a_failure(scene: Any) -> None:
    files = history() | {
        "ddd4": revision(
            "ddd4",
            "ccc3",
            """
            with op.get_context().autocommit_block():
                op.execute("create table stayed (id int)")
            op.execute("create table undone (id int)")
            op.execute("select 1/0")
            """,
        )
    }
    done = await upgraded(scene, files)
    assert done.job.state == "failed"
    assert told(await life(scene, "table", "public", "stayed"))[""] == ("ddd4", "ddd4")
    assert told(await life(scene, "table", "shop", HOSTILE))[""] == ("aaa1", "ccc3")
    async with scene.room.database.everything() as session:
        kept = await session.scalar(select(func.count()).where(SchemaChange.name == "undone"))
    assert kept == 0


async def test_a_revert_is_told_as_one(scene: Any) -> None:
    await upgraded(
        scene, history() | {"ddd4": revision("ddd4", "ccc3", "pass", 'op.execute("comment on type mood is null")')}
    )
    done = await scene.run("downgrade", "-1")
    await read_changes(scene.room, done.job.id)
    changed = (await life(scene, "enum", "public", "mood")).life.span.changed
    assert changed is not None
    assert (changed.revision, changed.upgrade, changed.job_id) == ("ddd4", False, done.job.id)


async def test_what_somebody_else_made_has_no_revision(scene: Any) -> None:
    await upgraded(scene, history())
    with psycopg.connect(scene.target.url, autocommit=True) as connection:
        connection.execute("drop table gone; create table by_hand (id int); create table gone (x int)")  # type: ignore[call-overload]
    assert told(await life(scene, "table", "public", "by_hand"))[""] == (None, None)


async def test_a_job_whose_ring_was_lost_is_read_by_the_sweep_and_none_twice(scene: Any) -> None:
    scene.commit(history())
    await scene.fetch()
    done = await scene.run("upgrade", "head")
    assert [ring.key for ring in scene.queue.rings if ring.task == READ_CHANGES] == [done.job.id]
    scene.queue.rings.clear()
    async with scene.room.database.everything() as session:
        await session.execute(update(Job).values(finished_at=func.now() - text("interval '1 hour'")))
    await sweep(scene.room)
    assert [ring.key for ring in scene.queue.rings if ring.task == READ_CHANGES] == [done.job.id]
    scene.queue.rings.clear()
    await read_changes(scene.room, done.job.id)
    await read_changes(scene.room, done.job.id)
    await sweep(scene.room)
    assert [ring for ring in scene.queue.rings if ring.task == READ_CHANGES] == []
    async with scene.room.database.everything() as session:
        assert await session.scalar(select(func.count()).select_from(SchemaChange)) > 10
        # One database at a time: what others did is not looked at.
        assert (await session.scalars(select(SchemaChange.database_id).distinct())).all() == [
            (await session.scalars(select(Database.id))).one()
        ]
