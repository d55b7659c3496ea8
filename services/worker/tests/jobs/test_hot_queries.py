"""What is asked all day stays cheap after years: each query is explained by PostgreSQL on a large history."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stillroom_core.actors.repository import actor_in
from stillroom_core.databases.standing import standings
from stillroom_core.installation.standing import leases, running_jobs, waiting_jobs
from stillroom_core.jobs import feed
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.readers import Readers
from stillroom_core.jobs.repository import JobFilter, JobRepository
from stillroom_core.jobs.retention import remove_old_logs
from stillroom_core.jobs.service import choices, list_jobs
from stillroom_core.live.switchboard import Switchboard
from stillroom_core.members.models import User
from stillroom_core.plans.repository import PlanRepository
from stillroom_core.projects.models import Project
from stillroom_testing.explained import explained
from stillroom_testing.installations import owner_url
from stillroom_testing.jobs_scene import Scene, two_tables
from stillroom_testing.many_jobs import analyze, fill
from stillroom_worker.claims import claim
from stillroom_worker.run_job import _ring_next
from stillroom_worker.sweep import sweep
from stillroom_worker.turns import next_in_turn

JOBS, EVENTS = 20_000, 200_000
LARGE = {"jobs", "job_events", "job_steps", "plans"}

_STEPS = """
insert into job_steps (job_id, position, organization_id, kind, revision, title, state)
select id, p, organization_id, 'revision', md5((number / 20 + p)::text), 'A step', 'done'
from jobs, generate_series(0, 2) p where number > 1000000
"""


@pytest.fixture
async def years(scene: Scene) -> AsyncIterator[Scene]:
    """An installation after years; its jobs that have events are `years.old`."""
    scene.commit(two_tables())
    await scene.fetch()
    url = owner_url()
    with psycopg.connect(url, autocommit=True) as connection:
        scene.old = fill(connection, JOBS, EVENTS, each=100, open_jobs=True)  # type: ignore[attr-defined]
        connection.execute(_STEPS)
        analyze(connection)
    yield scene
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("truncate jobs, plans cascade")


async def test_no_query_of_every_day_reads_or_sorts_a_whole_table(years: Scene) -> None:
    scene, old = years, years.old  # type: ignore[attr-defined]
    database = scene.room.database
    engine = database.engine
    async with database.everything() as session:
        actor = await actor_in(session, (await session.scalars(select(User))).one(), slug="demo")
        project = (await session.scalars(select(Project).where(Project.slug == "many-7"))).one()
        middle = (await session.scalars(select(Job.id).order_by(Job.id).offset(JOBS // 2).limit(1))).one()
        waiting = (await session.scalars(select(Job).where(Job.state == "queued").limit(1))).one()

    def asking(ask: Callable[[AsyncSession], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        async def one() -> Any:
            async with database.transaction(actor.organization_id) as session:
                return await ask(session)

        return one

    def everywhere(ask: Callable[[AsyncSession], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        async def one() -> Any:
            async with database.everything() as session:
                return await ask(session)

        return one

    def listing(**wanted: Any) -> Callable[[], Awaitable[Any]]:
        return asking(lambda session: list_jobs(session, actor, JobFilter(**wanted), limit=51))

    def events(key: UUID, after: int) -> Callable[[], Awaitable[Any]]:
        return asking(lambda session: feed.read_events(session, actor.organization_id, key, after=after))

    async def watch(key: UUID) -> None:
        # The page that is shown of a job that has ended: its newest lines, from the number where they begin.
        switchboard = Switchboard(scene.room.settings.redis_url.get_secret_value())
        readers = Readers(database, switchboard, no_look)
        try:
            async with aclosing(readers.follow(actor.organization_id, key)) as batches:
                lines = [line async for batch in batches for line in batch.lines]
        finally:
            await readers.close()
            await switchboard.close()
        assert len(lines) == 100

    async def no_look(_session: AsyncSession, _organization_id: UUID, _job_id: UUID) -> None:
        return None

    questions: dict[str, Callable[[], Awaitable[Any]]] = {
        "jobs of an organization": listing(),
        "the next page": listing(before=middle),
        "of a project": listing(project_id=project.id),
        "the next page of a project": listing(project_id=project.id, before=middle),
        "of an environment": listing(project_id=project.id, environment="prod"),
        "of the environments of one name": listing(environment="prod"),
        "of an environment that is not there": listing(environment="nowhere"),
        "open ones": listing(states=("queued", "running")),
        "failed ones": listing(states=("failed",)),
        "failed ones of a project": listing(project_id=project.id, states=("failed",)),
        "a kind that never was": listing(project_id=project.id, kinds=("stamp",)),
        "of somebody": listing(actor_name="Ann"),
        "of somebody in a project": listing(actor_name="Ann", project_id=project.id),
        "of nobody": listing(actor_name="Nobody"),
        "of a revision": listing(revision="3b712de48137572f3849aabd5666a4e3"),
        "of a revision by its first letters": listing(revision="3b71", environment="prod"),
        "of a day": listing(since=datetime(2023, 11, 14, tzinfo=UTC), until=datetime(2023, 11, 15, tzinfo=UTC)),
        "of a day on which nothing was": listing(since=datetime(2026, 1, 1, tzinfo=UTC), environment="prod"),
        "what a list can be narrowed to": asking(lambda session: choices(session, actor, None)),
        "one job": asking(lambda session: JobRepository(session, actor.organization_id).by_id(old[0])),
        "its steps": asking(lambda session: JobRepository(session, actor.organization_id).steps(old[0])),
        "its events": events(old[0], 0),
        "its last events": events(old[0], 90),
        "where a stream begins": lambda: watch(old[-1]),
        "where databases stand": asking(lambda session: standings(session, actor, project, None)),
        "a plan": asking(lambda session: PlanRepository(session, actor.organization_id).by_id(old[0])),
        "the job of a plan": asking(
            lambda session: PlanRepository(session, actor.organization_id).job_that_applied(old[0])
        ),
        "a repeated request": asking(
            lambda session: JobRepository(session, actor.organization_id).with_idempotency_key("none")
        ),
        "a claim": lambda: claim(scene.room, waiting.id),
        "who is next": lambda: _ring_next(scene.room, waiting),
        "whose turn it is": everywhere(lambda session: next_in_turn(session, scene.room.settings, hint=waiting.id)),
        "how the queue stands": everywhere(waiting_jobs),
        "what runs": everywhere(running_jobs),
        "leases": everywhere(leases),
        "old logs": lambda: remove_old_logs(database, scene.room.settings.log_life * 40),
    }
    await sweep(scene.room)  # once for what years have left; what it does every two seconds is asked below
    with psycopg.connect(owner_url(), autocommit=True) as connection:
        analyze(connection)
    questions["a sweep"] = lambda: sweep(scene.room)
    faults = {
        name: found for name, ask in questions.items() if (found := (await explained(engine, ask, LARGE)).faults())
    }
    assert faults == {}

    # The proof can fail: this would be a scan, and a sort of everything.
    everything = asking(lambda session: session.scalars(select(Job).where(Job.actor_name == "Ann").order_by(Job.ref)))
    # How many rows are sorted is the planner's estimate, which differs by a few from run to run.
    faults = [fault.split(":")[0] for fault in (await explained(engine, everything, LARGE)).faults()]
    assert sorted(re.sub(r"\d+", "N", fault) for fault in faults) == ["reads all of jobs", "sorts N rows"]
