"""What was confirmed is what runs, or nothing does."""

from typing import Any

import pytest
from sqlalchemy import select

from stillroom_core.environments.models import Environment
from stillroom_core.errors import Conflict
from stillroom_core.plans.models import Plan
from stillroom_core.projects.models import Commit
from stillroom_testing.jobs_scene import ENV_PY, Finished, two_tables
from stillroom_worker.run_job import run_job

GOES_FURTHER = """
    from alembic.script import ScriptDirectory

    asked = ScriptDirectory._upgrade_revs
    ScriptDirectory._upgrade_revs = lambda self, target, heads: asked(self, "heads", heads)
"""
GOES_BACK = """
        connection.exec_driver_sql("update alembic_version set version_num = 'aaa1'")
        connection.commit()
"""


async def at_aaa1(scene: Any) -> None:
    """A project of two revisions, its database at the first one and known to be there."""
    scene.commit(two_tables())
    await scene.fetch()
    assert (await scene.run("upgrade", "aaa1")).job.state == "succeeded"


async def applied(scene: Any, done: Finished) -> Plan:
    async with scene.room.database.everything() as session:
        found: Plan = (await session.scalars(select(Plan).where(Plan.id == done.job.plan_id))).one()
        return found


async def newest(scene: Any) -> Commit:
    async with scene.room.database.everything() as session:
        found: Commit = (await session.scalars(select(Commit).order_by(Commit.id.desc()).limit(1))).one()
        return found


def moved_by_a_terminal(scene: Any, head: str) -> None:
    scene.ask(f"update alembic_version set version_num = '{head}' returning 1")


async def test_a_confirmed_plan_runs_as_it_was_confirmed(scene: Any) -> None:
    await at_aaa1(scene)
    made = await scene.plan("upgrade", "head")
    key = await scene.queue_job("upgrade", plan=made.id)
    await run_job(scene.room, key)
    done = await scene.finished(key)
    assert (done.job.state, done.job.heads_after, done.job.plan_id) == ("succeeded", made.heads_after, made.id)


async def test_a_database_that_moved_since_makes_a_confirmed_plan_stale_and_nothing_runs(scene: Any) -> None:
    await at_aaa1(scene)
    made = await scene.plan("upgrade", "head")
    key = await scene.queue_job("upgrade", plan=made.id)
    moved_by_a_terminal(scene, "bbb2")
    await run_job(scene.room, key)
    done = await scene.finished(key)
    assert (done.job.state, done.code, done.job.outcome["code"]) == ("failed", "plan_stale", "failed_before_start")
    assert "from aaa1 to bbb2" in done.job.error["detail"]
    assert scene.ask("select to_regclass('b') is null")
    database = await scene.database()
    assert (database.heads, database.trusted) == (["bbb2"], True)


async def test_an_upgrade_that_nobody_confirmed_is_planned_again_under_the_lock_and_says_so(scene: Any) -> None:
    await at_aaa1(scene)
    key = await scene.queue_job("upgrade", "head")
    before = (await scene.finished(key)).job.plan_id
    moved_by_a_terminal(scene, "bbb2")
    await run_job(scene.room, key)
    done = await scene.finished(key)
    assert (done.job.state, done.job.outcome["code"]) == ("succeeded", "nothing_to_do")
    assert done.job.plan_id != before
    assert ((await applied(scene, done)).heads, (await applied(scene, done)).steps) == (["bbb2"], [])
    assert "Planned again under the lock" in done.told


async def test_a_downgrade_that_waited_while_the_database_moved_does_not_run(scene: Any) -> None:
    await at_aaa1(scene)
    first = await scene.queue_job("upgrade", "head")
    second = await scene.queue_job("downgrade", "-1")
    await run_job(scene.room, first)
    await run_job(scene.room, second)
    done = await scene.finished(second)
    assert (done.job.state, done.code) == ("failed", "plan_stale")
    assert scene.ask("select version_num from alembic_version") == "bbb2"


async def test_a_database_that_was_never_read_is_planned_under_the_lock(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    assert (await scene.finished(key)).job.plan_id is None
    await run_job(scene.room, key)
    done = await scene.finished(key)
    assert done.job.state == "succeeded"
    assert [step["revision"] for step in (await applied(scene, done)).steps or []] == ["aaa1", "bbb2"]


async def test_a_target_that_cannot_be_reached_from_where_the_database_is_runs_no_code(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("downgrade", "-2")
    await run_job(scene.room, key)
    done = await scene.finished(key)
    assert (done.job.state, done.code) == ("failed", "relative_out_of_range")
    assert (await scene.database()).heads == []


async def test_an_env_py_that_chooses_revisions_of_its_own_is_stopped_before_it_runs_them(scene: Any) -> None:
    scene.commit(two_tables(), env=GOES_FURTHER + ENV_PY)
    await scene.fetch()
    await scene.read()
    done = await scene.run("upgrade", "aaa1")
    assert (done.job.state, done.code) == ("failed", "not_planned"), (done.job.error, done.told)
    assert "bbb2" in done.job.error["detail"]
    assert scene.ask("select to_regclass('a') is null")


async def test_a_bootstrap_of_an_empty_database_is_part_of_its_plan(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await scene.change(bootstrap_command=["alembic", "upgrade", "aaa1"])
    await scene.read()
    made = await scene.plan("upgrade", "head")
    assert made.bootstrap == ["alembic", "upgrade", "aaa1"]
    async with scene.room.database.everything() as session:
        (await session.scalars(select(Environment))).one().bootstrap_command = ["alembic", "upgrade", "head"]
    key = await scene.queue_job("upgrade", "head")
    await run_job(scene.room, key)
    assert (await scene.finished(key)).job.state == "succeeded"


async def test_a_run_that_ends_elsewhere_than_its_plan_is_no_success(scene: Any) -> None:
    scene.commit(two_tables(), env=ENV_PY + GOES_BACK)
    await scene.fetch()
    done = await scene.run("upgrade", "head")
    assert (done.job.state, done.code) == ("failed", "not_as_planned"), done.job.error
    assert done.job.heads_after == ["aaa1"]


async def test_a_downgrade_runs_the_code_of_an_earlier_commit_that_still_has_the_revision(scene: Any) -> None:
    await at_aaa1(scene)
    earlier = await newest(scene)
    assert (await scene.run("upgrade", "head")).job.heads_after == ["bbb2"]
    scene.commit({"aaa1": two_tables()["aaa1"]})
    await scene.fetch()
    assert (await newest(scene)).sha != earlier.sha
    with pytest.raises(Conflict, match="a revision that this commit does not have"):
        await scene.plan("downgrade", "aaa1")

    made = await scene.plan("downgrade", "aaa1", commit=earlier.sha)
    assert (made.commit_sha, made.commit_chosen, made.heads_after) == (earlier.sha, True, ["aaa1"])
    key = await scene.queue_job("downgrade", plan=made.id)
    await run_job(scene.room, key)
    done = await scene.finished(key)
    assert (done.job.state, done.job.heads_after, done.job.commit_sha) == ("succeeded", ["aaa1"], earlier.sha)
    assert scene.ask("select to_regclass('b') is null and to_regclass('a') is not null")
    assert f"the code of commit {earlier.sha[:12]}" in done.told


async def test_a_plan_with_an_earlier_commit_still_holds_or_not_by_where_the_database_is(scene: Any) -> None:
    await at_aaa1(scene)
    earlier = await newest(scene)
    await scene.run("upgrade", "head")
    scene.commit({"aaa1": two_tables()["aaa1"]})
    await scene.fetch()
    made = await scene.plan("downgrade", "aaa1", commit=earlier.sha)
    key = await scene.queue_job("downgrade", plan=made.id)
    moved_by_a_terminal(scene, "aaa1")
    await run_job(scene.room, key)
    done = await scene.finished(key)
    assert (done.job.state, done.code) == ("failed", "plan_stale")
    assert scene.ask("select to_regclass('b') is not null")


async def test_a_stamp_from_a_revision_that_the_code_does_not_have_replaces_its_row(scene: Any) -> None:
    await at_aaa1(scene)
    moved_by_a_terminal(scene, "zzz9")
    await scene.read()
    with pytest.raises(Conflict, match="a revision that this commit does not have"):
        await scene.run("upgrade", "head")
    made = await scene.plan("stamp", "aaa1")
    assert (made.heads, made.heads_after, made.purges) == (["zzz9"], ["aaa1"], True)
    done = await scene.run("stamp", "aaa1")
    assert (done.job.state, done.job.heads_after) == ("succeeded", ["aaa1"])
    assert not (await applied(scene, await scene.run("stamp", "bbb2"))).purges
    assert scene.ask("select string_agg(version_num, ',') from alembic_version") == "bbb2"
