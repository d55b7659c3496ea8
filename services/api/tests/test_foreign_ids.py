"""Ids of another organization in bodies and queries lead nowhere, and change nothing there."""

from typing import Any

import pytest
from sqlalchemy import text

from stillroom_testing.commits import add_commit

OWNER, OTHER = "owner@own.example", "owner@other.example"
MOVE = {"project": "own/shop", "environment": "dev", "revision": "head"}
PLACES = "/projects/shop/environments"
# Whatever stands in the other organization, row by row.
TABLES = ("projects", "environments", "databases", "jobs", "plans", "api_tokens", "memberships", "audit_entries")


@pytest.fixture
async def foreign(api: Any) -> dict[str, str]:
    """What the other organization has."""
    for slug in ("own", "other"):
        await add_commit(api.app.state.context.database, slug, {"aaa1": (), "bbb2": ("aaa1",)})
    async with api.app.state.context.database.everything() as session:
        await session.execute(text("update databases set heads = '[\"aaa1\"]', version_tables = '[]'"))
    place = (await api.call(OTHER, "GET", f"/api/orgs/other{PLACES}")).json()["items"][0]
    theirs = {**MOVE, "project": "other/shop"}
    plan = await api.call(OTHER, "POST", "/api/migrations/plan", json={**theirs, "kind": "upgrade"})
    assert plan.status_code == 201, plan.text
    job = await api.call(OTHER, "POST", "/api/migrations/upgrade", json=theirs)
    account = await api.call(OTHER, "POST", "/api/orgs/other/service-accounts", json={"name": "Theirs"})
    return {
        "project": (await api.call(OTHER, "GET", "/api/orgs/other/projects")).json()["items"][0]["id"],
        "environment": place["id"],
        "database": place["databases"][0]["id"],
        "plan": plan.json()["id"],
        "job": job.json()["id"],
        "account": account.json()["id"],
        "person": (await api.call(OTHER, "GET", "/api/me")).json()["id"],
    }


async def fingerprint(api: Any) -> dict[str, str]:
    """A digest of all rows of the other organization."""
    found = {}
    async with api.app.state.context.database.everything() as session:
        for table in TABLES:
            rows = (
                f"select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {table} t"
                " where organization_id = (select id from organizations where slug = 'other')"
            )
            found[table] = await session.scalar(text(rows))
    return found


async def test_a_foreign_id_in_a_body_is_refused_and_changes_nothing(api: Any, foreign: dict[str, str]) -> None:
    token = {"name": "CI", "permissions": ["job.read"], "expires_in_days": 30}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/api/migrations/upgrade", {**MOVE, "project": foreign["project"]}),
        ("/api/migrations/upgrade", {**MOVE, "environment": foreign["environment"]}),
        ("/api/migrations/upgrade", {**MOVE, "database": foreign["database"]}),
        ("/api/migrations/upgrade", {"project": "own/shop", "environment": "dev", "plan": foreign["plan"]}),
        ("/api/migrations/downgrade", {**MOVE, "revision": "base", "environment": foreign["environment"]}),
        ("/api/migrations/plan", {**MOVE, "kind": "upgrade", "database": foreign["database"]}),
        ("/api/orgs/own/tokens", {**token, "projects": [foreign["project"]]}),
        ("/api/orgs/own/tokens", {**token, "projects": ["shop"], "environments": [foreign["environment"]]}),
        ("/api/orgs/own/tokens", {**token, "projects": ["shop"], "owner": foreign["account"]}),
        ("/api/orgs/own/transfer", {"person": foreign["person"], "current": "correct horse battery"}),
    ]
    await api.sign_in(OWNER)
    before = await fingerprint(api)
    for path, body in asked:
        answer = await api.call(OWNER, "POST", path, json=body)
        assert answer.status_code in (404, 422), (path, body, answer.text)
        assert "foreign" not in answer.text, answer.text
    assert await fingerprint(api) == before


async def test_a_foreign_id_in_a_query_shows_nothing(api: Any, foreign: dict[str, str]) -> None:
    asked = [
        ("/api/orgs/own/rights", {"person": foreign["person"]}),
        ("/api/orgs/own/rights", {"project": foreign["project"]}),
        ("/api/orgs/own/rights", {"project": "shop", "environment": foreign["environment"]}),
        ("/api/migrations/history", {"project": foreign["project"]}),
        ("/api/migrations/current", {"project": "own/shop", "environment": foreign["environment"]}),
    ]
    for path, query in asked:
        answer = await api.call(OWNER, "GET", path, params=query)
        assert answer.status_code in (404, 422), (path, query, answer.text)
    lists = [
        ("/api/jobs", {"org": "own", "project": foreign["project"]}),
        ("/api/jobs", {"org": "other"}),
        ("/api/jobs", {"org": "own", "actor": foreign["person"]}),
        ("/api/orgs/own/audit", {"actor": foreign["person"]}),
        ("/api/orgs/own/audit", {"database": foreign["database"]}),
    ]
    for path, query in lists:
        answer = await api.call(OWNER, "GET", path, params=query)
        assert answer.status_code in (404, 422) or answer.json()["items"] == [], (path, query, answer.text)
        assert "foreign" not in answer.text and foreign["job"] not in answer.text
