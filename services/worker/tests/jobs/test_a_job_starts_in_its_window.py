"""Jobs that waited until their change window closed, and requests of which something becomes while nobody looks."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from stillroom_core.actors.repository import actor_in
from stillroom_core.approvals.models import ApprovalRequest
from stillroom_core.approvals.service import Move, start_or_ask
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.freezes.models import Freeze
from stillroom_core.jobs.lifecycle import JobKind
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.queue import RUN_JOB
from stillroom_core.members.models import User
from stillroom_core.projects.models import Project
from stillroom_core.tables import now
from stillroom_testing.jobs_scene import Scene, two_tables
from stillroom_worker.run_job import run_job
from stillroom_worker.sweep import sweep


def window(opens_in: timedelta) -> list[dict[str, Any]]:
    """A window of an hour on the day on which it opens, by the clocks of UTC."""
    opens = datetime.now(UTC) + opens_in
    closes = opens + timedelta(hours=1)
    return [{"days": [opens.weekday()], "opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}"}]


async def ready(scene: Scene) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await scene.read()


async def test_a_job_whose_window_closed_before_its_turn_is_not_started_and_says_when_the_next_opens(
    scene: Scene,
) -> None:
    await ready(scene)
    first, second = await scene.queue_job("upgrade", "aaa1"), await scene.queue_job("upgrade", "bbb2")
    await scene.change(windows=window(timedelta(hours=2)))
    scene.queue.rings.clear()
    await run_job(scene.room, first)
    done = await scene.finished(first)
    assert (done.job.state, done.job.outcome["code"], done.job.started_at) == ("cancelled", "window_closed", None)
    opens = datetime.fromisoformat(done.job.outcome["params"]["until"])
    assert timedelta() < opens - now() <= timedelta(hours=2)
    assert [ring.key for ring in scene.queue.rings if ring.task == RUN_JOB] == [second]
    assert scene.ask("select to_regclass('a')") is None
    await scene.change(windows=window(timedelta(minutes=-30)))
    await run_job(scene.room, second)
    assert (await scene.finished(second)).job.state == "succeeded"


async def test_a_freeze_turns_waiting_jobs_away_but_no_reading_and_none_that_was_started_in_spite_of_it(
    scene: Scene,
) -> None:
    await ready(scene)
    spite, turned = await scene.queue_job("upgrade", "aaa1"), await scene.queue_job("upgrade", "bbb2")
    check = await scene.queue_job("current")
    async with scene.room.database.everything() as session:
        place = (await session.scalars(select(Environment))).one()
        freeze = {
            "starts_at": now(),
            "ends_at": now() + timedelta(days=1),
            "reason": "Stocktaking",
            "actor_name": "Ann",
        }
        session.add(Freeze(organization_id=place.organization_id, project_id=place.project_id, **freeze))
        await session.execute(
            update(Job).where(Job.id == spite).values(overrode=["freeze"], override_reason="It burns")
        )
    for key in (spite, turned, check):
        await run_job(scene.room, key)
    ended = [(await scene.finished(key)).job for key in (spite, turned, check)]
    assert [job.state for job in ended] == ["succeeded", "cancelled", "succeeded"]
    assert (ended[1].outcome["code"], ended[1].outcome["params"]["reason"]) == ("frozen", "Stocktaking")


async def asked(scene: Scene) -> ApprovalRequest:
    """A request for one approval that somebody else has given already: Ben, an administrator."""
    from stillroom_core.approvals.service import decide
    from stillroom_core.members.models import Membership

    async with scene.room.database.everything() as session:
        ann = (await session.scalars(select(User))).one()
        actor = await actor_in(session, ann, slug="demo")
        ben = User(email="ben@example.com", name="Ben", password_hash="-", theme="system", token_version=0)
        session.add(ben)
        await session.flush()
        session.add(Membership(organization_id=actor.organization_id, user_id=ben.id, role="admin"))
    async with scene.room.database.transaction(actor.organization_id) as session:
        move = Move(
            project=(await session.scalars(select(Project))).one(),
            environment=(await session.scalars(select(Environment))).one(),
            database=(await session.scalars(select(Database))).one(),
            kind=JobKind.UPGRADE,
            revision="head",
        )
        placed = await start_or_ask(session, actor, move)
        assert hasattr(placed, "request")
    async with scene.room.database.transaction(actor.organization_id) as session:
        by = await actor_in(session, ben, slug="demo")
        await decide(session, by, placed.request.id, approve=True, comment=None)
    return placed.request


async def present(scene: Scene) -> ApprovalRequest:
    async with scene.room.database.everything() as session:
        return (await session.scalars(select(ApprovalRequest))).one()


async def test_an_approved_request_starts_by_itself_when_its_window_opens(scene: Scene) -> None:
    await ready(scene)
    await scene.change(approvals_needed=1, windows=window(timedelta(hours=2)))
    request = await asked(scene)
    await sweep(scene.room)
    assert (await present(scene)).state == "approved"
    await scene.change(windows=window(timedelta(minutes=-30)))
    await sweep(scene.room)
    await sweep(scene.room)
    assert (await present(scene)).state == "started"
    async with scene.room.database.everything() as session:
        (job,) = (await session.scalars(select(Job))).all()
    assert (job.request_id, job.actor_name) == (request.id, "Ann")
    assert len(await scene.audited("request.started")) == 1
    await run_job(scene.room, job.id)
    assert (await scene.finished(job.id)).job.state == "succeeded"


async def test_a_request_becomes_void_by_itself_when_the_database_moves_elsewhere(scene: Scene) -> None:
    await ready(scene)
    await scene.change(approvals_needed=2)
    await asked(scene)
    await sweep(scene.room)
    assert (await present(scene)).state == "open"
    async with scene.room.database.everything() as session:
        await session.execute(update(Database).values(heads=["aaa1"]))
    await sweep(scene.room)
    closed = await present(scene)
    assert (closed.state, closed.ended["code"]) == ("void", "plan_stale")
    assert "moved from base to aaa1" in closed.ended["sentences"][0]


async def test_a_request_expires_by_itself(scene: Scene) -> None:
    await ready(scene)
    await scene.change(approvals_needed=2)
    await asked(scene)
    async with scene.room.database.everything() as session:
        await session.execute(update(ApprovalRequest).values(expires_at=now()))
    await sweep(scene.room)
    assert (await present(scene)).state == "expired"
