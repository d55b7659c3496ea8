"""A project to be over HTTP: typed step by step, kept, looked at, made at the end."""

import asyncio
from typing import Any

from sqlalchemy import select, update

from stillroom_core.jobs.queue import FETCH_PROJECT, LOOK_AT_SETUP, READ_DATABASE, TEST_DATABASE
from stillroom_core.setups import service
from stillroom_core.setups.models import Setup

OWNER = "owner@own.example"
SETUPS = "/api/orgs/own/setups"
URL = {"git_url": "https://git.example/team/billing.git"}
DATABASE = {"host": "db.example", "database": "billing", "username": "billing", "password": "canary-of-a-setup"}
FINDINGS = {
    "commit": {"sha": "a" * 40, "ref": "trunk", "author": "Ann", "authored_at": "2026-01-01T00:00:00Z", "subject": "x"},
    "chains": [],
}
FINISH = {
    "project": {"slug": "billing", "name": "Billing", "config_file": "alembic.ini"},
    "environment": {"slug": "dev", "name": "Dev", "variables": [{"name": "DATABASE_URL", "value": "{{url}}"}]},
    "database": "main",
}


async def begin(api: Any, **content: Any) -> dict[str, Any]:
    made = await api.call(OWNER, "POST", SETUPS, json={**URL, **content})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def found_out(api: Any, key: str) -> None:
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Setup).where(Setup.id == key).values(findings=FINDINGS, look_state="idle"))


async def test_strangers_and_members_without_the_permission_begin_nothing(api: Any) -> None:
    key = (await begin(api))["id"]
    assert (await api.call(None, "POST", SETUPS, json=URL)).status_code == 401
    assert (await api.call("owner@other.example", "GET", f"{SETUPS}/{key}")).status_code == 404
    await api.person("mel@own.example", "own", "member", "admin")
    answer = await api.call("mel@own.example", "POST", SETUPS, json=URL)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")


async def test_a_setup_is_seen_by_the_person_who_began_it_alone(api: Any) -> None:
    key = (await begin(api))["id"]
    await api.person("ada@own.example", "own", "admin")
    assert (await api.call("ada@own.example", "GET", SETUPS)).json()["items"] == []
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/look")):
        answer = await api.call("ada@own.example", method, f"{SETUPS}/{key}{path}", json={})
        assert answer.status_code == 404, (method, path)
    assert [one["id"] for one in (await api.call(OWNER, "GET", SETUPS)).json()["items"]] == [key]


async def test_what_git_must_not_get_is_refused_before_a_worker_sees_it(api: Any) -> None:
    for content in ({"git_url": "--upload-pack=touch"}, {"git_url": "/etc"}, {**URL, "git_ref": "+x"}):
        assert (await api.call(OWNER, "POST", SETUPS, json=content)).status_code == 422, content
    assert api.queue.rings == []


async def test_what_was_typed_is_kept_and_no_secret_comes_back(api: Any) -> None:
    setup = await begin(api, credential={"password": "canary-of-git"})
    path = f"{SETUPS}/{setup['id']}"
    await api.call(OWNER, "PATCH", path, json={"choices": {"name": "Billing"}})
    tested = await api.call(OWNER, "POST", f"{path}/test", json=DATABASE)
    assert tested.status_code == 202, tested.text
    read = await api.call(OWNER, "GET", path)
    assert read.json()["choices"] == {"name": "Billing"}
    assert read.json()["credential_set"] and read.json()["database"]["password_set"]
    assert "canary" not in read.text + tested.text
    assert [ring.task for ring in api.queue.rings] == [LOOK_AT_SETUP, TEST_DATABASE]
    async with api.app.state.context.database.everything() as session:
        row = (await session.scalars(select(Setup))).one()
        assert b"canary" not in row.credential_sealed + row.password_sealed


async def test_choices_are_bounded(api: Any) -> None:
    path = f"{SETUPS}/{(await begin(api))['id']}"
    assert (await api.call(OWNER, "PATCH", path, json={"choices": {"x": "y" * 70_000}})).status_code == 422


async def test_a_database_on_this_machine_or_a_list_of_hosts_is_refused(api: Any) -> None:
    path = f"{SETUPS}/{(await begin(api))['id']}/test"
    for host in ("127.0.0.1", "localhost", "a.example,b.example", "/var/run"):
        answer = await api.call(OWNER, "POST", path, json={**DATABASE, "host": host})
        assert answer.status_code == 422, host


async def test_nothing_is_made_before_the_repository_was_read_and_nothing_twice(api: Any) -> None:
    setup = await begin(api, credential={"password": "token"})
    path = f"{SETUPS}/{setup['id']}"
    early = await api.call(OWNER, "POST", f"{path}/finish", json=FINISH)
    assert (early.status_code, early.json()["code"]) == (409, "not_looked_at")
    await found_out(api, setup["id"])
    await api.call(OWNER, "POST", f"{path}/test", json=DATABASE)
    api.queue.rings.clear()
    made = await api.call(OWNER, "POST", f"{path}/finish", json=FINISH)
    assert made.status_code == 201, made.text
    assert (made.json()["git_ref"], made.json()["credential"]["set"]) == ("trunk", True)
    assert {ring.task for ring in api.queue.rings} == {FETCH_PROJECT, READ_DATABASE}
    places = (await api.call(OWNER, "GET", "/api/orgs/own/projects/billing/environments")).json()["items"]
    assert [(one["name"], one["password"]["set"]) for one in places[0]["databases"]] == [("main", True)]
    again = await api.call(OWNER, "POST", f"{path}/finish", json=FINISH)
    assert (again.status_code, again.json()["code"]) == (409, "setup_ended")
    assert (await api.call(OWNER, "GET", SETUPS)).json()["items"] == []


async def test_all_is_made_or_nothing(api: Any) -> None:
    setup = await begin(api)
    await found_out(api, setup["id"])
    wrong = {**FINISH, "environment": {**FINISH["environment"], "variables": [{"name": "X", "value": "{{nothing}}"}]}}
    answer = await api.call(OWNER, "POST", f"{SETUPS}/{setup['id']}/finish", json=wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_template")
    assert (await api.call(OWNER, "GET", "/api/orgs/own/projects/billing")).status_code == 404
    assert (await api.call(OWNER, "GET", f"{SETUPS}/{setup['id']}")).json()["project"] is None


async def test_a_person_may_have_twenty_open_and_is_told_what_to_do_then(api: Any) -> None:
    keys = [(await begin(api))["id"] for _ in range(20)]
    api.queue.rings.clear()
    refused = await api.call(OWNER, "POST", SETUPS, json=URL)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_setups")
    assert refused.json()["title"] == "You have begun 20 projects and not finished them."
    assert "discard" in refused.json()["fix"]
    assert api.queue.rings == []
    # A colleague still may, and so may the person who discards one.
    await api.person("ada@own.example", "own", "admin")
    assert (await api.call("ada@own.example", "POST", SETUPS, json=URL)).status_code == 201
    assert (await api.call(OWNER, "DELETE", f"{SETUPS}/{keys[0]}")).status_code == 204
    assert (await api.call(OWNER, "POST", SETUPS, json=URL)).status_code == 201


async def test_requests_at_the_same_moment_do_not_pass_the_bound_together(api: Any) -> None:
    for _ in range(17):
        await begin(api)
    answers = await asyncio.gather(*(api.call(OWNER, "POST", SETUPS, json=URL) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [429] * 5


async def test_an_organization_has_a_bound_and_finished_ones_do_not_count(api: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(service, "MOST_OF_ORGANIZATION", 2)
    key = (await begin(api))["id"]
    await api.person("ada@own.example", "own", "admin")
    assert (await api.call("ada@own.example", "POST", SETUPS, json=URL)).status_code == 201
    refused = (await api.call(OWNER, "POST", SETUPS, json=URL)).json()
    assert refused["status"] == 429
    assert refused["title"] == "2 projects of this organization were begun and not finished."
    await found_out(api, key)
    assert (await api.call(OWNER, "POST", f"{SETUPS}/{key}/finish", json=FINISH)).status_code == 201
    assert (await api.call(OWNER, "POST", SETUPS, json=URL)).status_code == 201
