"""What comes at the same moment as the move of a project: one of both happens, whole, and the other is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select, text

from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.jobs.models import Job
from stillroom_core.organizations.models import Organization
from stillroom_core.projects.models import Project
from stillroom_testing.waiting import until

from .test_moving_projects import MOVE, OWNER, SHOP, end_jobs, stage

JOB = {"project": "own/shop", "environment": "dev", "revision": "head"}
WAITING = text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")


async def wait_for_locks(api: Any, number: int) -> None:
    """Returns when so many statements wait for somebody's lock."""

    async def wait() -> bool:
        async with api.app.state.context.database.everything() as session:
            return await session.scalar(WAITING) == number

    await until(wait)


@asynccontextmanager
async def numbers_held(api: Any, organization: str) -> AsyncIterator[None]:
    """Until the end, whoever gives jobs their numbers in this organization waits."""
    async with api.app.state.context.database.everything() as holder:
        await holder.execute(select(Organization.id).where(Organization.slug == organization).with_for_update())
        yield


async def state(api: Any) -> tuple[str, list[int]]:
    """Who has the project, and the numbers of its jobs that wait; each of its jobs is of who has it."""
    async with api.app.state.context.database.everything() as session:
        jobs = (await session.scalars(select(Job).order_by(Job.number))).all()
        project = await session.get_one(Project, jobs[0].project_id)
        owner = await session.get_one(Organization, project.organization_id)
        assert {(job.project_id, job.organization_id) for job in jobs} == {(project.id, owner.id)}
        return owner.slug, [job.number for job in jobs if job.state == "queued"]


async def test_a_job_that_comes_while_a_project_moves_is_refused_and_leaves_nothing(api: Any) -> None:
    await stage(api)
    await end_jobs(api)
    # The move holds the project and its databases, and waits for the numbers of who takes it.
    async with numbers_held(api, "second"):
        move = asyncio.create_task(api.call(OWNER, "POST", f"{SHOP}/move", json=MOVE))
        await wait_for_locks(api, 1)
        job = asyncio.create_task(api.call(OWNER, "POST", "/api/migrations/upgrade", json=JOB))
        await wait_for_locks(api, 2)
    moved, refused = await asyncio.gather(move, job)
    assert moved.status_code == 200, moved.text
    assert (refused.status_code, refused.json()["code"]) == (409, "changed_meanwhile")
    assert await state(api) == ("second", [])


async def test_a_move_that_comes_while_a_job_is_made_waits_and_then_names_the_job(api: Any) -> None:
    await stage(api)
    await end_jobs(api)
    # The job has its place in the queue, and waits for the number that its organization gives it.
    async with numbers_held(api, "own"):
        job = asyncio.create_task(api.call(OWNER, "POST", "/api/migrations/upgrade", json=JOB))
        await wait_for_locks(api, 1)
        move = asyncio.create_task(api.call(OWNER, "POST", f"{SHOP}/move", json=MOVE))
        await wait_for_locks(api, 2)
    made, refused = await asyncio.gather(job, move)
    assert made.status_code == 202, made.text
    assert (refused.status_code, refused.json()["code"]) == (409, "jobs_open")
    assert await state(api) == ("own", [made.json()["number"]])


async def test_of_two_moves_at_the_same_moment_one_happens(api: Any) -> None:
    await stage(api)
    await end_jobs(api)
    assert (await api.call(OWNER, "POST", "/api/orgs", json={"slug": "third", "name": "Third"})).status_code == 201
    database = api.app.state.context.database
    async with database.everything() as holder:
        await holder.execute(select(Database.id).with_for_update())
        moves = [
            asyncio.create_task(api.call(OWNER, "POST", f"{SHOP}/move", json=MOVE | {"organization": taker}))
            for taker in ("second", "third")
        ]
        await wait_for_locks(api, 2)
    answers = sorted([(await one).status_code for one in moves])
    assert answers == [200, 404]
    owner, jobs = await state(api)
    assert owner in ("second", "third") and jobs == []


async def test_what_is_changed_while_its_project_moves_is_told_so_and_stays_as_it_was(api: Any) -> None:
    await stage(api)
    await end_jobs(api)
    place = f"{SHOP}/environments/dev"
    async with numbers_held(api, "second"):
        move = asyncio.create_task(api.call(OWNER, "POST", f"{SHOP}/move", json=MOVE))
        await wait_for_locks(api, 1)
        change = asyncio.create_task(api.call(OWNER, "PATCH", place, json={"name": "Renamed"}))
        await wait_for_locks(api, 2)
    moved, refused = await asyncio.gather(move, change)
    assert moved.status_code == 200, moved.text
    assert (refused.status_code, refused.json()["code"]) == (409, "changed_meanwhile")
    async with api.app.state.context.database.everything() as session:
        assert "Renamed" not in (await session.scalars(select(Environment.name))).all()
