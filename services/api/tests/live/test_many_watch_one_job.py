"""Hundreds watch one job: everybody sees every line once and in order, and the database does not notice."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import text, update

from stillroom_core.jobs import readers
from stillroom_core.jobs.models import Job
from stillroom_core.tables import now

MANY = 150  # at each of two replicas


def line(number: int) -> tuple[str, dict[str, Any]]:
    return "output", {"stream": "stdout", "text": f"line {number}"}


async def follow(replicas: Any, token: str, topic: str, count: int, stack: AsyncExitStack) -> list[Any]:
    """So many clients at each replica, all of which have seen the first line."""
    gate = asyncio.Semaphore(20)

    async def one(replica: Any) -> Any:
        async with gate:
            client = await stack.enter_async_context(replica.open(token))
            await client.send(subscribe=topic, after=0)
            assert (await client.take("events"))["items"][0]["seq"] == 1
            return client

    return await asyncio.gather(*(one(replica) for replica in replicas for _ in range(count)))


async def test_what_follows_costs_the_database_the_same_for_one_watcher_and_for_hundreds(
    replicas: Any, token: str, job: str, worker: Any, helpers: Any, api: Any
) -> None:
    asked: dict[int, int] = {}
    for count in (1, MANY):
        key = await worker.claim(job)
        await worker.tell(key, line(1))
        async with AsyncExitStack() as stack:
            clients = await follow(replicas, token, f"job:{job}", count, stack)
            for replica in replicas:
                replica.queries.clear()
            seen = [asyncio.create_task(client.lines()) for client in clients]
            for number in range(2, 102, 10):
                await worker.tell(key, *map(line, range(number, number + 10)))
            await worker.end(key, "succeeded", "nothing_to_do", heads=[])
            assert [await numbers for numbers in seen] == [list(range(2, 102))] * count * 2
            asked[count] = sum(len(replica.queries) for replica in replicas)
        job = await helpers.start(api)
    # A look at the table more or less, when a moment was slow.
    assert asked[MANY] <= asked[1] + 60, asked
    assert asked[MANY] < MANY, asked


async def test_a_silent_job_is_looked_at_once_for_all_its_watchers(
    replicas: Any, token: str, job: str, worker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "_LOOK_AGAIN", 0.2)
    key = await worker.claim(job)
    await worker.tell(key, line(1))
    async with AsyncExitStack() as stack:
        clients = await follow(replicas[:1], token, f"job:{job}", 40, stack)
        queries = replicas[0].queries
        queries.clear()
        # Stored and never published: only a look finds it.
        await worker.tell(key, line(2), publish=False)
        for client in clients:
            assert (await client.take("events"))["items"][0]["seq"] == 2
        looks = [query for query in queries if "job_events" in query]
        assert 1 <= len(looks) < 40, len(looks)


async def test_a_long_story_is_read_once_for_all_who_come_late(
    api: Any, replicas: Any, token: str, job: str, worker: Any
) -> None:
    await _store(api, job, 8_000)
    async with AsyncExitStack() as stack:
        clients = await asyncio.gather(*(stack.enter_async_context(replicas[0].open(token)) for _ in range(30)))
        replicas[0].queries.clear()
        for client in clients:
            await client.send(subscribe=f"job:{job}", after=3)
        seen = [asyncio.create_task(client.lines()) for client in clients]
        for numbers in seen:
            assert await numbers == list(range(4, 8_001))
        pages = [query for query in replicas[0].queries if "FROM job_events" in query]
        # Those who were in step shared a page; nobody read the story alone.
        assert len(pages) <= 3 * 8_000 / 500, len(pages)


async def test_who_does_not_read_holds_up_nobody_and_gets_everything_when_it_does(
    api: Any, replicas: Any, token: str, job: str, worker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "_WINDOW_LINES", 50)
    key = await worker.claim(job)
    await worker.tell(key, line(1))
    context = replicas[0].app.state.context
    async with context.database.everything() as session:
        organization_id = (await session.get_one(Job, key)).organization_id
    slow = context.readers.follow(organization_id, key)
    first = await anext(slow)
    async with replicas[0].open(token) as quick:
        await quick.send(subscribe=f"job:{job}", after=1)
        for number in range(2, 3002, 100):
            await worker.tell(key, *map(line, range(number, number + 100)))
        while (await quick.take("events"))["items"][-1]["seq"] < 3001:
            pass
        [reader] = context.readers._open.values()
        assert len(reader._window) <= 200
        await worker.end(key, "succeeded", "nothing_to_do", heads=[])
        assert await quick.lines() == []
    numbers = [one.seq for one in first.lines]
    async for batch in slow:
        numbers += [one.seq for one in batch.lines]
    assert numbers == list(range(1, 3002))
    assert context.readers._open == {}, "nobody watches, nobody reads"


async def test_a_stream_goes_on_after_the_number_that_a_client_has(
    replicas: Any, token: str, job: str, worker: Any
) -> None:
    key = await worker.claim(job)
    await worker.tell(key, *map(line, range(1, 11)))
    await worker.end(key, "succeeded", "nothing_to_do", heads=[])
    for after in (0, 7, 10, 99):
        async with replicas[0].open(token) as client:
            await client.send(subscribe=f"job:{job}", after=after)
            assert await client.lines() == list(range(after + 1, 11))


async def test_a_removed_log_ends_at_once(api: Any, replicas: Any, token: str, job: str, worker: Any) -> None:
    await _store(api, job, 2_000)
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Job).values(log_removed_at=now()))
    async with replicas[0].open(token) as client:
        await client.send(subscribe=f"job:{job}", after=0)
        assert await client.lines() == []


async def _store(api: Any, job: str, count: int) -> None:
    """A job that has ended after so many lines."""
    async with api.app.state.context.database.everything() as session:
        await session.execute(
            text(
                "insert into job_events (job_id, seq, organization_id, at, type, data) select j.id, g, "
                "j.organization_id, now(), 'note', jsonb_build_object('text', 'line ' || g) "
                "from jobs j, generate_series(1, :count) g where j.id = :job"
            ),
            {"job": job, "count": count},
        )
        await session.execute(
            update(Job).where(Job.id == job).values(state="succeeded", finished_at=now(), last_seq=count)
        )
