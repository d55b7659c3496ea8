"""An organization demands a second factor: who has none may do nothing there, whatever they come with."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from stillroom_api.audit import telling
from stillroom_core.approvals.approvers import present_actor
from stillroom_core.audit.models import AuditEntry
from stillroom_core.keys import new_key
from stillroom_core.members.models import User
from stillroom_core.organizations.models import Organization
from stillroom_core.passkeys.models import Passkey
from stillroom_core.providers.models import IdentityProvider, ProviderDomain
from stillroom_core.tables import now
from stillroom_testing import matrix

OWNER, STRANGER, ADMIN = "owner@own.example", "owner@other.example", "admin@own.example"
DEMAND = "/api/orgs/own/second-factor"
SHOP = "/api/orgs/own/projects/shop"


async def give_app(api: Any, email: str, *, on: bool = True) -> None:
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(User).where(User.email == email).values(totp_enabled_at=now() if on else None))


async def give_passkey(api: Any, email: str) -> None:
    async with api.app.state.context.database.everything() as session:
        person = await session.scalar(select(User.id).where(User.email == email))
        session.add(
            Passkey(
                id=new_key(),
                user_id=person,
                name="Key",
                credential_id=b"c",
                public_key=b"k",
                sign_count=0,
                transports=[],
                backed_up=False,
            )
        )


@pytest.fixture
async def demanded(api: Any) -> Any:
    """The organization `own` demands it; its owner has one, its administrator and its operator have none."""
    await api.person(ADMIN, "own", "admin")
    await api.person("p@own.example", "own", "member", "operator")
    for email in (OWNER, ADMIN, "p@own.example"):
        await api.sign_in(email)
    await give_app(api, OWNER)
    answer = await api.call(OWNER, "PUT", DEMAND, json={"demanded": True})
    assert answer.status_code == 200 and answer.json()["second_factor_demanded"] is True, answer.text
    return api


async def test_a_stranger_demands_nothing_and_an_administrator_neither(api: Any) -> None:
    await api.person(ADMIN, "own", "admin")
    assert (await api.call(None, "PUT", DEMAND, json={"demanded": True})).status_code == 401
    assert (await api.call(STRANGER, "PUT", DEMAND, json={"demanded": True})).status_code == 404
    refused = await api.call(ADMIN, "PUT", DEMAND, json={"demanded": True})
    assert (refused.status_code, refused.json()["params"]["permission"]) == (403, "provider.manage")


async def test_who_has_none_cannot_demand_it_of_others(api: Any) -> None:
    refused = await api.call(OWNER, "PUT", DEMAND, json={"demanded": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "own_second_factor_missing")
    await give_passkey(api, OWNER)
    assert (await api.call(OWNER, "PUT", DEMAND, json={"demanded": True})).status_code == 200


async def test_who_has_none_may_do_nothing_there_and_is_told_what_to_do(demanded: Any) -> None:
    for email in (ADMIN, "p@own.example"):
        for method, path, body in (
            ("GET", "/api/orgs/own", None),
            ("GET", "/api/orgs/own/projects", None),
            ("GET", SHOP, None),
            ("GET", "/api/orgs/own/members", None),
            ("GET", "/api/orgs/own/tokens", None),
            ("GET", "/api/jobs?org=own", None),
            ("GET", "/api/migrations/history?project=own/shop", None),
            ("GET", "/api/migrations/history?project=shop", None),
            ("POST", "/api/migrations/upgrade", {"project": "own/shop", "environment": "dev", "revision": "head"}),
            ("PATCH", SHOP, {"name": "Mine"}),
        ):
            answer = await demanded.call(email, method, path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_demanded"), (email, path)
            assert answer.json()["params"] == {"organization": "own"}
        mine = (await demanded.call(email, "GET", "/api/me")).json()["organizations"]
        assert [(one["second_factor_missing"], one["permissions"]) for one in mine] == [(True, [])]
    assert (await demanded.call(OWNER, "GET", SHOP)).status_code == 200
    # A stranger learns nothing of it.
    assert (await demanded.call(STRANGER, "GET", SHOP)).json()["code"] == "not_found"


async def test_who_only_looks_is_told_of_once_an_hour_and_what_they_try_to_change_each_time(
    demanded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def told() -> list[str]:
        path = "/api/orgs/own/audit?outcome=refused"
        entries = (await demanded.call(OWNER, "GET", path)).json()["items"]
        return [one["action"] for one in entries if one["actor"]["name"] == ADMIN]

    before = len(await told())
    for _ in range(3):
        for path in ("/api/orgs/own/members", "/api/orgs/own/projects", SHOP):
            assert (await demanded.call(ADMIN, "GET", path)).status_code == 403
    assert len(await told()) == before + 1
    for _ in range(2):
        assert (await demanded.call(ADMIN, "PATCH", SHOP, json={"name": "Mine"})).status_code == 403
    assert (await told())[:2] == ["project.change", "project.change"]
    assert len(await told()) == before + 3
    monkeypatch.setattr(telling, "_LOOKS_TOLD_EVERY", timedelta())
    assert (await demanded.call(ADMIN, "GET", SHOP)).status_code == 403
    assert len(await told()) == before + 4


async def test_with_one_everything_is_open_again_without_signing_in_anew(demanded: Any) -> None:
    assert (await demanded.call(ADMIN, "GET", SHOP)).status_code == 403
    await give_passkey(demanded, ADMIN)
    assert (await demanded.call(ADMIN, "GET", SHOP)).status_code == 200
    await give_app(demanded, "p@own.example")
    assert (await demanded.call("p@own.example", "GET", SHOP)).status_code == 200
    await give_app(demanded, "p@own.example", on=False)
    assert (await demanded.call("p@own.example", "GET", SHOP)).status_code == 403
    assert (await demanded.call(OWNER, "PUT", DEMAND, json={"demanded": False})).status_code == 200
    assert (await demanded.call("p@own.example", "GET", SHOP)).status_code == 200


async def test_other_organizations_and_leaving_stay_open(demanded: Any) -> None:
    made = await demanded.call(ADMIN, "POST", "/api/orgs", json={"slug": "mine", "name": "Mine"})
    assert made.status_code == 201, made.text
    assert (await demanded.call(ADMIN, "GET", "/api/orgs/mine")).status_code == 200
    moved = {"organization": "own", "slug": "x"}
    new = {"slug": "x", "name": "X", "git_url": "https://git.example/x.git"}
    assert (await demanded.call(ADMIN, "POST", "/api/orgs/mine/projects", json=new)).status_code == 201
    refused = await demanded.call(ADMIN, "POST", "/api/orgs/mine/projects/x/move", json=moved)
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_demanded")
    assert (await demanded.call(ADMIN, "DELETE", "/api/me/organizations/own")).status_code == 204
    assert (await demanded.call(ADMIN, "GET", "/api/orgs/own")).status_code == 404


async def test_a_token_is_no_way_around_it_and_a_service_account_goes_on(api: Any) -> None:
    await api.person(ADMIN, "own", "admin")
    mine = (
        await api.call(ADMIN, "POST", "/api/orgs/own/tokens", json={**matrix.TOKEN, "permissions": ["project.read"]})
    ).json()
    role = [{"project": "shop", "role": "operator"}]
    account = (
        await api.call(ADMIN, "POST", "/api/orgs/own/service-accounts", json={"name": "CI", "roles": role})
    ).json()
    wanted = {**matrix.TOKEN, "permissions": ["project.read"], "owner": account["id"]}
    theirs = (await api.call(ADMIN, "POST", "/api/orgs/own/tokens", json=wanted)).json()
    await give_app(api, OWNER)
    await api.sign_in(STRANGER)

    async def ask(made: Any) -> tuple[int, str | None]:
        answer = await api.client.get(SHOP, headers={"Authorization": f"Bearer {made['token']}"})
        return answer.status_code, answer.json().get("code")

    assert await ask(mine) == (200, None)
    async with api.app.state.context.database.everything() as session:
        await session.execute(
            update(Organization).where(Organization.slug == "own").values(second_factor_demanded=True)
        )
    assert await ask(mine) == (403, "second_factor_demanded")
    assert await ask(theirs) == (200, None)
    await give_app(api, ADMIN)
    assert await ask(mine) == (200, None)


async def test_an_enforced_provider_counts_for_whom_it_binds_and_an_offered_one_does_not(demanded: Any) -> None:
    async with demanded.app.state.context.database.everything() as session:
        key = await session.scalar(select(Organization.id).where(Organization.slug == "own"))
        provider = IdentityProvider(
            id=new_key(),
            organization_id=key,
            issuer="https://id.example",
            client_id="c",
            enforced=False,
            mapping=[],
            groups_claim="groups",
        )
        session.add(provider)
        await session.flush()
        session.add(
            ProviderDomain(
                id=new_key(),
                organization_id=key,
                provider_id=provider.id,
                domain="own.example",
                proof="p",
                proven_at=now(),
            )
        )
    assert (await demanded.call(ADMIN, "GET", SHOP)).status_code == 403
    async with demanded.app.state.context.database.everything() as session:
        await session.execute(update(IdentityProvider).values(enforced=True))
    assert (await demanded.call(ADMIN, "GET", SHOP)).status_code == 200
    await give_app(demanded, OWNER, on=False)
    assert (await demanded.call(OWNER, "GET", SHOP)).status_code == 403  # an owner may come in without the provider


async def test_who_lacks_one_counts_as_somebody_without_rights_for_what_acts_by_itself(demanded: Any) -> None:
    async with demanded.app.state.context.database.everything() as session:
        person = await session.scalar(select(User).where(User.email == ADMIN))
        key = await session.scalar(select(Organization.id).where(Organization.slug == "own"))
        actor = await present_actor(session, key, person.id)
        assert actor is not None and actor.permissions() == frozenset() and actor.visible_projects() == frozenset()


async def test_members_show_what_they_have_and_the_log_tells_who_demanded_it(demanded: Any) -> None:
    await give_passkey(demanded, ADMIN)
    members = (await demanded.call(OWNER, "GET", "/api/orgs/own/members")).json()["items"]
    assert {one["email"]: (one["second_factor"], one["passkey"]) for one in members} == {
        OWNER: (True, False),
        ADMIN: (False, True),
        "p@own.example": (False, False),
    }
    async with demanded.app.state.context.database.everything() as session:
        # Of this organization: entries of those that were deleted stay.
        own = select(Organization.id).where(Organization.slug == "own").scalar_subquery()
        done = (AuditEntry.action == "second_factor.demand", AuditEntry.outcome == "done")
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.organization_id == own, *done))
    assert entry.actor_name == "Owner mine"
    assert entry.after == {"organization own": {"second_factor_demanded": True}}
