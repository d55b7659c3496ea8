"""Whose turn it is, and how many may run at once: decided in the rows, whatever the broker says first."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import delete, select, update

from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.jobs.lifecycle import JobState
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.presence import Worker, leave, say
from stillroom_core.jobs.queue import RUN_JOB
from stillroom_core.keys import new_key
from stillroom_core.organizations.models import Organization
from stillroom_core.projects.models import Commit, Project
from stillroom_core.settings import get_settings
from stillroom_core.tables import now
from stillroom_testing.jobs_scene import two_tables
from stillroom_worker.claims import claim
from stillroom_worker.sweep import sweep
from stillroom_worker.take_turn import take_turn
from stillroom_worker.turns import next_in_turn


@pytest.fixture
async def queued(scene: Any) -> Any:
    """Makes a queued job on a database of its own, of the scene's organization or of another; gives its id."""
    scene.commit(two_tables())
    await scene.fetch()
    made: dict[str, tuple[UUID, UUID, UUID, UUID]] = {}

    async def place(organization: str) -> tuple[UUID, UUID, UUID, UUID]:
        """Organization, project, environment and commit."""
        if organization not in made:
            async with scene.room.database.everything() as session:
                project = (await session.scalars(select(Project).where(Project.slug == "shop"))).first()
                environment = (await session.scalars(select(Environment))).first()
                commit = (await session.scalars(select(Commit))).first()
                keys = [project.organization_id, project.id, environment.id, commit.id]
                if organization != "demo":
                    keys = [new_key() for _ in range(4)]
                    session.add(Organization(id=keys[0], slug=organization, name=organization))
                    await session.flush()
                    session.add(_copy(project, id=keys[1], organization_id=keys[0]))
                    await session.flush()
                    own = {"organization_id": keys[0], "project_id": keys[1]}
                    session.add(_copy(environment, id=keys[2], **own))
                    session.add(_copy(commit, id=keys[3], **own))
                    await session.flush()
                made[organization] = (keys[0], keys[1], keys[2], keys[3])
        return made[organization]

    async def queue(organization: str = "demo", *, host: str = "127.0.0.1") -> UUID:
        own, project_id, environment_id, commit_id = await place(organization)
        async with scene.room.database.everything() as session:
            first = (await session.scalars(select(Database))).first()
            key = new_key()
            database = _copy(
                first,
                id=key,
                organization_id=own,
                project_id=project_id,
                environment_id=environment_id,
                name=str(key),
                host=host,
                trusted=True,
                password_sealed=None,
            )
            session.add(database)
            await session.flush()
            numbers = await session.scalars(select(Job.number).order_by(Job.number.desc()).limit(1))
            job = Job(
                id=new_key(),
                organization_id=own,
                project_id=project_id,
                environment_id=environment_id,
                database_id=database.id,
                number=(numbers.first() or 0) + 1,
                kind="current",
                state=JobState.QUEUED.value,
                actor_name="Ann",
                commit_id=commit_id,
                commit_sha="a" * 40,
                ref="main",
            )
            session.add(job)
            return job.id

    yield queue
    async with scene.room.database.everything() as session:
        await session.execute(delete(Organization).where(Organization.slug != "demo"))


def _copy(row: Any, **changed: Any) -> Any:
    values = {attribute.key: getattr(row, attribute.key) for attribute in row.__mapper__.column_attrs}
    return type(row)(**{**values, **changed})


async def begin(scene: Any, key: UUID) -> None:
    """As if a worker had claimed it."""
    async with scene.room.database.everything() as session:
        values = {"state": JobState.RUNNING.value, "heartbeat_at": now(), "started_at": now(), "attempt": new_key()}
        await session.execute(update(Job).where(Job.id == key).values(**values))


async def following(scene: Any, hint: UUID | None = None) -> UUID | None:
    async with scene.room.database.everything() as session:
        found: UUID | None = await next_in_turn(session, scene.room.settings, hint=hint)
        return found


async def test_the_organization_with_the_fewest_running_jobs_is_next(scene: Any, queued: Any) -> None:
    flood = [await queued() for _ in range(5)]
    assert await following(scene) == flood[0]
    await begin(scene, flood[0])
    late = await queued("late")
    assert await following(scene, hint=flood[1]) == late
    await begin(scene, late)
    assert await following(scene) == flood[1]  # one each: now the older one
    third = await queued("third")
    assert await following(scene, hint=flood[1]) == third


async def test_where_nothing_runs_the_organization_that_was_served_longest_ago_is_next(scene: Any, queued: Any) -> None:
    flood = [await queued() for _ in range(3)]
    late = await queued("late")
    for key in (flood[0], late):
        await begin(scene, key)
        async with scene.room.database.everything() as session:
            await session.execute(update(Job).where(Job.id == key).values(state=JobState.SUCCEEDED.value))
    assert await following(scene, hint=flood[2]) == flood[2]
    await begin(scene, flood[2])
    async with scene.room.database.everything() as session:
        await session.execute(update(Job).where(Job.id == flood[2]).values(state=JobState.FAILED.value))
    again = await queued("late")
    assert await following(scene, hint=flood[1]) == again


async def test_of_one_organization_the_hinted_job_goes_first(scene: Any, queued: Any) -> None:
    first, second = await queued(), await queued()
    assert await following(scene) == first
    assert await following(scene, hint=second) == second


async def test_nothing_is_next_on_a_database_that_is_busy_or_in_doubt(scene: Any, queued: Any) -> None:
    key = await queued()
    async with scene.room.database.everything() as session:
        database_id = (await session.get_one(Job, key)).database_id
        await session.execute(update(Database).where(Database.id == database_id).values(trusted=False))
    assert await following(scene) is None


async def test_an_organization_never_has_more_running_than_its_bound_although_many_claim_at_once(
    scene: Any, queued: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "organization_jobs", 2)
    keys = [await queued() for _ in range(6)]
    other = await queued("other")
    claimed = await asyncio.gather(*(claim(scene.room, key) for key in keys))
    assert sum(one is not None for one in claimed) == 2
    assert await following(scene) == other
    assert await claim(scene.room, other) is not None
    assert await following(scene) is None


async def test_a_server_never_has_more_running_than_its_bound_of_all_organizations_together(
    scene: Any, queued: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "server_jobs", 2)
    keys = [await queued(), await queued(), await queued("other"), await queued("other")]
    elsewhere = await queued(host="elsewhere.example")
    claimed = await asyncio.gather(*(claim(scene.room, key) for key in keys))
    assert sum(one is not None for one in claimed) == 2
    assert await following(scene) == elsewhere


async def test_a_message_about_a_job_of_a_flood_runs_whose_turn_it_is(
    scene: Any, queued: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[UUID] = []

    async def run(_room: Any, key: UUID) -> bool:
        ran.append(key)
        return True

    monkeypatch.setattr("stillroom_worker.take_turn.run_job", run)
    flood = [await queued() for _ in range(3)]
    await begin(scene, flood[0])
    late = await queued("late")
    await take_turn(scene.room, flood[1])
    assert ran == [late]
    unknown = new_key()
    await take_turn(scene.room, unknown)  # about nothing: nobody else's turn comes by it
    assert ran == [late, unknown]


async def rung(scene: Any) -> list[UUID]:
    """About which jobs a sweep sends messages."""
    scene.queue.rings.clear()
    await sweep(scene.room)
    return [ring.key for ring in scene.queue.rings if ring.task == RUN_JOB]


@contextmanager
def worker(scene: Any, **told: Any) -> Iterator[None]:
    """A worker that says this of itself."""
    with Redis.from_url(scene.room.settings.redis_url.get_secret_value()) as broker:
        say(broker, Worker(**{"name": "flood:1", "level": "bare", "queues": ("stillroom",), **told}))
        try:
            yield
        finally:
            leave(broker, "flood:1")


async def test_a_flood_is_told_to_as_many_as_have_a_free_slot_and_to_one_where_nobody_has(
    scene: Any, queued: Any
) -> None:
    flood = [await queued() for _ in range(12)]
    with worker(scene, slots=5, busy=2):
        assert await rung(scene) == flood[:3]
        assert await rung(scene) == flood[3:6]  # the first were told of just now
    with worker(scene, slots=5, busy=5):
        assert await rung(scene) == [flood[6]]
    with worker(scene, slots=5, draining=True), worker(scene, slots=9, level="refused"):
        assert await rung(scene) == [flood[7]]
    assert await rung(scene) == [flood[8]]  # nobody lives: whoever comes finds one message, not thousands


async def test_only_what_could_start_now_is_told_of(scene: Any, queued: Any) -> None:
    runs, waits, doubtful = await queued(), await queued(), await queued()
    free = await queued()
    async with scene.room.database.everything() as session:
        places = {row.id: row.database_id for row in await session.scalars(select(Job))}
        await session.execute(update(Job).where(Job.id == waits).values(database_id=places[runs]))
        await session.execute(
            update(Database)
            .where(Database.id == places[doubtful])
            .values(trusted=False, read_state="running", read_requested_at=now())
        )
    await begin(scene, runs)
    with worker(scene, slots=10):
        assert await rung(scene) == [free]


async def test_what_a_bound_holds_back_is_not_told_of(scene: Any, queued: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _second = await queued(), await queued()
    other = await queued("late")
    await begin(scene, first)
    monkeypatch.setattr(scene.room.settings, "organization_jobs", 1)
    with worker(scene, slots=10):
        assert await rung(scene) == [other]
