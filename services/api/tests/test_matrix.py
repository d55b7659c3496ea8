"""Every route as everybody, compared with the matrix that was written by hand."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import delete, select, update

from stillroom_api.authorization import PUBLIC, of_oneself, of_platform
from stillroom_api.context import ContextOf, open_transaction
from stillroom_api.openapi import routes_of
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.keys import new_key
from stillroom_core.members.models import EnvironmentMembership, Membership, User
from stillroom_core.organizations.models import Organization
from stillroom_core.providers.models import IdentityProvider, ProviderDomain
from stillroom_core.tables import now
from stillroom_testing import matrix
from stillroom_testing.commits import add_commit

MIN_ROWS = 60
OWNER = "owner@own.example"
# Role in the organization, role in the project.
INSIDE = {
    "A": ("admin", None),
    "M": ("member", None),
    "V": ("member", "viewer"),
    "P": ("member", "operator"),
    "T": ("member", "maintainer"),
    "D": ("member", "admin"),
    "E": ("member", None),
}
PEOPLE = {"O": OWNER, **{letter: f"{letter.lower()}@own.example" for letter in INSIDE}}
OUTSIDE = {"removed@own.example": 404, "disabled@own.example": 401, "owner@other.example": 404, None: 401}


async def rolled_back(context: ContextOf) -> AsyncIterator[Session]:
    """The transaction of a request whose changes are not kept, so that every request finds the same world."""
    async with context.database.sessions() as session:
        transaction = await session.begin()
        yield session
        session.expunge_all()  # a streamed answer is made from rows after their transaction
        await transaction.rollback()


@pytest.fixture
async def world(api: Any) -> dict[str, dict[str, str]]:
    """Everybody of the matrix, signed in; the ids of what the paths name, for dev and for prod."""
    database = api.app.state.context.database
    await add_commit(database, "own", {"aaa1": (), "bbb2": ("aaa1",)})
    made = {"slug": "prod", "name": "Prod", "protected": True}
    await api.call(OWNER, "POST", "/api/orgs/own/projects/shop/environments", json=made)
    await api.call(OWNER, "POST", "/api/orgs/own/projects/shop/environments/prod/databases", json=matrix.DATABASE)
    for letter, (role, project_role) in INSIDE.items():
        await api.person(PEOPLE[letter], "own", role, project_role)
    await api.person("z@own.example", "own", "member", "viewer")
    for email in ("removed@own.example", "disabled@own.example"):
        await api.person(email, "own", "admin")
    for email in (*PEOPLE.values(), *(one for one in OUTSIDE if one)):
        await api.sign_in(email)
    async with database.everything() as session:
        people = {user.email: user for user in await session.scalars(select(User))}
        organization = await session.scalar(select(Organization).where(Organization.slug == "own"))
        dev = await session.scalar(
            select(Environment).where(Environment.slug == "dev", Environment.organization_id == organization.id)
        )
        session.add(
            EnvironmentMembership(
                organization_id=dev.organization_id,
                project_id=dev.project_id,
                environment_id=dev.id,
                user_id=people[PEOPLE["E"]].id,
                role="operator",
            )
        )
        provider = IdentityProvider(
            id=new_key(), organization_id=organization.id, issuer="https://i.example", client_id="c", mapping=[]
        )
        session.add(provider)
        await session.flush()
        domain = {"organization_id": organization.id, "provider_id": provider.id, "domain": "own.example"}
        session.add(ProviderDomain(**domain, proof="stillroom=x"))
        await session.execute(delete(Membership).where(Membership.user_id == people["removed@own.example"].id))
        people["disabled@own.example"].disabled_at = now()
        stands = {"heads": ["aaa1"], "version_tables": [{"schema": "public", "table": "alembic_version"}]}
        await session.execute(update(Database).where(Database.organization_id == organization.id).values(**stands))
    found = {on: await ids(api, on, by) for on, by in (("dev", PEOPLE["P"]), ("prod", OWNER))}
    group = await api.call(OWNER, "POST", "/api/orgs/own/groups", json={"name": "Group"})
    invitation = await api.call(OWNER, "POST", "/api/orgs/own/invitations", json={"role": "member"})
    shared = {
        "person": str(people["z@own.example"].id),
        "group": group.json()["id"],
        "invitation": invitation.json()["id"],
        "domain": "own.example",
    }
    return {on: values | shared for on, values in found.items()}


async def ids(api: Any, on: str, by: str) -> dict[str, str]:
    """What a path on this environment names; its job was started by this person."""
    place = {**matrix.SHOP, "environment": on, "revision": "head"}
    plan = await api.call(OWNER, "POST", "/api/migrations/plan", json={**place, "kind": "upgrade"})
    assert plan.status_code == 201, plan.text
    job = await api.call(by, "POST", "/api/migrations/upgrade", json=place)
    assert job.status_code == 202, job.text
    setup = await api.call(OWNER, "POST", "/api/orgs/own/setups", json={"git_url": "https://g.example/n.git"})
    assert setup.status_code == 201, setup.text
    token = await api.call(OWNER, "POST", "/api/orgs/own/tokens", json=matrix.TOKEN)
    webhook = await api.call(OWNER, "POST", "/api/orgs/own/webhooks", json=matrix.WEBHOOK)
    delivery = await api.call(OWNER, "POST", f"/api/orgs/own/webhooks/{webhook.json()['id']}/test")
    account = await api.call(OWNER, "POST", "/api/orgs/own/service-accounts", json={"name": "Pipeline"})
    trusted = {**matrix.TRUST, "account": account.json()["id"]}
    trust = await api.call(OWNER, "POST", "/api/orgs/own/trusts", json=trusted)
    assert trust.status_code == 201, trust.text
    draft = await api.call(OWNER, "POST", "/api/orgs/own/projects/shop/drafts", json={"kind": "empty", "message": "m"})
    assert draft.status_code == 202, draft.text
    path = f"/api/orgs/own/projects/shop/environments/{on}"
    await api.call(OWNER, "PATCH", path, json={"approvals_needed": 1})
    asked = await api.call(OWNER, "POST", "/api/migrations/upgrade", json={**place, "plan": plan.json()["id"]})
    assert asked.json()["code"] == "approval_needed", asked.text
    await api.call(OWNER, "PATCH", path, json={"approvals_needed": 0})
    freeze = {"ends_at": "2100-01-01T00:00:00Z", "starts_at": "2099-01-01T00:00:00Z", "reason": "r"}
    frozen = await api.call(OWNER, "POST", "/api/orgs/own/projects/shop/freezes", json=freeze)
    assert frozen.status_code == 201, frozen.text
    mask = await api.call(OWNER, "POST", "/api/orgs/own/projects/shop/masks", json={"column_name": f"of_{on}"})
    assert mask.status_code == 201, mask.text
    query = {"name": "Clients", "sql": "select 1", "shared": True}
    kept = await api.call(OWNER, "POST", f"{path}/queries", json=query)
    assert kept.status_code == 201, kept.text
    return {
        "query": kept.json()["id"],
        "mask": mask.json()["id"],
        "request": asked.json()["params"]["request"],
        "freeze": frozen.json()["id"],
        "token": token.json()["id"],
        "trust": trust.json()["id"],
        "webhook": webhook.json()["id"],
        "delivery": delivery.json()["id"],
        "account": account.json()["id"],
        "org": "own",
        "project": "shop",
        "setup": setup.json()["id"],
        "draft": draft.json()["id"],
        "environment": on,
        "database": job.json()["database"]["id"],
        "plan": plan.json()["id"],
        "job": job.json()["id"],
        "revision": "bbb2",
    }


def filled(text: str, values: dict[str, str]) -> str:
    """The text with {names} replaced."""
    return re.sub(r"\{(\w+)\}", lambda match: values[match.group(1)], text)


def refusal(answer: Any) -> int | None:
    """The status of an answer that refuses; None when the request was let through to what it asks for."""
    if answer.status_code == 401:
        return 401
    code = answer.json().get("code") if answer.status_code in (403, 404) else None
    return answer.status_code if code in ("permission_missing", "not_found") else None


async def test_everybody_may_do_on_every_route_exactly_what_the_matrix_says(
    api: Any, world: dict[str, dict[str, str]]
) -> None:
    api.app.dependency_overrides[open_transaction] = rolled_back
    wrong = []
    for row in matrix.MATRIX:
        path = filled(row.path, world[row.on])
        body = json.loads(filled(json.dumps(row.body), world[row.on])) if row.body else row.body
        query = {name: filled(value, world[row.on]) for name, value in row.query.items()}
        expected: dict[str | None, int | None] = {
            PEOPLE[letter]: None if letter in row.allowed else 403 if letter in row.seen_by else 404
            for letter in matrix.COLUMNS
        }
        # About oneself, and about whatever one sees, somebody of elsewhere may ask as well.
        of_oneself = row.path.startswith(("/api/me", "/api/live"))
        expected |= {who: None if of_oneself and status == 404 else status for who, status in OUTSIDE.items()}
        for who, status in expected.items():
            answer = await api.call(who, row.method, path, json=body, params=query)
            # No reader stands behind this api: who gets so far was let through.
            let_through = answer.status_code < 500 or answer.json()["code"] == "reader_away"
            assert let_through, (who, row.method, path, answer.text)
            if refusal(answer) != status:
                wrong.append((who, row.method, path, row.on, f"expected {status}", answer.status_code, answer.text))
    assert wrong == []


async def test_the_matrix_knows_every_route_and_no_other(api: Any) -> None:
    routes = {
        (method, route.path)
        for route in routes_of(api.app)
        if isinstance(route, APIRoute) and route.path.startswith("/api")
        for method in route.methods
    }
    assert len(matrix.MATRIX) >= MIN_ROWS
    named = {(row.method, row.path) for row in matrix.MATRIX}
    assert {(method, path) for method, path in routes - PUBLIC if not (of_oneself(path) or of_platform(path))} <= named
    assert named <= routes - PUBLIC
