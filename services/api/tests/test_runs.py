"""What jobs did with each revision, as the migrations page tells it."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select, update

from stillroom_core.databases.models import Database
from stillroom_core.jobs.models import Job, JobEvent, JobStep
from stillroom_core.tables import now
from stillroom_testing.commits import add_commit

OWNER = "owner@own.example"
RUNS = "/api/migrations/runs?project=own/shop"


@pytest.fixture
async def shop(api: Any) -> Any:
    """The project `own/shop` with two revisions and an empty database."""
    await add_commit(api.app.state.context.database, "own", {"aaa1": (), "bbb2": ("aaa1",)})
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Database).where(Database.name == "db-mine").values(heads=[]))
    return api


async def ran(api: Any, kind: str, revisions: dict[str, str], state: str = "succeeded") -> UUID:
    """A job as a worker leaves it."""
    body = {"project": "shop", "environment": "dev", "revision": "head" if kind == "upgrade" else "base"}
    async with api.app.state.context.database.everything() as session:
        heads = ["bbb2"] if kind == "downgrade" else []
        await session.execute(update(Database).where(Database.name == "db-mine").values(heads=heads))
    answer = await api.call(OWNER, "POST", f"/api/migrations/{kind}", json=body)
    key = UUID(answer.json()["id"])
    async with api.app.state.context.database.everything() as session:
        job = (await session.scalars(select(Job).where(Job.id == key))).one()
        job.state = state
        if state == "running":
            job.attempt, job.started_at, job.heartbeat_at = job.id, now(), now()
        for position, (revision, step) in enumerate(revisions.items()):
            session.add(
                JobStep(
                    job_id=key,
                    position=position,
                    organization_id=job.organization_id,
                    kind="revision",
                    revision=revision,
                    title=revision,
                    state=step,
                    started_at=now(),
                    duration_ms=12.5 if step == "done" else None,
                )
            )
    return key


@pytest.mark.parametrize("path", [RUNS, "/api/migrations/revisions/aaa1/runs?project=own/shop"])
async def test_a_stranger_sees_no_runs(shop: Any, path: str) -> None:
    assert (await shop.call(None, "GET", path)).status_code == 401
    assert (await shop.call("owner@other.example", "GET", path)).status_code == 404


async def test_the_newest_run_of_each_revision_is_told_with_its_job(shop: Any) -> None:
    first = await ran(shop, "upgrade", {"aaa1": "done", "bbb2": "failed"}, "failed")
    second = await ran(shop, "upgrade", {"bbb2": "done", "ccc3": "pending"})
    jobs = {job["id"]: job for job in (await shop.call(OWNER, "GET", RUNS)).json()["jobs"]}
    assert [run["revision"] for run in jobs[str(first)]["runs"]] == ["aaa1"]
    (run,) = jobs[str(second)]["runs"]
    assert (run["revision"], run["state"], run["duration_ms"]) == ("bbb2", "done", 12.5)
    assert jobs[str(second)]["kind"] == "upgrade"


async def test_every_run_of_a_revision_is_told_newest_first(shop: Any) -> None:
    first = await ran(shop, "upgrade", {"aaa1": "done", "bbb2": "failed"}, "failed")
    second = await ran(shop, "upgrade", {"bbb2": "done"})
    answer = await shop.call(OWNER, "GET", "/api/migrations/revisions/bbb2/runs?project=own/shop")
    assert [(run["job"], run["state"]) for run in answer.json()] == [(str(second), "done"), (str(first), "failed")]
    assert answer.json()[0]["database"] == "db-mine"


async def test_the_statements_of_one_revision_of_a_job_are_told_with_their_ends(shop: Any) -> None:
    key = await ran(shop, "upgrade", {"aaa1": "done", "bbb2": "failed"}, "failed")
    told = [
        ("statement_started", {"n": 1, "sql": "create table a ()", "revision": "aaa1", "line": 12}),
        ("statement_finished", {"n": 1, "ms": 3.5, "rows": 0}),
        ("statement_started", {"n": 2, "sql": "create table b ()", "revision": "bbb2"}),
        ("statement_failed", {"n": 2, "ms": 1.0, "message": "relation exists"}),
    ]
    async with shop.app.state.context.database.everything() as session:
        job = (await session.scalars(select(Job).where(Job.id == key))).one()
        for seq, (kind, data) in enumerate(told, 1):
            session.add(
                JobEvent(job_id=key, seq=seq, organization_id=job.organization_id, at=now(), type=kind, data=data)
            )
    path = f"/api/jobs/{key}/revisions/{{}}/statements"
    assert (await shop.call(None, "GET", path.format("aaa1"))).status_code == 401
    (one,) = (await shop.call(OWNER, "GET", path.format("aaa1"))).json()
    assert (one["sql"], one["line"], one["ms"], one["failed"]) == ("create table a ()", 12, 3.5, None)
    (two,) = (await shop.call(OWNER, "GET", path.format("bbb2"))).json()
    assert (two["failed"], two["line"]) == ("relation exists", None)


async def test_a_running_job_tells_its_revision_and_many_jobs_need_no_more_queries(shop: Any) -> None:
    key = await ran(shop, "upgrade", {"aaa1": "done", "bbb2": "running"}, "running")
    current = (await shop.call(OWNER, "GET", "/api/migrations/current?project=own/shop")).json()
    job = current["environments"][0]["databases"][0]["job"]
    assert (job["id"], job["running"]["revision"]) == (str(key), "bbb2")

    statements: list[str] = []
    engine = shop.app.state.context.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    one = (await shop.call(OWNER, "GET", "/api/jobs?project=own/shop")).json()
    first = len(statements)
    assert one["items"][0]["running"]["revision"] == "bbb2"
    for _ in range(3):
        await ran(shop, "upgrade", {"aaa1": "done"})
    statements.clear()
    listed = (await shop.call(OWNER, "GET", "/api/jobs?project=own/shop")).json()
    assert [item["running"] for item in listed["items"][:3]] == [None, None, None]
    assert len(statements) == first
