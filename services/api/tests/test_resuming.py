"""Going on with a job that stopped, and who holds the database while a job waits."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from stillroom_core.databases.models import Database
from stillroom_core.jobs.models import Job
from stillroom_core.tables import now
from stillroom_testing.commits import add_commit

OWNER = "owner@own.example"
MOVE = {"project": "shop", "environment": "dev"}
HISTORY = {"aaa1": (), "bbb2": ("aaa1",), "ccc3": ("bbb2",), "ddd4": ("ccc3",)}


@pytest.fixture
async def shop(api: Any) -> Any:
    """The project `own/shop`, its database at aaa1."""
    await add_commit(api.app.state.context.database, "own", HISTORY)
    await at(api, "aaa1")
    return api


async def at(api: Any, head: str, **more: Any) -> None:
    async with api.app.state.context.database.everything() as session:
        values = {"heads": [head], "version_tables": [{"table": "alembic_version"}], **more}
        await session.execute(update(Database).where(Database.name == "db-mine").values(**values))


async def start(api: Any, revision: str = "head", kind: str = "upgrade") -> Any:
    return (await api.call(OWNER, "POST", f"/api/migrations/{kind}", json={**MOVE, "revision": revision})).json()


async def put(api: Any, job: Any, **values: Any) -> None:
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Job).where(Job.number == job["number"], Job.id == job["id"]).values(**values))


async def stopped(api: Any, revision: str = "head", state: str = "failed", kind: str = "upgrade") -> Any:
    job = await start(api, revision, kind)
    await put(api, job, state=state, finished_at=now())
    return job


async def resume(api: Any, job: Any, person: str | None = OWNER, path: str = "resume", **body: Any) -> Any:
    return await api.call(person, "POST", f"/api/jobs/{job['id']}/{path}", json=body)


async def test_a_stranger_and_a_viewer_resume_nothing(shop: Any) -> None:
    await shop.person("viewer@own.example", "own", "member", "viewer")
    job = await stopped(shop)
    for path in ("resume", "resume/plan"):
        assert (await resume(shop, job, None, path)).status_code == 401
        assert (await resume(shop, job, "owner@other.example", path)).status_code == 404
        assert (await resume(shop, job, "viewer@own.example", path)).status_code == 403


async def test_a_failed_job_goes_on_from_where_the_database_stands_now(shop: Any) -> None:
    job = await stopped(shop)
    await at(shop, "ccc3")
    seen = (await shop.call(OWNER, "GET", f"/api/jobs/{job['id']}")).json()
    assert (seen["resumable"], "job.upgrade" in seen["permissions"]) == (True, True)
    plan = (await resume(shop, job, path="resume/plan")).json()
    assert [step["revision"] for step in plan["steps"]] == ["ddd4"]
    answer = await resume(shop, job, plan=plan["id"])
    assert answer.status_code == 202, answer.text
    fresh = answer.json()
    assert (fresh["plan_id"], fresh["plan_confirmed"], fresh["revision"]) == (plan["id"], True, "head")
    assert fresh["resumable"] is False


async def test_steps_that_were_counted_lead_to_the_same_place_as_before(shop: Any) -> None:
    job = await stopped(shop, "+2")
    await at(shop, "bbb2")
    fresh = (await resume(shop, job)).json()
    assert fresh["revision"] == "ccc3"
    plan = (await shop.call(OWNER, "GET", f"/api/plans/{fresh['plan_id']}")).json()
    assert [step["revision"] for step in plan["steps"]] == ["ccc3"]


async def test_a_downgrade_that_was_counted_down_to_nothing_goes_on_to_base(shop: Any) -> None:
    await at(shop, "bbb2")
    job = await stopped(shop, "-2", "cancelled", "downgrade")
    await at(shop, "aaa1")
    assert (await resume(shop, job)).json()["revision"] == "base"


@pytest.mark.parametrize("state", ["queued", "running", "succeeded"])
async def test_a_job_that_has_not_stopped_is_not_resumed(shop: Any, state: str) -> None:
    job = await stopped(shop, state=state)
    refused = await resume(shop, job)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_resumable")


async def test_a_lost_job_is_resumed_when_its_database_has_been_read(shop: Any) -> None:
    job = await stopped(shop, state="lost")
    await at(shop, "bbb2", trusted=False)
    assert (await resume(shop, job, path="resume/plan")).json()["code"] == "database_not_read"
    await at(shop, "bbb2", trusted=True)
    assert (await resume(shop, job)).status_code == 202


async def test_a_waiting_job_names_its_place_and_the_person_whose_job_holds_the_database(shop: Any) -> None:
    first, second, third = [await start(shop) for _ in range(3)]
    await put(shop, first, state="running", started_at=now() - timedelta(seconds=5))
    waiting = (await shop.call(OWNER, "GET", f"/api/jobs/{third['id']}")).json()["waiting"]
    holder = waiting["holder"]
    assert (waiting["position"], holder["number"], holder["id"]) == (2, first["number"], first["id"])
    assert (holder["actor"], waiting["session"]) == (first["actor"], None)
    assert (await shop.call(OWNER, "GET", f"/api/jobs/{second['id']}")).json()["waiting"]["position"] == 1


async def test_a_terminal_that_holds_the_database_is_named_to_the_job_and_to_those_behind_it(shop: Any) -> None:
    first, second = [await start(shop) for _ in range(2)]
    session = {"application": "stillroom exec: ann@desk", "username": "ann", "pid": 42, "since": now().isoformat()}
    await put(shop, first, state="running", started_at=now(), waits_for=session)
    for job, position in ((first, 1), (second, 1)):
        waiting = (await shop.call(OWNER, "GET", f"/api/jobs/{job['id']}")).json()["waiting"]
        assert (waiting["position"], waiting["session"]["pid"]) == (position, 42)
        assert waiting["session"]["application"] == "stillroom exec: ann@desk"


async def test_places_of_a_whole_page_take_one_query(shop: Any) -> None:
    for _ in range(8):
        await start(shop)
    asked: list[str] = []
    engine = shop.app.state.context.database.engine.sync_engine

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "FROM jobs" in statement:
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        page = (await shop.call(OWNER, "GET", "/api/jobs?org=own")).json()["items"]
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert [job["waiting"]["position"] for job in page] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert len(asked) == 2, asked


async def test_what_a_job_left_is_told_with_a_sentence(shop: Any) -> None:
    job = await stopped(shop)
    thing = {"what": "invalid_index", "text": 'public."I x"', "revision": "bbb2", "line": None, "certain": True}
    left = [{**thing, "cleanup": 'DROP INDEX CONCURRENTLY public."I x";'}]
    stored = {"committed": ["aaa1"], "committed_count": 1, "current": "bbb2", "left": left, "left_count": 1}
    await put(shop, job, aftermath=stored)
    told = (await shop.call(OWNER, "GET", f"/api/jobs/{job['id']}")).json()["aftermath"]
    assert told["left"] == left
    assert told["sentence"] == "1 revision committed, aaa1 as the last. Of bbb2 one thing remains."
    async with shop.app.state.context.database.everything() as session:
        assert (await session.scalars(select(Job.aftermath).where(Job.number == job["number"]))).first() is not None
