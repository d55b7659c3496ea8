"""K04 through a whole job: the sealed passwords of two databases change places in our own database."""

import asyncio
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select, update

from stillroom_core.databases.models import Database
from stillroom_core.databases.service import create_database, delete_database, update_database
from stillroom_core.environments.models import Environment
from stillroom_testing.installations import owner_url
from stillroom_testing.jobs_scene import two_tables
from stillroom_worker.run_job import run_job

OTHER = "canary-of-the-other"


async def exchanged(scene: Any) -> tuple[UUID, UUID]:
    """A second database beside the scene's own, and the sealed password of each in the row of the other."""
    async with scene.room.database.everything() as session:
        own = (await session.scalars(select(Database))).one()
        environment = (await session.scalars(select(Environment))).one()
        place = {"host": own.host, "port": own.port, "database": own.database, "username": own.username}
        other = await create_database(
            session, await scene._actor(session), environment, {"name": "other", "password": OTHER, **place}
        )
        for here, there in ((own.id, other.password_sealed), (other.id, own.password_sealed)):
            await session.execute(update(Database).where(Database.id == here).values(password_sealed=there))
        return own.id, other.id


def stored() -> str:
    """Everything that stands in our own database, as text."""
    with psycopg.connect(owner_url()) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        return "\n".join(
            str(row[0])
            for (table,) in tables
            for row in connection.execute(sql.SQL("select t::text from {} t").format(sql.Identifier(table)))
        )


async def test_a_job_with_anothers_password_fails_with_words_is_told_and_shows_neither(
    scene: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    from stillroom_worker.app import _Process  # reads the settings when it is loaded

    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    own, other = await exchanged(scene)
    process = _Process()
    await asyncio.to_thread(process.run, lambda room: run_job(room, key))  # as the worker's task does it
    await asyncio.to_thread(process.close)

    job = (await scene.finished(key)).job
    assert (job.state, job.outcome["code"], job.error["code"]) == (
        "failed",
        "failed_before_start",
        "sealed_value_changed",
    )
    assert "does not belong to the place" in job.error["title"] and "Enter the secret again" in job.error["fix"]
    assert scene.ask("select to_regclass('alembic_version')") is None
    entries = await scene.audited("secret.misplaced")
    assert [(one.outcome, one.subject_id, one.subject_name) for one in entries] == [("found", str(own), "password")]
    said = stored() + caplog.text + "".join(capfd.readouterr())
    assert "sealed_value_changed" in said
    assert scene.target.password not in said and OTHER not in said

    # What the fix says helps: the password is entered again, and the database has not come into doubt.
    async with scene.room.database.everything() as session:
        await delete_database(session, await scene._actor(session), await session.get_one(Database, other))
        await update_database(session, await session.get_one(Database, own), {"password": scene.target.password})
    await scene.read()
    done = await scene.run("upgrade", "head")
    assert done.job.state == "succeeded", done.told
