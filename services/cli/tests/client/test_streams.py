"""The live stream: complete and in order, whatever happens to the connection and the server."""

import asyncio
import json
import re

import pytest
from websockets.asyncio.client import connect

from stillroom_cli.client import display
from stillroom_cli.client.connection import Client
from stillroom_cli.client.failures import Refused
from stillroom_cli.client.watching import exit_of, watch
from stillroom_testing.api_server import EMAIL, PASSWORD, ApiServer
from stillroom_testing.paper import Paper
from stillroom_testing.relay import Relay
from stillroom_testing.stand_in_worker import StandInWorker

UPGRADE = {"project": "shop", "environment": "dev", "revision": "heads"}


def printed(numbers: range) -> list[tuple[str, dict[str, object]]]:
    return [("output", {"stream": "stdout", "text": f"line {number:05d}"}) for number in numbers]


def lines_of(paper: Paper) -> list[int]:
    return [int(number) for number in re.findall(r"│ line (\d+)$", paper.getvalue(), re.MULTILINE)]


async def test_a_stream_shows_steps_statements_output_and_the_end(
    client: Client, worker: StandInWorker, paper: Paper
) -> None:
    job = client.post("/api/migrations/upgrade", UPGRADE)
    watching = asyncio.create_task(asyncio.to_thread(watch, client, job["id"], paper))
    await asyncio.to_thread(paper.wait_for, "waiting: for a free worker; place 1 in the queue")
    key = await worker.claim(job["id"])
    step = {
        "position": 1,
        "kind": "revision",
        "revision": "aaaa00000001",
        "title": "customers",
        "detail": None,
    }
    await worker.tell(key, ("step", {**step, "state": "running", "duration_ms": None}))
    await asyncio.to_thread(paper.wait_for, "▸ aaaa00000001  customers")
    await worker.tell(
        key,
        ("statement_started", {"n": 1, "sql": "CREATE TABLE\n  customers ()", "revision": None}),
        ("statement_finished", {"n": 1, "ms": 1234.5, "rows": 3}),
        ("transaction", {"what": "begin", "revision": None}),
        ("transaction", {"what": "commit", "revision": None}),
        ("note", {"code": "x", "text": "Eight of ten."}),
        ("output", {"stream": "stderr", "text": "one\ntwo\n"}),
        ("step", {**step, "state": "done", "duration_ms": 1300.0}),
    )
    await worker.end(key, "succeeded", "upgraded", heads=["aaaa00000001"], done=1, total=1)

    finished = await asyncio.wait_for(watching, 20)

    text = paper.getvalue()
    assert finished["state"] == "succeeded"
    assert exit_of(finished) == 0
    assert re.search(r"0:0\d\.\d +CREATE TABLE customers \(\)  1\.2 s, 3 rows$", text, re.MULTILINE)
    assert re.search(r"│ one\n.*│ two$", text, re.MULTILINE)
    assert "· Eight of ten." in text
    assert "COMMIT" in text
    assert "BEGIN" not in text
    assert "✓ aaaa00000001  customers  1.3 s" in text
    assert "Upgraded to aaaa00000001: 1 of 1 revisions applied." in text.splitlines()[-1]
    assert "isolation: landlock" in text.splitlines()[-1]
    assert "\x1b" not in text


async def test_a_failure_is_told_once_with_cause_and_fix(client: Client, worker: StandInWorker, paper: Paper) -> None:
    job = client.post("/api/migrations/upgrade", UPGRADE)
    key = await worker.claim(job["id"])
    error = {
        "code": "migration_error",
        "title": "The migration raised.",
        "detail": "KeyError: 'x'",
        "fix": "Mend it.",
    }
    await worker.tell(
        key,
        ("statement_started", {"n": 1, "sql": "SELECT wrong", "revision": None}),
        (
            "statement_failed",
            {"n": 1, "ms": 2, "sqlstate": "42703", "message": "no column wrong"},
        ),
        ("error", error),
    )
    await worker.end(key, "failed", "failed_unchanged", error=error, heads=[])

    finished = await asyncio.wait_for(asyncio.to_thread(watch, client, job["id"], paper), 20)

    text = paper.getvalue()
    assert exit_of(finished) == 1
    assert "SELECT wrong  failed after 2 ms" in text
    assert "no column wrong [42703]" in text
    assert text.count("The migration raised.") == 1
    assert "Fix: Mend it." in text
    assert "Failed; the version table is unchanged at base." in text


async def test_a_stream_survives_cut_connections_without_losing_or_repeating_a_line(
    relay: Relay, worker: StandInWorker, paper: Paper
) -> None:
    with Client(relay.url) as client:
        await asyncio.to_thread(client.sign_in, EMAIL, PASSWORD)
        job = await asyncio.to_thread(client.post, "/api/migrations/upgrade", UPGRADE)
        key = await worker.claim(job["id"])
        watching = asyncio.create_task(asyncio.to_thread(watch, client, job["id"], paper))
        for start in range(0, 1200, 300):
            await worker.tell(key, *printed(range(start, start + 200)))
            await asyncio.to_thread(paper.wait_for, f"line {start + 150:05d}")
            relay.cut()
            # Some are stored while nobody listens, some of them without ever being published.
            await worker.tell(key, *printed(range(start + 200, start + 250)), publish=False)
            await worker.tell(key, *printed(range(start + 250, start + 300)))
        await worker.end(key, "succeeded", "upgraded", heads=["dddd00000004"], done=4, total=4)
        finished = await asyncio.wait_for(watching, 60)

    assert finished["state"] == "succeeded"
    assert lines_of(paper) == list(range(1200))
    assert paper.getvalue().count("Connection lost") >= 1
    assert paper.getvalue().count("Connected again.") == paper.getvalue().count("Connection lost")


async def test_a_stream_goes_on_after_the_api_was_killed_and_started_again(
    api_server: ApiServer, client: Client, worker: StandInWorker, paper: Paper
) -> None:
    job = client.post("/api/migrations/upgrade", UPGRADE)
    key = await worker.claim(job["id"])
    watching = asyncio.create_task(asyncio.to_thread(watch, client, job["id"], paper))
    await worker.tell(key, *printed(range(50)))
    await asyncio.to_thread(paper.wait_for, "line 00049")

    api_server.kill()
    try:
        await asyncio.to_thread(paper.wait_for, "Connection lost")
        await worker.tell(key, *printed(range(50, 100)))
    finally:
        await asyncio.to_thread(api_server.start)
    await worker.tell(key, *printed(range(100, 150)))
    await worker.end(key, "succeeded", "upgraded", heads=["dddd00000004"], done=4, total=4)

    finished = await asyncio.wait_for(watching, 60)
    assert finished["state"] == "succeeded"
    assert lines_of(paper) == list(range(150))


async def test_a_statement_that_takes_long_is_shown_while_it_runs(
    client: Client, worker: StandInWorker, paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "_ANNOUNCE_AFTER_SECONDS", 0.1)
    job = client.post("/api/migrations/upgrade", UPGRADE)
    watching = asyncio.create_task(asyncio.to_thread(watch, client, job["id"], paper))
    key = await worker.claim(job["id"])
    await worker.tell(key, ("statement_started", {"n": 1, "sql": "CREATE INDEX CONCURRENTLY x", "revision": None}))
    await asyncio.to_thread(paper.wait_for, "… CREATE INDEX CONCURRENTLY x runs")
    await worker.tell(key, ("statement_finished", {"n": 1, "ms": 61_000, "rows": -1}))
    await worker.end(key, "succeeded", "upgraded", heads=["dddd00000004"], done=4, total=4)

    await asyncio.wait_for(watching, 20)
    assert "CREATE INDEX CONCURRENTLY x  1 m 01 s\n" in paper.getvalue()


async def test_a_stream_that_this_person_may_not_read_any_more_ends_with_a_refusal(
    api_server: ApiServer, worker: StandInWorker, paper: Paper
) -> None:
    with Client(api_server.url) as client:
        client.sign_in(EMAIL, PASSWORD)
        with pytest.raises(Refused, match="does not exist, or you have no access to it") as refused:
            await asyncio.to_thread(watch, client, "01900000-0000-7000-8000-000000000000", paper)
    assert refused.value.status == 404


async def test_a_stream_can_begin_after_a_number(client: Client, worker: StandInWorker, paper: Paper) -> None:
    job = client.post("/api/migrations/upgrade", UPGRADE)
    key = await worker.claim(job["id"])
    await worker.tell(key, *printed(range(10)))
    await worker.end(key, "succeeded", "upgraded", heads=["dddd00000004"], done=4, total=4)

    await asyncio.wait_for(asyncio.to_thread(watch, client, job["id"], paper, after=7), 20)

    assert lines_of(paper) == [7, 8, 9]


async def test_what_a_tenant_prints_cannot_command_the_terminal(
    client: Client, worker: StandInWorker, paper: Paper
) -> None:
    job = client.post("/api/migrations/upgrade", UPGRADE)
    key = await worker.claim(job["id"])
    hostile = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m \u202etxt.exe\rover\x9b5n"
    await worker.tell(
        key,
        ("output", {"stream": "stdout", "text": hostile}),
        ("note", {"code": "x", "text": hostile}),
        ("error", {"code": "x", "title": hostile, "detail": hostile, "fix": hostile}),
    )
    await worker.end(key, "failed", "failed_unchanged", heads=[])

    await asyncio.wait_for(asyncio.to_thread(watch, client, job["id"], paper), 20)

    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", paper.getvalue())
    assert "red  txt.exe" in paper.getvalue()


async def test_two_hundred_watchers_of_one_job_each_see_every_line_once_and_in_order(
    client: Client, worker: StandInWorker
) -> None:
    job = client.post("/api/migrations/upgrade", UPGRADE)
    key = await worker.claim(job["id"])
    await worker.tell(key, *printed(range(1)))
    came = asyncio.Semaphore(0)
    headers = {"Authorization": f"Bearer {client.access_token()}"}
    address = f"{client.url.replace('http', 'ws', 1)}/api/live"

    async def watch_one() -> list[int]:
        seen: list[int] = []
        async with connect(address, additional_headers=headers, proxy=None, open_timeout=60) as socket:
            await socket.send(json.dumps({"subscribe": f"job:{job['id']}"}))
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "events":
                    seen += [event["seq"] for event in message["items"]]
                    came.release()
                elif message["type"] == "end":
                    break
        return seen

    watching = [asyncio.create_task(watch_one()) for _ in range(200)]
    async with asyncio.timeout(60):
        for _ in watching:
            await came.acquire()  # everybody has seen the first line
        for start in range(1, 101, 10):
            await worker.tell(key, *printed(range(start, start + 10)))
        await worker.end(key, "succeeded", "nothing_to_do", heads=[])
        seen = await asyncio.gather(*watching)
    assert seen == [list(range(1, 102))] * 200
