"""The audit log: one entry for each act and each refusal, in a chain that shows every later change."""

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from stillroom_api.audit.telling import UNTOLD, action_of
from stillroom_api.openapi import routes_of
from stillroom_core.audit.changes import without_secrets
from stillroom_core.audit.models import AuditEntry
from stillroom_core.environments.models import Environment
from stillroom_core.organizations.models import Organization
from stillroom_testing import matrix
from stillroom_testing.commits import add_commit
from stillroom_testing.installations import owner_url

OWNER = "owner@own.example"
AUDIT = "/api/orgs/own/audit"
SHOP = "/api/orgs/own/projects/shop"
# An act ends in an answer like these; what a request only asked for in vain is no act.
ACTED = (200, 201, 202, 204)


async def entries(api: Any, **wanted: Any) -> list[dict[str, Any]]:
    answer = await api.call(OWNER, "GET", AUDIT, params=wanted)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def ids(api: Any) -> dict[str, str]:
    """What the paths of the matrix name."""
    await add_commit(api.app.state.context.database, "own", {"aaa1": (), "bbb2": ("aaa1",)})
    async with api.app.state.context.database.everything() as session:
        organization = await session.scalar(select(Organization.id).where(Organization.slug == "own"))
        stands = "update databases set heads = '[\"aaa1\"]', version_tables = '[]' where organization_id = :own"
        await session.execute(text(stands), {"own": organization})
    places = (await api.call(OWNER, "GET", f"{SHOP}/environments")).json()["items"]
    move = {"project": "own/shop", "environment": "dev", "revision": "head"}
    job = (await api.call(OWNER, "POST", "/api/migrations/upgrade", json=move)).json()
    plan = (await api.call(OWNER, "POST", "/api/migrations/plan", json={**move, "kind": "upgrade"})).json()
    token = (await api.call(OWNER, "POST", "/api/orgs/own/tokens", json=matrix.TOKEN)).json()
    account = (await api.call(OWNER, "POST", "/api/orgs/own/service-accounts", json={"name": "Pipeline"})).json()
    await api.person("z@own.example", "own", "member", "viewer")
    members = (await api.call(OWNER, "GET", "/api/orgs/own/members")).json()["items"]
    group = (await api.call(OWNER, "POST", "/api/orgs/own/groups", json={"name": "Group"})).json()
    invitation = (await api.call(OWNER, "POST", "/api/orgs/own/invitations", json={"role": "member"})).json()
    setup = (await api.call(OWNER, "POST", "/api/orgs/own/setups", json={"git_url": "https://g.example/s.git"})).json()
    draft = (await api.call(OWNER, "POST", f"{SHOP}/drafts", json={"kind": "empty", "message": "m"})).json()
    return {
        "person": next(one["id"] for one in members if one["email"] == "z@own.example"),
        "group": group["id"],
        "invitation": invitation["id"],
        "setup": setup["id"],
        "draft": draft["id"],
        "token": token["id"],
        "account": account["id"],
        "org": "own",
        "project": "shop",
        "environment": "dev",
        "revision": "bbb2",
        "database": places[0]["databases"][0]["id"],
        "job": job["id"],
        "plan": plan["id"],
    }


async def test_a_stranger_sees_nothing_of_the_log(api: Any) -> None:
    for path in ("", "/export", "/verification"):
        assert (await api.call("owner@other.example", "GET", AUDIT + path)).status_code == 404
        assert (await api.call(None, "GET", AUDIT + path)).status_code == 401


async def test_each_route_that_changes_something_writes_exactly_one_entry(api: Any) -> None:
    values = await ids(api)
    seen, asked = set(), 0
    # What removes comes last, from the inside out, so that each finds what it changes; before it a freeze and a second
    # database, after which a move is refused or would have to name the one that it means.
    for row in sorted(
        matrix.MATRIX,
        key=lambda row: (row.method == "DELETE", row.path.endswith(("/databases", "/freezes")), -row.path.count("/")),
    ):
        if row.path in ("/api/orgs/{org}/delete", "/api/orgs/{org}/transfer"):
            continue  # nobody is left who could look, or who could go on
        if row.method == "GET" or "O" not in row.allowed or row.on != "dev" or row.path.startswith("/api/me"):
            continue
        if not set(re.findall(r"\{(\w+)\}", row.path)) <= values.keys():
            continue
        before = (await entries(api, limit=1))[0]["number"]
        path = re.sub(r"\{(\w+)\}", lambda match: values[match.group(1)], row.path)
        answer = await api.call(OWNER, row.method, path, json=row.body)
        written = [entry for entry in await entries(api, limit=5) if entry["number"] > before]
        # No reader stands behind this api; that somebody looked is told before the reader is asked.
        acted = answer.status_code in ACTED or answer.json()["code"] == "reader_away"
        asked += 1
        expected = 1 if acted and row.path not in UNTOLD else 0
        assert len(written) == expected, (row.method, path, answer.status_code, written)
        for entry in written:
            seen.add(entry["action"])
            assert entry["actor"]["name"] == "Owner mine" and entry["outcome"] == "done"
            assert entry["address"] and entry["request_id"] == answer.headers["x-request-id"]
    expected = {"project.create", "environment.change", "database.delete", "job.upgrade", "job.cancel"}
    expected |= {"member.change", "member.remove", "group.rename", "group.add_member", "group.remove_member"}
    expected |= {"invitation.invite", "invitation.send", "invitation.revoke", "project_role.set", "group_role.set"}
    expected |= {"setup.begin", "setup.change", "setup.discard", "draft.ask", "draft.discard"}
    expected |= {"token.create", "token.rotate", "token.revoke", "service_account.create", "organization.change"}
    assert expected <= seen, sorted(seen)
    assert asked >= 40


async def test_an_act_through_a_token_is_told_with_the_token(api: Any) -> None:
    values = await ids(api)
    made = (await api.call(OWNER, "POST", "/api/orgs/own/tokens", json=matrix.TOKEN)).json()
    headers = {"Authorization": f"Bearer {made['token']}"}
    body = {"project": "shop", "environment": "dev", "revision": "head"}
    await api.call(OWNER, "POST", f"/api/jobs/{values['job']}/cancel")
    answer = await api.client.post("/api/migrations/upgrade", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    entry = (await entries(api, action="job.upgrade", limit=1))[0]
    actor = entry["actor"]
    assert (actor["token_id"], actor["token_name"], actor["name"]) == (made["id"], "CI", "Owner mine")
    assert "canary" not in str(entry) and made["token"] not in str(entry)


async def test_every_action_has_a_name_of_its_own_that_says_noun_and_verb(api: Any) -> None:
    named: dict[str, str] = {}
    for route in routes_of(api.app):
        if isinstance(route, APIRoute) and route.methods != {"GET"} and route.path not in UNTOLD:
            action = action_of(route)
            assert re.fullmatch(r"[a-z_]+\.[a-z_]+", action), (action, route.path)
            named[f"{route.methods} {route.path}"] = action
    assert len(named) > 15


async def test_an_entry_tells_what_stood_there_and_what_stands_there_now(api: Any) -> None:
    await api.call(OWNER, "PATCH", f"{SHOP}/environments/dev", json={"lock_timeout_ms": 9000})
    entry = (await entries(api))[0]
    assert entry["action"] == "environment.change" and entry["subject"]["kind"] == "environment"
    assert entry["subject"]["name"] == "dev" and entry["subject"]["project_id"]
    assert (entry["before"], entry["after"]) == (
        {"environment dev": {"lock_timeout_ms": 5000}},
        {"environment dev": {"lock_timeout_ms": 9000}},
    )


async def test_no_secret_gets_into_the_log(api: Any) -> None:
    secret = "canary-9d1c"
    variables = [{"name": "KEY", "value": secret, "secret": True}, {"name": "URL", "value": secret, "secret": False}]
    await api.call(OWNER, "PATCH", f"{SHOP}/environments/dev", json={"variables": variables})
    database = {"name": "n", "host": "h.example", "database": "d", "username": "u", "password": secret}
    await api.call(OWNER, "POST", f"{SHOP}/environments/dev/databases", json=database)
    await api.call(OWNER, "PATCH", SHOP, json={"credential": {"password": secret}})
    for form in ("csv", "jsonl"):
        told = await api.call(OWNER, "GET", f"{AUDIT}/export", params={"form": form})
        assert told.status_code == 200 and "canary" not in told.text
        assert told.text.count("\n") >= 3
    assert without_secrets({"a": {"password": "x", "deep": [{"api_token": "y"}]}, "b": "\0z"}) == {
        "a": {"password": "set", "deep": [{"api_token": "set"}]},
        "b": "z",
    }


async def test_a_refusal_is_told_and_changes_nothing_else(api: Any) -> None:
    await api.person("viewer@own.example", "own", "member", "viewer")
    assert (await api.call("viewer@own.example", "PATCH", SHOP, json={"name": "Mine"})).status_code == 403
    (entry,) = await entries(api, outcome="refused")
    assert (entry["action"], entry["reason"]) == ("project.change", "project.update")
    assert entry["actor"]["name"] == "viewer@own.example" and entry["after"] is None


async def test_what_failed_is_not_told_as_done(api: Any) -> None:
    before = len(await entries(api))
    taken = {"slug": "shop", "name": "Again", "git_url": "https://g.example/x.git"}
    assert (await api.call(OWNER, "POST", "/api/orgs/own/projects", json=taken)).status_code == 409
    assert len(await entries(api)) == before


async def test_entries_are_searched_and_paged(api: Any) -> None:
    for number in range(5):
        await api.call(OWNER, "PATCH", f"{SHOP}/environments/dev", json={"retries": number % 3})
    await api.call(OWNER, "PATCH", SHOP, json={"name": "Other"})
    assert {entry["action"] for entry in await entries(api, action="environment")} == {"environment.change"}
    assert len(await entries(api, q="owner mine project.change")) == 1
    assert await entries(api, q="nobody%") == []
    page = (await api.call(OWNER, "GET", AUDIT, params={"limit": 2})).json()
    older = (await api.call(OWNER, "GET", AUDIT, params={"limit": 2, "before": page["next_before"]})).json()
    numbers = [entry["number"] for entry in page["items"] + older["items"]]
    assert numbers == sorted(numbers, reverse=True) and len(set(numbers)) == 4
    assert (await api.call(OWNER, "GET", AUDIT, params={"limit": 5000})).status_code == 422


async def verified(api: Any) -> dict[str, Any]:
    answer = await api.call(OWNER, "GET", f"{AUDIT}/verification")
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def owner(api: Any) -> Iterator["psycopg.Connection[Any]"]:
    """Whoever owns the table and takes its guards away."""
    with psycopg.connect(owner_url(), autocommit=True) as connection:
        connection.execute("alter table audit_entries disable trigger user")
        yield connection
        connection.execute("alter table audit_entries enable trigger user")


@pytest.mark.parametrize(
    ("tamper", "reason", "at"),
    [
        ("update audit_entries set actor_name = 'Somebody' where id = %(third)s", "changed", 3),
        ("update audit_entries set after = '{}' where id = %(third)s", "changed", 3),
        ("delete from audit_entries where id = %(third)s", "missing", 3),
        (
            """with moved as (update audit_entries set number = number + 1
                 where organization_id = %(own)s and number >= 100 returning 1)
               update audit_entries set previous_hash = sha256('x') where id = %(third)s""",
            "unlinked",
            3,
        ),
    ],
)
async def test_a_changed_removed_or_inserted_entry_is_found(
    api: Any, owner: "psycopg.Connection[Any]", tamper: str, reason: str, at: int
) -> None:
    for number in range(5):
        await api.call(OWNER, "PATCH", f"{SHOP}/environments/dev", json={"retries": (number + 1) % 3})
    assert (await verified(api)) | {"head": ""} == {
        "holds": True,
        "entries": 6,  # the first is the owner's sign-in
        "head": "",
        "broken_at": None,
        "reason": None,
    }
    async with api.app.state.context.database.everything() as session:
        own = await session.scalar(select(Organization.id).where(Organization.slug == "own"))
        third = await session.scalar(
            select(AuditEntry.id).where(AuditEntry.organization_id == own, AuditEntry.number == 3)
        )
    owner.execute(tamper, {"third": third, "own": own})
    found = await verified(api)
    assert (found["holds"], found["broken_at"], found["reason"]) == (False, at, reason)


async def test_the_service_itself_can_neither_change_nor_remove_an_entry(api: Any) -> None:
    await api.call(OWNER, "PATCH", f"{SHOP}/environments/dev", json={"retries": 1})
    for statement in (update(AuditEntry).values(actor_name="x"), text("delete from audit_entries")):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with api.app.state.context.database.everything() as session:
                await session.execute(statement)
    with psycopg.connect(owner_url(), autocommit=True) as connection:
        for statement in ("update audit_entries set address = ''", "truncate audit_entries"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="neither changed nor removed"):
                connection.execute(statement)


async def test_the_lines_of_the_export_can_be_verified_by_anybody(api: Any) -> None:
    from stillroom_cli.client.audit_chain import follow

    for number in range(3):
        await api.call(OWNER, "PATCH", f"{SHOP}/environments/dev", json={"retries": (number + 1) % 3})
    told = (await api.call(OWNER, "GET", f"{AUDIT}/export", params={"form": "jsonl"})).text
    lines = [json.loads(line) for line in told.splitlines()]
    assert follow(lines).head == (await verified(api))["head"] and follow(lines).broken_at is None
    lines[1]["actor_name"] = "Somebody"
    assert (follow(lines).broken_at, follow(lines).reason) == (2, "changed")
    del lines[1]
    assert (follow(lines).broken_at, follow(lines).reason) == (2, "missing")


async def test_acts_at_the_same_moment_make_one_chain(api: Any) -> None:
    import asyncio

    await api.sign_in(OWNER)
    await asyncio.gather(
        *(
            api.call(OWNER, "POST", f"{SHOP}/environments", json={"slug": f"e{number}", "name": "E"})
            for number in range(6)
        )
    )
    found = await verified(api)
    assert found["holds"], found
    async with api.app.state.context.database.everything() as session:
        made = len(list(await session.scalars(select(Environment.id).where(Environment.slug.like("e_")))))
    assert found["entries"] == made + 1  # and the owner's sign-in
