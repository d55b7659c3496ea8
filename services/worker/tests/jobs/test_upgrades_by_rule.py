"""An environment's rule brings each new commit to its databases once, within what its person may do there today."""

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import delete, select, text, update

from stillroom_core.approvals.models import ApprovalRequest
from stillroom_core.audit.models import AuditEntry
from stillroom_core.automatic.models import AutomaticUpgrade
from stillroom_core.automatic.service import due_upgrades
from stillroom_core.jobs.models import Job
from stillroom_core.members.models import Membership, User
from stillroom_core.tables import now
from stillroom_core.telemetry import metrics
from stillroom_testing.explained import explained
from stillroom_testing.installations import owner_url
from stillroom_testing.jobs_scene import Scene, revision, two_tables
from stillroom_worker.rules import upgrade_by_rules
from stillroom_worker.run_job import run_job

FREEZE_LATER = timedelta(hours=2)


@pytest.fixture
async def ruled(scene: Scene) -> Scene:
    """A project that was read, whose database is empty, and an environment with a rule of Ann's."""
    scene.commit(two_tables())
    await scene.fetch()
    await scene.read()
    await scene.set_environment(auto_upgrade=True)
    return scene


async def rows(scene: Scene, table: Any) -> list[Any]:
    async with scene.room.database.everything() as session:
        return list((await session.scalars(select(table).order_by(table.id))).all())


async def due_now(scene: Scene) -> None:
    """The pause before the next try is over."""
    async with scene.room.database.everything() as session:
        await session.execute(update(AutomaticUpgrade).values(next_try_at=now() - timedelta(seconds=1)))


async def outcome(scene: Scene) -> tuple[str, str | None]:
    *_, last = await rows(scene, AutomaticUpgrade)
    return last.state, last.problem and last.problem["code"]


async def test_without_a_rule_a_commit_moves_nothing(scene: Scene) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await scene.read()
    await upgrade_by_rules(scene.room)
    assert (await rows(scene, Job), await rows(scene, AutomaticUpgrade)) == ([], [])


async def test_a_new_commit_is_brought_to_the_database_as_a_job_of_whoever_set_the_rule(ruled: Scene) -> None:
    await upgrade_by_rules(ruled.room)
    [job] = await rows(ruled, Job)
    assert (job.kind, job.revision, job.actor_name) == ("upgrade", "head", "Ann")
    assert job.reason.startswith("By the rule of ")
    await run_job(ruled.room, job.id)
    assert (await ruled.finished(job.id)).job.state == "succeeded"
    ruled.commit(two_tables() | {"ccc3": revision("ccc3", "bbb2", 'op.execute("create table c ()")')})
    await ruled.fetch()
    await upgrade_by_rules(ruled.room)
    second = (await rows(ruled, Job))[-1]
    await run_job(ruled.room, second.id)
    assert ruled.ask("select to_regclass('c') is not null")


async def test_however_often_and_by_how_many_a_commit_is_found_there_is_one_job(ruled: Scene) -> None:
    await asyncio.gather(*(upgrade_by_rules(ruled.room) for _ in range(4)))
    await ruled.fetch()
    await upgrade_by_rules(ruled.room)
    [job] = await rows(ruled, Job)
    await run_job(ruled.room, job.id)
    await upgrade_by_rules(ruled.room)
    assert len(await rows(ruled, Job)) == 1


async def test_a_database_that_has_everything_gets_no_job(ruled: Scene) -> None:
    done = await ruled.run("upgrade", "head")
    assert done.job.state == "succeeded"
    await upgrade_by_rules(ruled.room)
    assert len(await rows(ruled, Job)) == 1
    assert await outcome(ruled) == ("current", None)


async def test_a_job_that_failed_is_not_tried_again_before_there_is_another_commit(ruled: Scene) -> None:
    ruled.commit(two_tables() | {"ccc3": revision("ccc3", "bbb2", 'op.execute("select 1/0")')})
    await ruled.fetch()
    await upgrade_by_rules(ruled.room)
    [job] = await rows(ruled, Job)
    await run_job(ruled.room, job.id)
    assert (await ruled.finished(job.id)).job.state == "failed"
    await upgrade_by_rules(ruled.room)
    assert len(await rows(ruled, Job)) == 1


async def test_it_waits_for_a_change_window_and_starts_when_that_opens(ruled: Scene) -> None:
    opens = now() + FREEZE_LATER
    closes = opens + timedelta(hours=1)
    window = {"days": [opens.weekday()], "opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}"}
    await ruled.change(windows=[window])
    await upgrade_by_rules(ruled.room)
    [row] = await rows(ruled, AutomaticUpgrade)
    assert (row.state, row.problem["code"]) == ("waiting", "window_closed")
    assert timedelta(minutes=1) < row.next_try_at - now() <= timedelta(hours=1)
    await upgrade_by_rules(ruled.room)  # not before its time
    assert (await rows(ruled, Job), (await rows(ruled, AutomaticUpgrade))[0].tries) == ([], 1)
    await ruled.change(windows=[])
    await due_now(ruled)
    await upgrade_by_rules(ruled.room)
    assert len(await rows(ruled, Job)) == 1
    assert await outcome(ruled) == ("started", None)


async def test_what_waited_for_a_commit_that_is_not_the_newest_any_more_is_forgotten(ruled: Scene) -> None:
    first = await ruled.queue_job("upgrade", "aaa1")
    await upgrade_by_rules(ruled.room)
    assert await outcome(ruled) == ("waiting", "database_busy")
    await run_job(ruled.room, first)
    ruled.commit(two_tables() | {"ccc3": revision("ccc3", "bbb2", "pass")})
    newest = (await ruled.fetch()).commit_id
    await upgrade_by_rules(ruled.room)
    [row] = await rows(ruled, AutomaticUpgrade)
    assert (row.commit_id, row.state) == (newest, "started")


async def test_where_others_must_agree_they_are_asked_once(ruled: Scene) -> None:
    await ruled.change(approvals_needed=1)
    await upgrade_by_rules(ruled.room)
    await upgrade_by_rules(ruled.room)
    [request] = await rows(ruled, ApprovalRequest)
    [row] = await rows(ruled, AutomaticUpgrade)
    assert (row.state, row.request_id, await rows(ruled, Job)) == ("asked", request.id, [])


async def test_a_job_that_waits_or_runs_on_the_database_goes_first(ruled: Scene) -> None:
    first = await ruled.queue_job("upgrade", "aaa1")
    await upgrade_by_rules(ruled.room)
    assert await outcome(ruled) == ("waiting", "database_busy")
    await run_job(ruled.room, first)
    await due_now(ruled)
    await upgrade_by_rules(ruled.room)
    assert await outcome(ruled) == ("started", None)


@pytest.mark.parametrize("how", ["left", "disabled"])
async def test_a_rule_whose_person_is_gone_starts_nothing_and_says_so(ruled: Scene, how: str) -> None:
    async with ruled.room.database.everything() as session:
        if how == "left":
            await session.execute(delete(Membership))
        else:
            await session.execute(update(User).values(disabled_at=now()))
    await upgrade_by_rules(ruled.room)
    assert await outcome(ruled) == ("refused", "rule_without_owner")
    told = [one for one in await rows(ruled, AuditEntry) if one.action == "rule.refused"]
    assert (told[-1].outcome, told[-1].after["why"]) == ("found", "rule_without_owner")


async def test_somebody_who_may_not_upgrade_there_any_more_lends_the_rule_nothing(ruled: Scene) -> None:
    async with ruled.room.database.everything() as session:
        await session.execute(update(Membership).values(role="member"))
    await upgrade_by_rules(ruled.room)
    assert (await rows(ruled, Job), (await outcome(ruled))[0]) == ([], "refused")


async def test_a_history_that_was_set_back_moves_no_database_back(ruled: Scene) -> None:
    done = await ruled.run("upgrade", "head")
    assert done.job.state == "succeeded"
    (ruled.versions / "bbb2.py").unlink()
    ruled.commit({"aaa1": two_tables()["aaa1"]})
    await ruled.fetch()
    await upgrade_by_rules(ruled.room)
    assert len(await rows(ruled, Job)) == 1
    assert (await outcome(ruled))[0] == "refused"
    assert ruled.ask("select to_regclass('b') is not null")


# So many environments, each with its database; each five hundredth has a rule.
_ENVIRONMENTS = """
insert into environments
select (jsonb_populate_record(e, jsonb_build_object(
  'id', gen_random_uuid(), 'slug', 'e-' || g, 'name', 'e-' || g, 'position', g, 'auto_upgrade', g %% %(rule)s = 0))).*
from environments e, generate_series(1, %(many)s) g where e.id = (select id from environments order by id limit 1)
"""
_DATABASES = """
insert into databases
select (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(), 'environment_id', e.id))).*
from databases d, environments e where d.id = (select id from databases order by id limit 1) and e.slug like 'e-%'
"""


def copy_places(many: int, *, rule: int) -> None:
    """More environments like the scene's own, a rule on each so manyth."""
    with psycopg.connect(owner_url(), autocommit=True) as connection:
        connection.execute(_ENVIRONMENTS, {"many": many, "rule": rule})
        connection.execute(_DATABASES)
        connection.execute("vacuum analyze projects, environments, databases, automatic_upgrades")


async def test_the_rules_of_a_few_among_ten_thousand_environments_are_found_without_reading_them_all(
    ruled: Scene,
) -> None:
    copy_places(10_000, rule=500)
    database = ruled.room.database

    async def ask() -> None:
        async with database.everything() as session:
            assert len(await due_upgrades(session)) == 21

    found = await explained(database.engine, ask, {"environments", "databases"})
    assert found.faults() == []


async def test_a_rule_whose_row_somebody_holds_keeps_no_other_from_its_turn(ruled: Scene) -> None:
    copy_places(2, rule=1)
    with psycopg.connect(owner_url()) as connection:
        # The first of them: another process deals with its commit, and froze in the middle.
        connection.execute(
            "insert into automatic_upgrades (id, organization_id, database_id, commit_id, commit_sha, state)"
            " select gen_random_uuid(), d.organization_id, d.id, p.commit_id, 'x', 'waiting' from databases d"
            " join projects p on p.id = d.project_id join environments e on e.id = d.environment_id"
            " order by e.position, d.id limit 1"
        )
        await upgrade_by_rules(ruled.room)
        connection.rollback()
    assert len(await rows(ruled, Job)) == 2
    await upgrade_by_rules(ruled.room)
    assert len(await rows(ruled, Job)) == 3


async def test_a_rule_that_cannot_be_understood_is_counted_and_keeps_no_other_from_its_turn(ruled: Scene) -> None:
    copy_places(2, rule=1)
    async with ruled.room.database.everything() as session:
        await session.execute(text("update environments set windows = '[{\"days\": 7}]' where slug = 'e-1'"))
    before = _failures()
    await upgrade_by_rules(ruled.room)
    assert len(await rows(ruled, Job)) == 2
    assert _failures() == before + 1


def _failures() -> float:
    samples = [one for family in metrics.SWEEP_FAILURES.collect() for one in family.samples]
    return sum(one.value for one in samples if one.name.endswith("_total") and one.labels["part"] == "rules")
