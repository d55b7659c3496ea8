"""Every route has exactly one permission or is public; strangers see nothing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute

from stillroom_api.authorization import MARK, PUBLIC, SIGNED_IN, of_oneself, of_platform
from stillroom_api.openapi import routes_of
from stillroom_core.actors.permissions import Permission
from stillroom_core.staff.service import PLATFORM_READ

READING = frozenset({Permission.PROJECT_READ, Permission.JOB_READ, Permission.ORGANIZATION_READ})
DATABASE = "/api/orgs/{org}/projects/{project}/environments/{environment}/databases/{database}"
# A catalogue is read again, not changed.
READ_BY_POST = frozenset({f"{DATABASE}/catalogue/read"})
MIN_ROUTES = 60


def marks(dependant: Any) -> Iterator[str]:
    for dependency in dependant.dependencies:
        mark = getattr(dependency.call, MARK, None)
        if mark is not None:
            yield str(mark)
        yield from marks(dependency)


async def test_every_route_declares_one_permission_or_is_public(api: Any) -> None:
    routes = [route for route in routes_of(api.app) if isinstance(route, APIRoute)]
    assert len(routes) >= MIN_ROUTES
    seen = set()
    for route in routes:
        for method in route.methods:
            seen.add((method, route.path))
            permissions = {mark for mark in marks(route.dependant) if mark != SIGNED_IN}
            signed_in = SIGNED_IN in set(marks(route.dependant))
            if (method, route.path) in PUBLIC:
                assert not permissions and not signed_in, route.path
            elif of_oneself(route.path):
                assert signed_in, route.path  # of oneself, or narrowed by what oneself may see
            else:
                assert signed_in and len(permissions) == 1, route.path
                assert (permissions == {PLATFORM_READ}) == of_platform(route.path), route.path
    assert seen >= PUBLIC


async def test_the_walker_sees_what_openapi_lists(api: Any) -> None:
    walked = {route.path for route in routes_of(api.app) if isinstance(route, APIRoute) and route.include_in_schema}
    assert walked == set(api.app.openapi()["paths"])


async def test_no_changing_route_is_guarded_by_a_reading_permission(api: Any) -> None:
    for route in routes_of(api.app):
        if isinstance(route, APIRoute) and route.methods != {"GET"} and route.path not in READ_BY_POST:
            assert not {Permission(m) for m in marks(route.dependant) if m != SIGNED_IN} & READING, route.path


async def test_there_is_one_websocket(api: Any) -> None:
    sockets = [route.path for route in routes_of(api.app) if isinstance(route, APIWebSocketRoute)]
    assert sockets == ["/api/live"]


async def test_a_stranger_without_a_token_gets_401_everywhere(api: Any) -> None:
    for method, path in _concrete(api):
        answer = await api.call(None, method, path, json={})
        assert answer.status_code == 401, (method, path, answer.text)
        assert answer.json()["code"] == "unauthenticated"


@pytest.mark.parametrize("header", ["Bearer x", "Bearer ", "Basic YTpi", "bearer eyJhbGciOiJub25lIn0.e30."])
async def test_a_made_up_token_gets_401(api: Any, header: str) -> None:
    answer = await api.client.get("/api/me", headers={"Authorization": header})
    assert answer.status_code == 401


async def test_a_token_in_the_address_is_no_token(api: Any) -> None:
    await api.sign_in("owner@own.example")
    answer = await api.client.get("/api/me", params={"token": api.tokens["owner@own.example"]})
    assert answer.status_code == 401


async def test_an_owner_of_another_organization_gets_404_and_sees_no_marker(api: Any) -> None:
    foreign = await _ids(api, "owner@other.example", "other")
    for method, path in _concrete(api, foreign | {"org": "other"}):
        if of_oneself(path):
            continue
        if of_platform(path):  # that there is such a thing is no secret, and nothing in it is anybody's
            assert (await api.call("owner@other.example", method, path)).status_code == 403
            continue
        content = {"project": foreign["project_id"], "environment": "dev", "revision": "head"}
        query = {"project": foreign["project_id"], "environment": "dev"}
        answer = await api.call("owner@own.example", method, path, json=_body(path, content), params=query)
        assert answer.status_code == 404, (method, path, answer.status_code, answer.text)
        assert "foreign" not in answer.text
    assert await _ids(api, "owner@other.example", "other") == foreign


def _body(path: str, content: dict[str, str]) -> dict[str, Any]:
    if path == "/api/migrations/plan":
        return {**content, "kind": "upgrade"}
    if path.startswith("/api/migrations"):
        return content
    if path.endswith("/databases"):
        return {"name": "x", "host": "x.example", "database": "x", "username": "x"}
    if path.endswith("/environments"):
        return {"slug": "x", "name": "X"}
    if path.endswith("/projects"):
        return {"slug": "x", "name": "X", "git_url": "https://x.example/x.git"}
    return {}


def _concrete(api: Any, values: dict[str, str] | None = None) -> list[tuple[str, str]]:
    nobody = "00000000-0000-7000-8000-000000000000"
    given = {
        "job": nobody,
        "plan": nobody,
        "database": nobody,
        "setup": nobody,
        "draft": nobody,
        "webhook": nobody,
        "trust": nobody,
        "delivery": nobody,
        "request": nobody,
        "freeze": nobody,
        "passkey": nobody,
        "revision": "abc",
        **(values or {}),
    }
    found = []
    for route in routes_of(api.app):
        if isinstance(route, APIRoute) and route.path.startswith("/api"):
            path = re.sub(r"\{(\w+)\}", lambda m: given.get(m.group(1), "x"), route.path)
            found += [(method, path) for method in route.methods if (method, route.path) not in PUBLIC]
    return found


async def _ids(api: Any, email: str, org: str) -> dict[str, str]:
    projects = (await api.call(email, "GET", f"/api/orgs/{org}/projects")).json()["items"]
    places = (await api.call(email, "GET", f"/api/orgs/{org}/projects/shop/environments")).json()["items"]
    return {
        "project": "shop",
        "project_id": projects[0]["id"],
        "environment": places[0]["slug"],
        "database": places[0]["databases"][0]["id"],
    }
