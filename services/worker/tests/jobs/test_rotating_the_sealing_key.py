"""K05: another sealing key while jobs run; every stored secret under it; the old one gone, and everything works."""

import asyncio
import base64
import json
import os
import sys
from textwrap import dedent
from typing import Any

import psycopg
import pytest
from sqlalchemy import LargeBinary, select, update

from stillroom_core import resealing
from stillroom_core.databases.models import Database
from stillroom_core.databases.service import update_database
from stillroom_core.environments.models import Environment
from stillroom_core.mail.models import Mail
from stillroom_core.members.models import User
from stillroom_core.resealing import LISTS, PLACES, count_sealed, reseal
from stillroom_core.sealing import seal
from stillroom_core.settings import get_settings
from stillroom_core.tables import Table
from stillroom_testing.jobs_scene import ENV_PY, revision, two_tables
from stillroom_testing.waiting import until
from stillroom_worker.run_job import run_job

NEW = "newest:" + base64.b64encode(b"n" * 32).decode()
SECRETS = """
import os, pathlib
assert os.environ["TOKEN"] == "token-of-the-variable", os.environ["TOKEN"]
assert pathlib.Path(os.environ["STILLROOM_FILES"], "key.pem").read_text() == "key in a file"
"""
WAITING = revision("bbb2", "aaa1", 'op.execute("select pg_advisory_xact_lock(77)")')


def keys(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("STILLROOM_SEALING_KEYS", text)
    get_settings.cache_clear()


def waits(scene: Any) -> bool:
    return bool(scene.ask("select count(*) from pg_locks where locktype = 'advisory' and not granted"))


async def with_secrets(scene: Any) -> None:
    """A project whose env.py needs a secret variable and a secret file, and whose database needs its password."""
    scene.commit(two_tables() | {"bbb2": WAITING}, env=SECRETS + dedent(ENV_PY))
    await scene.set_environment(
        variables=[
            {"name": "TOKEN", "value": "token-of-the-variable", "secret": True},
            {"name": "DATABASE_URL", "value": "{{url}}"},
        ],
        files=[{"path": "key.pem", "content": "key in a file"}],
    )
    await scene.fetch()
    done = await scene.run("upgrade", "aaa1")
    assert done.job.state == "succeeded", done.told


async def test_the_key_rotates_while_a_job_runs_and_then_the_old_one_is_let_go_of(
    scene: Any, installation: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_secrets(scene)
    await scene.change(lock_timeout_ms=60_000)
    old = installation["STILLROOM_SEALING_KEYS"]
    plan = await scene.plan("upgrade", "head")
    with psycopg.connect(scene.target.url) as other:
        other.execute("select pg_advisory_lock(77)")
        key = await scene.queue_job("upgrade", "head", plan=plan.id)
        running = asyncio.create_task(run_job(scene.room, key))
        await until(lambda: waits(scene))

        keys(monkeypatch, f"{NEW},{old}")
        before = await count_sealed(scene.room.database)
        assert before.remaining == {"test": 3}
        done = await reseal(scene.room.database)
        assert (done.resealed, done.remaining, done.unopened) == (3, {}, [])
        keys(monkeypatch, NEW)  # the old one is gone, and the job still runs
    await asyncio.wait_for(running, 60)
    assert (await scene.finished(key)).job.state == "succeeded"

    assert (await scene.read()).read_error is None
    assert (await scene.run("downgrade", "base")).job.state == "succeeded"
    assert [(entry.after["values"], entry.outcome) for entry in await scene.audited("organization.reseal")] == [
        (3, "found")
    ]


async def test_a_plan_that_was_confirmed_before_holds_after_resealing(
    scene: Any, installation: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_secrets(scene)
    plan = await scene.plan("upgrade", "head")
    keys(monkeypatch, f"{NEW},{installation['STILLROOM_SEALING_KEYS']}")
    assert (await reseal(scene.room.database)).resealed == 3
    key = await scene.queue_job("upgrade", "head", plan=plan.id)
    await run_job(scene.room, key)
    assert (await scene.finished(key)).job.state == "succeeded"
    await scene.set_environment(variables=[{"name": "TOKEN", "value": "another-value", "secret": True}])
    assert (await scene.plan("downgrade", "aaa1")).settings != plan.settings


async def test_broken_off_it_goes_on_with_what_is_left_and_a_second_time_does_nothing(
    scene: Any, installation: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_secrets(scene)
    keys(monkeypatch, f"{NEW},{installation['STILLROOM_SEALING_KEYS']}")
    tries = 0

    def dies(*given: Any) -> bytes:
        nonlocal tries
        tries += 1
        if tries == 2:
            raise RuntimeError("killed")
        return seal(*given)

    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(resealing, "seal", dies)
        await reseal(scene.room.database)
    left = (await count_sealed(scene.room.database)).remaining["test"]
    assert 0 < left < 3
    assert (await reseal(scene.room.database)).resealed == left
    again = await reseal(scene.room.database)
    assert (again.resealed, again.remaining) == (0, {})


async def test_what_somebody_enters_meanwhile_is_not_overwritten(
    scene: Any, installation: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_secrets(scene)
    keys(monkeypatch, f"{NEW},{installation['STILLROOM_SEALING_KEYS']}")
    stale = [place for place in PLACES if place.model is Database]
    async with scene.room.database.everything() as session:
        row = (await session.scalars(select(Database))).one()
        session.expunge(row)
        entered = await session.get_one(Database, row.id)
        await update_database(session, entered, {"password": "entered meanwhile"})
        stands = entered.password_sealed
    async with scene.room.database.everything() as session:
        done = resealing.Resealed()
        assert await resealing._reseal_row(session, stale[0].model, row, done) == 0
    assert (await scene.database()).password_sealed == stands


async def test_what_does_not_open_is_named_and_left_and_the_rest_is_resealed(
    scene: Any, installation: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """K04 meets K05: a value that was moved here from another row."""
    await with_secrets(scene)
    async with scene.room.database.everything() as session:
        environment = (await session.scalars(select(Environment))).one()
        moved = base64.b64decode(environment.files[0]["sealed"])
        await session.execute(update(Database).values(password_sealed=moved))
    keys(monkeypatch, f"{NEW},{installation['STILLROOM_SEALING_KEYS']}")
    done = await reseal(scene.room.database)
    assert (done.resealed, done.remaining) == (2, {"test": 1})
    assert len(done.unopened) == 1
    assert "password_sealed: sealed_value_changed" in done.unopened[0]


async def test_the_command_says_what_is_left_changes_it_and_says_so_by_its_status(
    scene: Any, installation: dict[str, str]
) -> None:
    await with_secrets(scene)
    env = {**os.environ, "STILLROOM_SEALING_KEYS": f"{NEW},{installation['STILLROOM_SEALING_KEYS']}"}

    async def command(*words: str) -> tuple[int | None, dict[str, Any]]:
        argv = [sys.executable, "-m", "stillroom_core.resealing", *words]
        process = await asyncio.create_subprocess_exec(*argv, env=env, stdout=asyncio.subprocess.PIPE)
        said, _ = await process.communicate()
        return process.returncode, json.loads(said)

    status, told = await command("--check")
    assert (status, told["remaining"], told["resealed"]) == (1, {"test": 3}, 0)
    status, told = await command()
    assert (status, told["remaining"], told["resealed"], told["key"]) == (0, {}, 3, "newest")
    assert (await command("--check"))[0] == 0


def test_every_sealed_column_is_known_to_the_rotation() -> None:
    known = {(place.model.__tablename__, place.column) for place in PLACES}
    there = {
        (table.name, column.name)
        for table in Table.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_sealed") or (isinstance(column.type, LargeBinary) and "seal" in column.name)
    }
    assert {User.__tablename__, Mail.__tablename__} <= {name for name, _ in there}
    assert there == known
    assert {column for column, _kind, _key in LISTS} <= {column.name for column in Environment.__table__.columns}
