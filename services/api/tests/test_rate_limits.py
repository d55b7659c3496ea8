"""How many requests one caller may make."""

import re
from typing import Any

import httpx
import pytest

from stillroom_api.main import create_app
from stillroom_api.openapi import routes_of
from stillroom_api.rate_limits import COSTLY, PERSON, SIGNING_IN, RateLimits, policies_of
from stillroom_core.jobs.queue import RecordingQueue
from stillroom_core.settings import get_settings
from stillroom_testing import matrix

OWNER = "owner@own.example"
WRONG = {"email": OWNER, "password": "wrong"}


def left(answer: httpx.Response, policy: str) -> int:
    """What the header says is left of a policy."""
    found = re.search(rf'"{policy}";r=(\d+);t=\d+', answer.headers["ratelimit"])
    assert found is not None, answer.headers["ratelimit"]
    return int(found.group(1))


async def test_every_answer_says_how_much_is_left(api: Any) -> None:
    first, second = [await api.call(OWNER, "GET", "/api/me") for _ in range(2)]
    assert first.headers["ratelimit-policy"] == f'"person";q={PERSON.per_minute};w=60'
    assert left(first, "person") - left(second, "person") == 1
    assert "ratelimit" not in (await api.client.get("/livez")).headers


async def test_beyond_the_limit_a_request_is_refused_with_when_to_come_again(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, other = await api.sign_in(OWNER), await api.sign_in("owner@other.example")
    async with limited(monkeypatch, 3 / PERSON.per_minute) as client:
        answers = [await client.get("/api/me", headers=headers) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        refused = answers[-1]
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "rate_limited"
        assert refused.json()["params"]["policy"] == "person"
        assert refused.json()["request_id"] == refused.headers["x-request-id"]
        assert 1 <= int(refused.headers["retry-after"]) <= 120
        assert left(refused, "person") == 0
        # Another person, and somebody who is not signed in, are counted apart.
        assert (await client.get("/api/me", headers=other)).status_code == 200
        assert (await client.get("/api/auth/options")).status_code == 200


async def test_signing_in_is_limited_more_tightly_and_staying_signed_in_is_not(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with limited(monkeypatch, 3 / SIGNING_IN.per_minute) as client:
        paths = ["sign-in", "sign-up", "forgot", "reset", "verify", "invitations/look"]
        codes = [(await client.post(f"/api/auth/{path}", json={})).status_code for path in paths]
        assert codes == [422, 422, 422, 429, 429, 429]
        assert (await client.post("/api/auth/refresh")).status_code == 401
        waiting = await client.post("/api/auth/terminals/exchange", json={"secret": "x"})
        assert waiting.status_code == 422


async def test_an_api_token_is_counted_by_itself(api: Any) -> None:
    token = (await api.call(OWNER, "POST", "/api/orgs/own/tokens", json=matrix.TOKEN)).json()["token"]
    answer = await api.client.get("/api/orgs/own/projects", headers={"Authorization": f"Bearer {token}"})
    assert answer.headers["ratelimit-policy"].startswith('"token";q=')
    made_up = await api.client.get("/api/me", headers={"Authorization": "Bearer stillroom_x"})
    assert made_up.status_code == 401 and "tokens-of-address" in made_up.headers["ratelimit"]


async def test_while_the_broker_is_away_people_go_on_and_nobody_can_guess(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = await api.sign_in(OWNER)

    async def away(*_: Any) -> Any:
        raise ConnectionError("away")

    monkeypatch.setattr(RateLimits, "_spend", away)
    answer = await api.client.get("/api/me", headers=headers)
    assert answer.status_code == 200 and "ratelimit" not in answer.headers
    refused = await api.client.post("/api/auth/sign-in", json=WRONG)
    assert (refused.status_code, refused.json()["code"]) == (503, "dependency_unavailable")


def test_what_is_called_costly_is_there(api_environment: None) -> None:
    found = set()
    for route in routes_of(create_app(queue=RecordingQueue())):
        path = re.sub(r"\{\w+\}", "x", getattr(route, "path", ""))
        for method in getattr(route, "methods", None) or ():
            scope = {"type": "http", "path": path, "method": method, "headers": [], "client": ("a", 1)}
            if policies_of(scope, get_settings())[:1] and policies_of(scope, get_settings())[0].policy is COSTLY:
                found.add(f"{method} {route.path}")
    assert found >= {
        "POST /api/migrations/plan",
        "POST /api/jobs/{job}/resume/plan",
        "GET /api/jobs/export",
        "GET /api/orgs/{org}/audit/export",
        "GET /api/orgs/{org}/audit/verification",
        "POST /api/orgs/{org}/setups",
        "POST /api/orgs/{org}/setups/{setup}/look",
        "POST /api/orgs/{org}/setups/{setup}/test",
        "POST /api/orgs/{org}/projects/{project}/fetch",
        "POST /api/orgs/{org}/projects/{project}/drafts",
    }
    assert len([one for one in found if one.endswith(("/query", "/query/explain", "/rows", "/rows/export"))]) == 4
    assert not [one for one in found if one.startswith("GET") and not one.endswith(("/export", "/verification"))]


def limited(monkeypatch: pytest.MonkeyPatch, scale: float) -> "Limited":
    monkeypatch.setattr(get_settings(), "rate_limits", scale)
    return Limited()


class Limited:
    """A client of another application with other limits, on the same servers."""

    async def __aenter__(self) -> httpx.AsyncClient:
        app = create_app(queue=RecordingQueue())
        self._life = app.router.lifespan_context(app)
        await self._life.__aenter__()
        await app.state.context.redis.flushdb()
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://testserver")
        return self._client

    async def __aexit__(self, *_: Any) -> None:
        await self._client.aclose()
        await self._life.__aexit__(None, None, None)
