"""Founding, changing, handing over, deleting organizations; members, groups and invitations."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from stillroom_core.invitations.models import Invitation
from stillroom_core.settings import get_settings
from stillroom_core.tables import now

OWNER = "owner@own.example"
STRANGER = "owner@other.example"
ADMIN = "admin@own.example"
PASSWORD = "correct horse battery"
NEW_PASSWORD = "otter velvet canyon 42"
ORG = "/api/orgs/own"
SHOP = f"{ORG}/projects/shop"


async def me(api: Any, email: str) -> Any:
    return (await api.call(email, "GET", "/api/me")).json()


async def member(api: Any, email: str = "ann@own.example", role: str = "member", project: str | None = None) -> str:
    await api.person(email, "own", role, project)
    return str((await me(api, email))["id"])


async def test_who_founds_an_organization_owns_it_and_switches_between_both(api: Any) -> None:
    assert (await api.call(None, "POST", "/api/orgs", json={"slug": "x", "name": "X"})).status_code == 401
    made = await api.call(OWNER, "POST", "/api/orgs", json={"slug": "second", "name": "Second"})
    assert (made.status_code, made.json()["role"]) == (201, "owner")
    assert [item["slug"] for item in (await me(api, OWNER))["organizations"]] == ["own", "second"]
    for slug in ("second", "other", "api"):
        taken = await api.call(OWNER, "POST", "/api/orgs", json={"slug": slug, "name": "X"})
        assert (taken.status_code, taken.json()["code"]) == (409, "slug_taken")


async def test_founding_can_be_closed_and_is_refused_where_jobs_are_not_isolated(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"slug": "second", "name": "Second"}
    monkeypatch.setattr(get_settings(), "sandbox", "bare")
    assert (await api.call(OWNER, "POST", "/api/orgs", json=body)).json()["code"] == "single_tenant"
    monkeypatch.setattr(get_settings(), "organizations", "nobody")
    assert (await api.call(OWNER, "POST", "/api/orgs", json=body)).json()["code"] == "founding_closed"


async def test_an_organization_is_renamed(api: Any) -> None:
    answer = await api.call(OWNER, "PATCH", ORG, json={"slug": "mine", "name": "Mine"})
    assert (answer.json()["slug"], answer.json()["name"]) == ("mine", "Mine")
    assert (await api.call(OWNER, "GET", ORG)).status_code == 404
    assert (await api.call(OWNER, "PATCH", "/api/orgs/mine", json={"slug": "other"})).status_code == 409


async def test_handing_over_takes_the_password_and_a_member(api: Any) -> None:
    ann = await member(api)
    stranger = (await me(api, STRANGER))["id"]
    path = f"{ORG}/transfer"
    wrong = await api.call(OWNER, "POST", path, json={"person": ann, "current": "x"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
    foreign = await api.call(OWNER, "POST", path, json={"person": stranger, "current": PASSWORD})
    assert foreign.status_code == 404
    assert (await api.call(OWNER, "POST", path, json={"person": ann, "current": PASSWORD})).status_code == 204
    roles = {item["email"]: item["role"] for item in (await api.call(OWNER, "GET", f"{ORG}/members")).json()["items"]}
    assert roles == {OWNER: "admin", "ann@own.example": "owner"}


async def test_deleting_takes_the_short_name_the_password_and_no_open_job(api: Any) -> None:
    path = f"{ORG}/delete"
    assert (await api.call(OWNER, "POST", path, json={"slug": "own", "current": "x"})).status_code == 403
    assert (await api.call(OWNER, "POST", path, json={"slug": "o", "current": PASSWORD})).status_code == 422
    assert (await api.call(OWNER, "POST", path, json={"slug": "own", "current": PASSWORD})).status_code == 204
    assert (await me(api, OWNER))["organizations"] == []
    assert (await api.call(STRANGER, "GET", "/api/orgs/other")).status_code == 200


async def test_the_last_owner_neither_leaves_nor_steps_down_nor_is_removed(api: Any) -> None:
    own = (await me(api, OWNER))["id"]
    for method, path, body in (
        ("DELETE", "/api/me/organizations/own", None),
        ("PATCH", f"{ORG}/members/{own}", {"role": "member"}),
        ("DELETE", f"{ORG}/members/{own}", None),
    ):
        answer = await api.call(OWNER, method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_owner"), path
    ann = await member(api)
    assert (await api.call(OWNER, "PATCH", f"{ORG}/members/{ann}", json={"role": "owner"})).status_code == 204
    assert (await api.call(OWNER, "DELETE", "/api/me/organizations/own")).status_code == 204
    assert (await api.call(OWNER, "GET", ORG)).status_code == 404


async def test_nobody_reaches_above_their_own_rank(api: Any) -> None:
    admin, ann = await member(api, ADMIN, "admin"), await member(api)
    own = (await me(api, OWNER))["id"]
    for method, path, body in (
        ("PATCH", f"{ORG}/members/{ann}", {"role": "owner"}),
        ("PATCH", f"{ORG}/members/{admin}", {"role": "owner"}),
        ("PATCH", f"{ORG}/members/{own}", {"role": "member"}),
        ("DELETE", f"{ORG}/members/{own}", None),
        ("POST", f"{ORG}/invitations", {"role": "owner"}),
    ):
        answer = await api.call(ADMIN, method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "above_own_rank"), path
    assert (await api.call(ADMIN, "PATCH", f"{ORG}/members/{ann}", json={"role": "admin"})).status_code == 204


async def test_what_a_removed_member_could_do_ends_at_once(api: Any) -> None:
    ann = await member(api, project="operator")
    assert (await api.call("ann@own.example", "GET", SHOP)).status_code == 200
    assert (await api.call(OWNER, "DELETE", f"{ORG}/members/{ann}")).status_code == 204
    assert (await api.call("ann@own.example", "GET", SHOP)).status_code == 404
    await api.call(OWNER, "POST", f"{ORG}/invitations", json={"email": "ann@own.example"})
    await api.call("ann@own.example", "POST", "/api/me/invitations", json={"token": await api.link("ann@own.example")})
    assert (await api.call("ann@own.example", "GET", ORG)).status_code == 200
    assert (await api.call("ann@own.example", "GET", SHOP)).status_code == 404  # the old role did not come back


async def test_a_role_in_one_environment_and_through_a_group(api: Any) -> None:
    ann = await member(api)
    group = (await api.call(OWNER, "POST", f"{ORG}/groups", json={"name": "Readers"})).json()["id"]
    assert (await api.call(OWNER, "PUT", f"{ORG}/groups/{group}/members/{ann}")).status_code == 204
    assert (await api.call("ann@own.example", "GET", SHOP)).status_code == 404
    assert (await api.call(OWNER, "PUT", f"{SHOP}/groups/{group}", json={"role": "viewer"})).status_code == 204
    operator = {"role": "operator", "environment": "dev"}
    assert (await api.call(OWNER, "PUT", f"{SHOP}/members/{ann}", json=operator)).status_code == 204
    query = {"project": "shop", "environment": "dev"}
    found = (await api.call("ann@own.example", "GET", f"{ORG}/rights", params=query)).json()["items"]
    because = {item["permission"]: item["because"] for item in found}
    assert because["job.upgrade"] == [{"level": "environment", "role": "operator", "group": None}]
    assert {"level": "project", "role": "viewer", "group": "Readers"} in because["project.read"]
    holders = (await api.call(OWNER, "GET", f"{SHOP}/members")).json()["items"]
    assert [(h["person"] or h["group"])["name"] for h in holders] == ["ann@own.example", "Readers"]
    assert (await api.call(OWNER, "DELETE", f"{ORG}/groups/{group}")).status_code == 204
    nothing = {"role": None, "environment": "dev"}
    assert (await api.call(OWNER, "PUT", f"{SHOP}/members/{ann}", json=nothing)).status_code == 204
    assert (await api.call("ann@own.example", "GET", SHOP)).status_code == 404


async def test_people_groups_and_invitations_of_elsewhere_are_not_found(api: Any) -> None:
    foreign = (await me(api, STRANGER))["id"]
    group = (await api.call(STRANGER, "POST", "/api/orgs/other/groups", json={"name": "Theirs"})).json()["id"]
    own = (await api.call(OWNER, "POST", f"{ORG}/groups", json={"name": "Ours"})).json()["id"]
    invitation = (await api.call(STRANGER, "POST", "/api/orgs/other/invitations", json={})).json()["id"]
    ann = await member(api)
    for method, path, body in (
        ("PATCH", f"{ORG}/members/{foreign}", {"role": "member"}),
        ("DELETE", f"{ORG}/members/{foreign}", None),
        ("PUT", f"{SHOP}/members/{foreign}", {"role": "viewer"}),
        ("PUT", f"{SHOP}/groups/{group}", {"role": "viewer"}),
        ("PUT", f"{ORG}/groups/{own}/members/{foreign}", None),
        ("PUT", f"{ORG}/groups/{group}/members/{ann}", None),
        ("DELETE", f"{ORG}/groups/{group}", None),
        ("POST", f"{ORG}/invitations/{invitation}/send", {}),
        ("DELETE", f"{ORG}/invitations/{invitation}", None),
    ):
        assert (await api.call(OWNER, method, path, json=body)).status_code == 404, path
    answer = await api.call(OWNER, "POST", f"{ORG}/invitations", json={"groups": [group]})
    assert answer.json()["code"] == "unknown_group"


async def test_an_invited_person_opens_an_account_with_the_letter(api: Any) -> None:
    group = (await api.call(OWNER, "POST", f"{ORG}/groups", json={"name": "Readers"})).json()["id"]
    body = {"email": "New@Own.example", "role": "member", "groups": [group], "locale": "ru"}
    made = await api.call(OWNER, "POST", f"{ORG}/invitations", json=body)
    assert (made.status_code, made.json()["link"]) == (201, None)  # only the letter has it
    assert "приглашает вас" in (await api.letters("new@own.example"))[0][0]
    token = await api.link("new@own.example")
    seen = (await api.client.post("/api/auth/invitations/look", json={"token": token})).json()
    assert (seen["organization"], seen["email"], seen["has_account"]) == ("Organization mine", "new@own.example", False)
    weak = {"token": token, "name": "New", "password": "password1234"}
    assert (await api.client.post("/api/auth/invitations/accept", json=weak)).status_code == 422
    strong = {**weak, "password": NEW_PASSWORD}
    assert (await api.client.post("/api/auth/invitations/accept", json=strong)).status_code == 204
    assert (await api.client.post("/api/auth/invitations/accept", json=strong)).status_code == 422
    signed_in = await api.client.post("/api/auth/sign-in", json={"email": "new@own.example", "password": NEW_PASSWORD})
    assert signed_in.status_code == 200
    groups = (await api.call(OWNER, "GET", f"{ORG}/groups")).json()["items"]
    assert [person["email"] for person in groups[0]["members"]] == ["new@own.example"]


async def test_a_link_without_address_proves_no_address(api: Any) -> None:
    link = (await api.call(OWNER, "POST", f"{ORG}/invitations", json={})).json()["link"]
    token = link.partition("#")[2]
    body = {"token": token, "name": "New", "password": NEW_PASSWORD}
    assert (await api.client.post("/api/auth/invitations/accept", json=body)).json()["code"] == "email_missing"
    taken = await api.client.post("/api/auth/invitations/accept", json={**body, "email": OWNER})
    assert taken.json()["code"] == "email_taken"
    joined = await api.client.post("/api/auth/invitations/accept", json={**body, "email": "any@own.example"})
    assert joined.status_code == 204
    credentials = {"email": "any@own.example", "password": NEW_PASSWORD}
    assert (await api.client.post("/api/auth/sign-in", json=credentials)).json()["code"] == "email_unverified"
    await api.client.post("/api/auth/verify", json={"token": await api.link("any@own.example")})
    assert (await api.client.post("/api/auth/sign-in", json=credentials)).status_code == 200


async def test_an_invitation_is_for_its_address_and_once_and_not_for_members(api: Any) -> None:
    await api.call(OWNER, "POST", f"{ORG}/invitations", json={"email": "new@own.example"})
    token = await api.link("new@own.example")
    other = await api.call(STRANGER, "POST", "/api/me/invitations", json={"token": token})
    assert (other.status_code, other.json()["code"]) == (403, "invitation_for_another")
    again = await api.call(OWNER, "POST", f"{ORG}/invitations", json={"email": OWNER})
    assert (again.status_code, again.json()["code"]) == (409, "member_already")
    link = (await api.call(OWNER, "POST", f"{ORG}/invitations", json={})).json()["link"]
    opened = {"token": link.partition("#")[2]}
    assert (await api.call(OWNER, "POST", "/api/me/invitations", json=opened)).status_code == 409
    assert (await api.call(STRANGER, "POST", "/api/me/invitations", json=opened)).json()["slug"] == "own"
    assert (await api.call(STRANGER, "POST", "/api/me/invitations", json=opened)).status_code == 422


async def test_a_link_that_was_sent_again_revoked_or_is_old_does_not_work(api: Any) -> None:
    made = (await api.call(OWNER, "POST", f"{ORG}/invitations", json={})).json()
    fresh = (await api.call(OWNER, "POST", f"{ORG}/invitations/{made['id']}/send", json={})).json()

    async def works(link: str) -> bool:
        answer = await api.client.post("/api/auth/invitations/look", json={"token": link.partition("#")[2]})
        return bool(answer.status_code == 200)

    assert [await works(made["link"]), await works(fresh["link"])] == [False, True]
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Invitation).values(expires_at=now() - timedelta(seconds=1)))
    assert not await works(fresh["link"])
    assert len((await api.call(OWNER, "GET", f"{ORG}/invitations")).json()["items"]) == 1
    assert (await api.call(OWNER, "DELETE", f"{ORG}/invitations/{made['id']}")).status_code == 204
    assert (await api.call(OWNER, "GET", f"{ORG}/invitations")).json()["items"] == []
    for nonsense in ("x", "x.y", "00000000-0000-7000-8000-000000000000.y", made["id"]):
        answer = await api.client.post("/api/auth/invitations/look", json={"token": nonsense})
        assert (answer.status_code, answer.json()["code"]) == (422, "invitation_ended")


async def test_a_service_account_is_no_person_among_the_members(api: Any) -> None:
    made = (await api.call(OWNER, "POST", "/api/orgs/own/service-accounts", json={"name": "Pipeline"})).json()
    members = (await api.call(OWNER, "GET", "/api/orgs/own/members")).json()["items"]
    assert [one["name"] for one in members] == ["Owner mine"]
    path = f"/api/orgs/own/members/{made['id']}"
    assert (await api.call(OWNER, "PATCH", path, json={"role": "owner"})).status_code == 404
    assert (await api.call(OWNER, "DELETE", path)).status_code == 404
    heir = {"person": made["id"], "current": PASSWORD}
    assert (await api.call(OWNER, "POST", "/api/orgs/own/transfer", json=heir)).status_code == 404
