"""Every answer names its request, by the id that the caller gave where that is one."""

import re
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from stillroom_api.requests import HUNG_UP, Requests

_NEW = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OWNER = "owner@own.example"


@pytest.mark.parametrize("given", ["ticket-4711", "A" * 64, "0af7651916cd43dd8448eb211c80319c", "a:b.c_d-e"])
async def test_the_id_that_a_caller_gives_is_kept(api: Any, given: str) -> None:
    answer = await api.client.get("/livez", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given", ["", "short", "A" * 65, "line\tfeed-line", 'quote"quote', "ünïcode-id", "-begins-so", "{{7*7}}-x"]
)
async def test_what_is_no_id_is_replaced_by_a_new_one(api: Any, given: str) -> None:
    answer = await api.client.get("/livez", headers={"X-Request-ID": given.encode()})
    assert _NEW.fullmatch(answer.headers["X-Request-ID"])


async def test_a_problem_names_its_request_in_header_and_body(api: Any) -> None:
    answer = await api.client.get("/api/me", headers={"X-Request-ID": "ticket-4711"})
    assert (answer.status_code, answer.headers["X-Request-ID"], answer.json()["request_id"]) == (
        401,
        "ticket-4711",
        "ticket-4711",
    )


async def test_a_mistake_of_ours_is_told_with_the_id_that_the_caller_sees(
    api: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr("stillroom_api.health.isolation_of_workers", broken)
    with pytest.raises(RuntimeError):
        await api.client.get("/readyz", headers={"X-Request-ID": "ticket-4712"})
    (told,) = [record for record in caplog.records if "request.failed" in str(record.msg)]
    assert told.msg["request_id"] == "ticket-4712"  # type: ignore[index]


async def test_requests_of_one_organization_are_told_with_its_id_and_never_its_name(
    api: Any, caplog: pytest.LogCaptureFixture
) -> None:
    key = (await api.call(OWNER, "GET", "/api/me")).json()["organizations"][0]["id"]
    await api.call(OWNER, "GET", "/api/orgs/own/projects")
    told = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    (request,) = [line for line in told if line.get("route") == "/api/orgs/{org}/projects"]
    assert (request["organization"], request["status"]) == (key, 200)


async def test_probes_that_go_well_are_no_news(api: Any, caplog: pytest.LogCaptureFixture) -> None:
    await api.client.get("/livez")
    told = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert [line for line in told if line.get("route") == "/livez"] == []


async def test_whoever_hangs_up_before_the_answer_is_told_as_such_and_not_as_an_error_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def answers_nothing(_scope: Scope, receive: Receive, _send: Send) -> None:
        assert (await receive())["type"] == "http.disconnect"

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def nobody(_message: Message) -> None:
        raise AssertionError("nobody is there to hear it")

    await Requests(answers_nothing)({"type": "http", "method": "GET", "path": "/", "headers": []}, gone, nobody)
    (request,) = [line for record in caplog.records if isinstance(line := record.msg, dict)]
    assert request["status"] == HUNG_UP
