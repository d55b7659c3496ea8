"""DATABASE_REPLICA_URL: long lists come from a real replica, and are never older than what was committed before."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.engine import make_url

from stillroom_core.audit.models import AuditEntry
from stillroom_core.database import Database, Session, make_engine
from stillroom_core.databases.models import Database as Target
from stillroom_core.jobs import feed
from stillroom_core.jobs.lifecycle import JobState
from stillroom_core.jobs.models import Job, JobStep
from stillroom_core.organizations.models import Organization
from stillroom_core.replica import Replica
from stillroom_core.telemetry import metrics
from stillroom_testing.commits import add_commit
from stillroom_testing.installations import new_installation
from stillroom_testing.replicas import Replicated

OWNER, OTHER = "owner@own.example", "owner@other.example"
SHOP = "/api/orgs/own/projects/shop"


@pytest.fixture(scope="module")
def installation(replicated: Replicated, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of an installation whose PostgreSQL has a replica."""
    given = new_installation(
        replicated.primary.new_database("api").url,
        redis_url,
        tmp_path_factory.mktemp("data"),
        STILLROOM_PUBLIC_URL="http://testserver",
        STILLROOM_WEB_DIR="",
        STILLROOM_SMTP_URL="smtp://127.0.0.1:1",
    )
    replica = make_url(given["DATABASE_URL"]).set(port=replicated[0].port)
    return {**given, "DATABASE_REPLICA_URL": replica.render_as_string(hide_password=False)}


@pytest.fixture
async def worker(api: Any, installation: dict[str, str]) -> AsyncIterator[Database]:
    """Another process that writes."""
    made = Database(make_engine(installation["DATABASE_URL"], pool_size=1))
    yield made
    await made.close()


@pytest.fixture
async def paths(api: Any) -> dict[str, str]:
    """The long lists, of a project with one job."""
    await add_commit(api.app.state.context.database, "own", {"aaaa1111": ()})
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Target).where(Target.name == "db-mine").values(heads=[]))
    job = await started(api)
    places = (await api.call(OWNER, "GET", f"{SHOP}/environments")).json()["items"]
    database = places[0]["databases"][0]["id"]
    return {
        "jobs": "/api/jobs?org=own",
        "audit": "/api/orgs/own/audit",
        "ledger": f"{SHOP}/environments/dev/databases/{database}/ledger",
        "events": f"/api/jobs/{job}/events",
    }


async def started(api: Any) -> str:
    body = {"project": "own/shop", "environment": "dev", "revision": "head"}
    answer = await api.call(OWNER, "POST", "/api/migrations/upgrade", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def listed(api: Any, path: str) -> list[dict[str, Any]]:
    answer = await api.call(OWNER, "GET", path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def by_replica() -> float:
    """How many lists a replica has answered."""
    samples = [sample for metric in metrics.LISTS.collect() for sample in metric.samples]
    return sum(one.value for one in samples if one.labels.get("outcome") == "replica" and one.name.endswith("total"))


async def from_replica(api: Any, path: str) -> list[dict[str, Any]]:
    """The list, once the replica answers it."""
    async with asyncio.timeout(60):
        while True:
            before = by_replica()
            found = await listed(api, path)
            if by_replica() > before:
                return found


def event(number: int) -> feed.Event:
    return feed.Event(seq=number, at=datetime.now(UTC), type="line", data={"text": f"line {number}"})


async def write_events(worker: Database, path: str, *numbers: int) -> None:
    key = UUID(path.split("/")[3])
    async with worker.everything() as session:
        organization_id = (await session.scalars(select(Job.organization_id).where(Job.id == key))).one()
        await feed.store(session, organization_id, key, [event(number) for number in numbers])


async def end_job(worker: Database, path: str) -> None:
    """What the ledger shows: a job that ran, with a revision."""
    key, at = UUID(path.split("/")[3]), datetime.now(UTC)
    async with worker.everything() as session:
        ended = {"state": JobState.SUCCEEDED, "started_at": at, "finished_at": at}
        await session.execute(update(Job).where(Job.id == key).values(**ended))
        organization_id = (await session.scalars(select(Job.organization_id).where(Job.id == key))).one()
        step = {"job_id": key, "position": 50, "organization_id": organization_id, "kind": "revision"}
        session.add(JobStep(**step, revision="aaaa1111", title="aaaa1111", state="done"))


async def test_a_stranger_sees_no_list_and_a_foreigner_none_of_ours(api: Any, paths: dict[str, str]) -> None:
    for path in paths.values():
        assert (await api.call(None, "GET", path)).status_code == 401
        assert (await api.call(OTHER, "GET", path)).status_code == 404


@pytest.mark.parametrize("name", ["jobs", "audit", "ledger", "events"])
async def test_a_long_list_comes_from_the_replica_as_the_primary_would_give_it(
    api: Any, paths: dict[str, str], worker: Database, name: str
) -> None:
    await write_events(worker, paths["events"], 1, 2)
    await end_job(worker, paths["events"])
    found = await from_replica(api, paths[name])
    assert found
    context = api.app.state.context
    await context.replica.close()
    context.replica = Replica(context.database, None)
    assert await listed(api, paths[name]) == found


async def test_after_ones_own_write_a_list_shows_it_although_nothing_is_replayed(
    api: Any, paths: dict[str, str], replicated: Replicated
) -> None:
    job = paths["events"].split("/")[3]
    assert [one["id"] for one in await from_replica(api, paths["jobs"])] == [job]
    await replicated.pause()
    try:
        assert (await api.call(OWNER, "POST", f"/api/jobs/{job}/cancel")).status_code == 202
        assert [one["state"] for one in await listed(api, paths["jobs"])] == ["cancelled"]
        assert (await listed(api, paths["audit"]))[0]["action"] == "job.cancel"
    finally:
        replicated.resume()
    assert [one["state"] for one in await from_replica(api, paths["jobs"])] == ["cancelled"]


async def test_after_a_workers_write_a_list_shows_it_although_nothing_is_replayed(
    api: Any, paths: dict[str, str], worker: Database, replicated: Replicated
) -> None:
    assert await from_replica(api, paths["events"]) == []
    await replicated.pause()
    try:
        for number in (1, 2):
            await write_events(worker, paths["events"], number)
            assert [one["seq"] for one in await listed(api, paths["events"])] == list(range(1, number + 1))
    finally:
        replicated.resume()
    assert [one["seq"] for one in await from_replica(api, paths["events"])] == [1, 2]


async def test_on_the_replica_postgresql_keeps_tenants_apart_as_on_the_primary(api: Any, paths: dict[str, str]) -> None:
    await from_replica(api, paths["jobs"])
    context = api.app.state.context

    async def jobs(session: Session) -> int:
        return int(await session.scalar(select(func.count()).select_from(Job)) or 0)

    async def owners(session: Session) -> set[UUID]:
        return set(await session.scalars(select(AuditEntry.organization_id)))

    async with context.database.everything() as session:
        own, other = [
            (await session.scalars(select(Organization.id).where(Organization.slug == slug))).one()
            for slug in ("own", "other")
        ]
    answered = by_replica()
    async with context.database.transaction(own) as session:
        assert await context.replica.read(session, jobs) == 1
        assert await context.replica.read(session, owners) == {own}
    async with context.database.transaction(other) as session:
        assert await context.replica.read(session, jobs) == 0
    async with context.database.unscoped() as session:
        assert await context.replica.read(session, jobs) == 0
    assert by_replica() > answered


async def test_whoever_lost_their_rights_is_refused_at_once_although_nothing_is_replayed(
    api: Any, paths: dict[str, str], replicated: Replicated
) -> None:
    await api.person("ann@own.example", "own", "member", "viewer")
    assert (await api.call("ann@own.example", "GET", paths["jobs"])).status_code == 200
    await replicated.pause()
    try:
        members = (await api.call(OWNER, "GET", "/api/orgs/own/members")).json()["items"]
        ann = next(one["id"] for one in members if one["email"] == "ann@own.example")
        assert (await api.call(OWNER, "DELETE", f"/api/orgs/own/members/{ann}")).is_success
        assert (await api.call("ann@own.example", "GET", paths["jobs"])).status_code in (401, 404)
    finally:
        replicated.resume()


async def test_the_service_is_ready_and_its_lists_are_whole_without_the_replica(
    api: Any, paths: dict[str, str]
) -> None:
    context = api.app.state.context
    await context.replica.close()
    nowhere = make_url(context.settings.database_url.get_secret_value()).set(port=1)
    context.replica = Replica(context.database, Database(make_engine(nowhere.render_as_string(hide_password=False))))
    for path in paths.values():
        await listed(api, path)
    assert (await api.client.get("/readyz")).json()["database"] == "ok"
