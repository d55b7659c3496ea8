"""What others ran, in a job's tree of locks: whoever sees through masks reads it, and nobody else, on no way."""

import json
from typing import Any

import pytest

OWNER, OPERATOR, STRANGER = "owner@own.example", "operator@own.example", "owner@other.example"
SECRET = "ann@example.com"

OWN = {"pid": 1, "query": "alter table clients add column note text"}
LOCKS = {
    "text": "Waits for a lock on clients, held by 2.",
    "own": [OWN],
    "waiting": [OWN],
    "blockers": [{"pid": 2, "query": f"update clients set email = '{SECRET}'"}],
    "blocked": [{"pid": 3, "query": f"select * from clients where email = '{SECRET}'"}],
    "builds": [],
}
PEOPLE_MASKS = "/api/orgs/own/projects/shop/masks"


@pytest.fixture
async def masked(api: Any) -> None:
    """The project masks a column, and has an operator."""
    await api.person(OPERATOR, "own", "member", "operator")
    answer = await api.call(OWNER, "POST", PEOPLE_MASKS, json={"column_name": "email", "kind": "hide"})
    assert answer.status_code == 201, answer.text


def statements(data: dict[str, Any]) -> dict[str, list[Any]]:
    """What is told of each side's sessions."""
    return {side: [session["query"] for session in data[side]] for side in ("own", "waiting", "blockers", "blocked")}


HIDDEN = {"own": [OWN["query"]], "waiting": [OWN["query"]], "blockers": [None], "blocked": [None]}


async def test_a_page_of_events_and_the_log_leave_them_out(api: Any, job: str, worker: Any, masked: None) -> None:
    path = f"/api/jobs/{job}/events"
    assert (await api.call(STRANGER, "GET", path)).status_code == 404
    await worker.tell(await worker.claim(job), ("locks", LOCKS), ("note", {"text": "on"}))
    seen = (await api.call(OPERATOR, "GET", path)).json()["items"]
    assert statements(seen[0]["data"]) == HIDDEN
    assert [session["masked"] for session in seen[0]["data"]["blockers"]] == [True]
    assert seen[0]["data"]["text"] == LOCKS["text"]
    assert seen[1]["data"] == {"text": "on"}
    assert SECRET not in (await api.call(OPERATOR, "GET", f"/api/jobs/{job}/log")).text
    assert (await api.call(OWNER, "GET", path)).json()["items"][0]["data"] == LOCKS


async def test_an_operator_reads_them_where_nothing_is_masked(api: Any, job: str, worker: Any) -> None:
    await api.person(OPERATOR, "own", "member", "operator")
    await worker.tell(await worker.claim(job), ("locks", LOCKS))
    assert (await api.call(OPERATOR, "GET", f"/api/jobs/{job}/events")).json()["items"][0]["data"] == LOCKS


async def test_events_of_the_server_leave_them_out(api: Any, job: str, worker: Any, masked: None) -> None:
    key = await worker.claim(job)
    await worker.tell(key, ("locks", LOCKS))
    await worker.end(key, "succeeded", "nothing_to_do", heads=[])
    told = {}
    for person in (OPERATOR, OWNER):
        headers = {**await api.sign_in(person), "Accept": "text/event-stream"}
        answer = await api.client.get(f"/api/jobs/{job}/events", headers=headers)
        line = next(line for line in answer.text.splitlines() if line.startswith("data: ") and "locks" in line)
        told[person] = json.loads(line.removeprefix("data: "))["data"]
    assert statements(told[OPERATOR]) == HIDDEN
    assert told[OWNER] == LOCKS


async def test_two_who_watch_the_same_job_are_told_what_each_may_read(
    api: Any, replicas: Any, job: str, worker: Any, helpers: Any, masked: None
) -> None:
    key = await worker.claim(job)
    await worker.tell(key, ("locks", LOCKS))
    async with (
        replicas[0].open(await helpers.token_of(api, OPERATOR)) as operator,
        replicas[0].open(await helpers.token_of(api, OWNER)) as owner,
    ):
        for client in (operator, owner):
            await client.subscribe(f"job:{job}")
        for _stored_and_published in range(2):
            assert statements((await operator.take("events"))["items"][0]["data"]) == HIDDEN
            assert (await owner.take("events"))["items"][0]["data"] == LOCKS
            await worker.tell(key, ("locks", LOCKS))


async def test_a_mask_that_is_made_meanwhile_holds_for_who_watches_already(
    api: Any, replicas: Any, job: str, worker: Any, helpers: Any
) -> None:
    await api.person(OPERATOR, "own", "member", "operator")
    key = await worker.claim(job)
    async with replicas[0].open(await helpers.token_of(api, OPERATOR)) as client:
        await client.subscribe(f"job:{job}")
        await worker.tell(key, ("locks", LOCKS))
        assert (await client.take("events"))["items"][0]["data"] == LOCKS
        answer = await api.call(OWNER, "POST", PEOPLE_MASKS, json={"column_name": "email", "kind": "hide"})
        assert answer.status_code == 201
        await worker.tell(key, ("locks", LOCKS))
        assert statements((await client.take("events"))["items"][0]["data"]) == HIDDEN
