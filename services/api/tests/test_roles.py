"""What each role may do: the expectation is written by hand, not derived from the code."""

from typing import Any

import pytest

ROLES = ("owner", "admin", "member", "viewer", "operator", "maintainer", "project-admin")
EVERYBODY = frozenset(ROLES)
MANAGERS = frozenset({"owner", "admin"})
SETTERS = MANAGERS | {"project-admin"}
MOVERS = SETTERS | {"operator", "maintainer"}
RESTORERS = SETTERS | {"maintainer"}
READERS = MOVERS | {"viewer"}

PROJECT = "/api/orgs/own/projects/shop"
MOVE = {"project": "own/shop", "environment": "dev", "revision": "head"}
# (method, path, body) → who may; a member without a role in the project does not even see it.
MATRIX: list[tuple[str, str, dict[str, Any] | None, frozenset[str]]] = [
    ("GET", "/api/orgs/own/projects", None, EVERYBODY),
    ("POST", "/api/orgs/own/projects", {"slug": "n", "name": "N", "git_url": "https://g.example/n.git"}, MANAGERS),
    ("GET", PROJECT, None, READERS),
    ("PATCH", PROJECT, {"name": "Renamed"}, SETTERS),
    ("POST", f"{PROJECT}/fetch", None, MOVERS),
    ("GET", f"{PROJECT}/environments", None, READERS),
    ("POST", f"{PROJECT}/environments", {"slug": "qa", "name": "QA"}, SETTERS),
    ("PATCH", f"{PROJECT}/environments/dev", {"name": "Renamed"}, SETTERS),
    (
        "POST",
        f"{PROJECT}/environments/spare/databases",
        {"name": "n", "host": "h.example", "database": "d", "username": "u"},
        SETTERS,
    ),
    ("GET", "/api/migrations/current?project=own/shop", None, READERS),
    ("POST", "/api/migrations/upgrade", MOVE, MOVERS),
    ("POST", "/api/migrations/check", MOVE, MOVERS),
    ("POST", "/api/migrations/downgrade", {**MOVE, "revision": "base"}, RESTORERS),
    ("POST", "/api/migrations/stamp", MOVE, RESTORERS),
    ("GET", "/api/jobs?org=own", None, EVERYBODY),
    ("DELETE", f"{PROJECT}/environments/dev", None, SETTERS),
    ("DELETE", PROJECT, None, MANAGERS),
]


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_may_do_exactly_what_the_matrix_says(api: Any, role: str) -> None:
    email = f"{role}@own.example"
    if role == "admin":
        await api.person(email, "own", "admin")
    elif role != "owner":
        project_role = {"member": None, "project-admin": "admin"}.get(role, role)
        await api.person(email, "own", "member", project_role)
    spare = {"slug": "spare", "name": "Spare"}
    made = await api.call("owner@own.example", "POST", f"{PROJECT}/environments", json=spare)
    assert made.status_code == 201
    for method, path, body, allowed in MATRIX:
        answer = await api.call(email, method, path, json=body)
        if role in allowed:
            # 409: allowed, but the project was never fetched.
            assert answer.status_code in (200, 201, 202, 204, 409), (method, path, answer.text)
        else:
            hidden = role == "member" and path != "/api/orgs/own/projects"
            assert answer.status_code == (404 if hidden else 403), (method, path, answer.text)
            if not hidden:
                assert answer.json()["params"]["permission"] in answer.json()["title"]
