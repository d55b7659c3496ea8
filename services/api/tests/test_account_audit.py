"""What happens to an account is told to its person, and to each organization that they belong to."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pyotp
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import select, update

from stillroom_api.openapi import routes_of
from stillroom_core.audit.tampering import tell_misplaced
from stillroom_core.errors import Unavailable
from stillroom_core.organizations.models import Organization
from stillroom_core.sealing import Address, seal, unseal
from stillroom_core.sessions.models import RefreshToken
from stillroom_core.settings import get_settings
from stillroom_core.tables import now
from stillroom_testing.authenticator import Authenticator

OWNER, STRANGER = "owner@own.example", "owner@other.example"
PASSWORD = "correct horse battery"
NEW_PASSWORD = "otter velvet canyon 42"
EVENTS = "/api/me/events"


async def events(api: Any, **wanted: Any) -> list[dict[str, Any]]:
    """What the owner sees of their account, the newest first, without the sign-ins of the test itself."""
    answer = await api.call(OWNER, "GET", EVENTS, params={"limit": 200, **wanted})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def entries(api: Any) -> list[dict[str, Any]]:
    """What the organization sees, the newest first."""
    answer = await api.call(OWNER, "GET", "/api/orgs/own/audit", params={"limit": 200})
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def post(api: Any, path: str, **body: Any) -> Any:
    return await api.client.post(f"/api/auth/{path}", json=body)


async def test_a_stranger_sees_nothing_of_it(api: Any) -> None:
    assert (await api.client.get(EVENTS)).status_code == 401
    await api.call(OWNER, "PATCH", "/api/me", json={"name": "Ann"})
    theirs = (await api.call(STRANGER, "GET", EVENTS)).json()["items"]
    assert [one["action"] for one in theirs] == ["account.sign_in"]
    log = (await api.call(STRANGER, "GET", "/api/orgs/other/audit")).json()["items"]
    assert {one["actor"]["name"] for one in log} == {"Owner foreign"}


async def test_signing_in_and_out_is_told_with_where_from(api: Any) -> None:
    headers = {"User-Agent": "Browser 1"}
    body = {"email": OWNER, "password": PASSWORD}
    assert (await api.client.post("/api/auth/sign-in", json=body, headers=headers)).status_code == 200
    assert (await api.client.post("/api/auth/sign-out", headers=headers)).status_code == 204
    out, came = [one for one in await events(api) if one["user_agent"] == "Browser 1"]
    assert (came["action"], came["outcome"]) == ("account.sign_in", "done")
    assert came["details"] == {"method": "password", "second_factor": False}
    assert out["action"] == "account.sign_out" and out["address"]
    told = [one for one in await entries(api) if one["action"] == "account.sign_out"]
    assert [(one["actor"]["name"], one["outcome"], one["subject"]["name"]) for one in told] == [
        ("Owner mine", "done", OWNER)
    ]


async def test_a_refused_sign_in_is_told_with_its_reason_and_an_unknown_address_nowhere(api: Any) -> None:
    await api.sign_in(OWNER)
    await post(api, "sign-in", email=OWNER, password="wrong")
    await post(api, "sign-in", email="nobody@own.example", password="wrong")
    newest = (await events(api))[0]
    assert (newest["action"], newest["outcome"], newest["reason"]) == (
        "account.sign_in",
        "refused",
        "wrong_credentials",
    )
    refused = [one for one in await entries(api) if one["outcome"] == "refused"]
    assert [one["reason"] for one in refused] == ["wrong_credentials"]


async def test_a_refresh_token_that_is_used_again_is_told(api: Any) -> None:
    await api.sign_in(OWNER)
    api.client.cookies.clear()
    token = (await post(api, "sign-in", email=OWNER, password=PASSWORD)).cookies["stillroom_refresh"]
    await api.client.post("/api/auth/refresh")
    async with api.app.state.context.database.everything() as session:
        used = RefreshToken.used_at.is_not(None)
        await session.execute(update(RefreshToken).where(used).values(used_at=now() - timedelta(hours=1)))
    api.client.cookies.clear()
    api.client.cookies.set("stillroom_refresh", token)
    assert (await api.client.post("/api/auth/refresh")).status_code == 401
    newest = (await events(api))[0]
    assert (newest["action"], newest["outcome"]) == ("account.session_reused", "found")
    assert [one["action"] for one in await entries(api)][:1] == ["account.session_reused"]


# What each mutating route about oneself is called; a route that is not here fails the test.
NAMES = {
    "PATCH /api/me": "account.change",
    "POST /api/me/password": "account.password_change",
    "POST /api/me/email": "account.email_ask",
    "POST /api/me/second-factor": "account.second_factor_begin",
    "POST /api/me/second-factor/confirm": "account.second_factor_on",
    "POST /api/me/second-factor/off": "account.second_factor_off",
    "POST /api/me/passkeys/begin": "account.passkey_begin",
    "POST /api/me/passkeys": "account.passkey_add",
    "PATCH /api/me/passkeys/{passkey}": "account.passkey_rename",
    "POST /api/me/passkeys/{passkey}/remove": "account.passkey_remove",
    "POST /api/me/terminals/{code}": "account.terminal_approve",
    "DELETE /api/me/sessions": "account.sessions_end",
    "DELETE /api/me/sessions/{sign_in}": "account.session_end",
}
# They are acts in an organization: its log has them, tests/test_audit.py and below.
IN_AN_ORGANIZATION = {
    "POST /api/me/invitations",
    "DELETE /api/me/organizations/{org}",
    "PUT /api/me/notifications",
}


async def test_each_route_that_changes_an_account_tells_exactly_once(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "public_url", "http://localhost:8000")
    routes = {
        f"{method} {route.path}"
        for route in routes_of(api.app)
        if isinstance(route, APIRoute) and route.path.startswith("/api/me")
        for method in route.methods - {"GET"}
    }
    assert routes == NAMES.keys() | IN_AN_ORGANIZATION
    device: list[pyotp.TOTP] = []
    key = Authenticator("http://localhost:8000")
    last: Any = None
    other = (await post(api, "sign-in", email=OWNER, password=PASSWORD)).status_code
    assert other == 200
    sessions = (await api.call(OWNER, "GET", "/api/me/sessions")).json()["items"]
    elsewhere = next(one["id"] for one in sessions if not one["current"])

    async def ask(method: str, path: str, body: dict[str, Any] | None) -> Any:
        return await api.call(OWNER, method, path, json=body)

    steps: list[tuple[str, str, str | None, Any]] = [
        ("PATCH /api/me", "PATCH", "/api/me", {"name": "Ann"}),
        ("DELETE /api/me/sessions/{sign_in}", "DELETE", f"/api/me/sessions/{elsewhere}", None),
        ("DELETE /api/me/sessions", "DELETE", "/api/me/sessions", None),
        ("POST /api/me/email", "POST", "/api/me/email", {"current": PASSWORD, "email": "moved@own.example"}),
        ("POST /api/me/second-factor", "POST", "/api/me/second-factor", {"current": PASSWORD}),
        ("POST /api/me/second-factor/confirm", "POST", "/api/me/second-factor/confirm", None),
        ("POST /api/me/second-factor/off", "POST", "/api/me/second-factor/off", {"current": PASSWORD}),
        ("POST /api/me/passkeys/begin", "POST", "/api/me/passkeys/begin", {"current": PASSWORD}),
        ("POST /api/me/passkeys", "POST", "/api/me/passkeys", None),
        ("PATCH /api/me/passkeys/{passkey}", "PATCH", "/api/me/passkeys/{id}", {"name": "Blue key"}),
        ("POST /api/me/passkeys/{passkey}/remove", "POST", "/api/me/passkeys/{id}/remove", {"current": PASSWORD}),
        ("POST /api/me/terminals/{code}", "POST", "/api/me/terminals/{code}", {"answer": "approve"}),
        ("POST /api/me/password", "POST", "/api/me/password", {"current": PASSWORD, "new": NEW_PASSWORD}),
    ]
    assert {step[0] for step in steps} == NAMES.keys()
    for name, method, path, body in steps:
        before = len(await events(api)), len(await entries(api))
        if name.endswith("/confirm"):
            body = {"code": device[0].now()}
        if name == "POST /api/me/passkeys":
            body = {"name": "Key", "credential": key.create(last["options"])}
        if name == "POST /api/me/terminals/{code}":
            last = (await post(api, "terminals", name="stillroom 0.1 on a host")).json()
        answer = await ask(method, path.format(**last or {}), body)
        assert answer.status_code in (200, 201, 202, 204), (name, answer.text)
        if name == "POST /api/me/second-factor":
            device.append(pyotp.TOTP(answer.json()["secret"]))
        last = answer.json() if answer.content else last
        now_told, now_entered = await events(api), await entries(api)
        assert (len(now_told) - before[0], len(now_entered) - before[1]) == (1, 1), name
        assert now_told[0]["action"] == now_entered[0]["action"] == NAMES[name]
        assert now_entered[0]["request_id"] == answer.headers["x-request-id"]
        for secret in (PASSWORD, NEW_PASSWORD, device[0].secret if device else PASSWORD):
            assert secret not in str(now_told[0]) + str(now_entered[0])


async def test_how_somebody_likes_the_pages_concerns_no_organization(api: Any) -> None:
    await api.sign_in(OWNER)
    before = len(await entries(api))
    await api.call(OWNER, "PATCH", "/api/me", json={"theme": "dark"})
    assert (await events(api))[0]["details"] == {"before": {"theme": "system"}, "after": {"theme": "dark"}}
    assert len(await entries(api)) == before


async def test_coming_in_by_an_invitation_and_leaving_are_told_in_the_organization(api: Any) -> None:
    async def link() -> str:
        made = await api.call(OWNER, "POST", "/api/orgs/own/invitations", json={"role": "member"})
        token: str = made.json()["link"].partition("#")[2]
        return token

    joined = await api.call(STRANGER, "POST", "/api/me/invitations", json={"token": await link()})
    assert joined.status_code == 200, joined.text
    first = (await entries(api))[0]
    assert (first["action"], first["actor"]["name"]) == ("invitation.accept", "Owner foreign")
    assert (await api.call(STRANGER, "DELETE", "/api/me/organizations/own")).status_code == 204
    assert [one["action"] for one in await entries(api)][:1] == ["organization.leave"]
    new = {"token": await link(), "name": "New", "password": NEW_PASSWORD, "email": "new@own.example"}
    assert (await post(api, "invitations/accept", **new)).status_code == 204
    first = (await entries(api))[0]
    assert (first["actor"]["name"], first["outcome"]) == ("New", "done")


async def test_a_forgotten_password_and_a_moved_address_are_told(api: Any) -> None:
    await post(api, "forgot", email=OWNER)
    await post(api, "reset", token=await api.link(OWNER), password=NEW_PASSWORD)
    api.tokens.clear()
    api.tokens[OWNER] = (await post(api, "sign-in", email=OWNER, password=NEW_PASSWORD)).json()["access_token"]
    await api.call(OWNER, "POST", "/api/me/email", json={"current": NEW_PASSWORD, "email": "moved@own.example"})
    await post(api, "verify", token=await api.link("moved@own.example"))
    again = await post(api, "sign-in", email="moved@own.example", password=NEW_PASSWORD)
    api.tokens[OWNER] = again.json()["access_token"]
    told = await events(api)
    moved = next(one for one in told if one["action"] == "account.email_change")
    assert moved["details"] == {"before": {"email": OWNER}, "after": {"email": "moved@own.example"}}
    assert "account.password_reset" in [one["action"] for one in told]
    assert "account.email_change" in [one["action"] for one in await entries(api)]


async def test_events_are_paged(api: Any) -> None:
    for number in range(5):
        await api.call(OWNER, "PATCH", "/api/me", json={"name": f"Ann {number}"})
    page = (await api.call(OWNER, "GET", EVENTS, params={"limit": 2})).json()
    older = (await api.call(OWNER, "GET", EVENTS, params={"limit": 200, "before": page["next_before"]})).json()
    assert len(page["items"]) == 2 and len(older["items"]) == 4 and older["next_before"] is None
    assert not {one["id"] for one in page["items"]} & {one["id"] for one in older["items"]}


async def test_a_sealed_value_at_a_foreign_place_is_told_in_the_audit_log(api: Any) -> None:
    database = api.app.state.context.database
    async with database.everything() as session:
        own = await session.scalar(select(Organization.id).where(Organization.slug == "own"))
    here, there = (Address(own, UUID(int=number), "password") for number in (1, 2))
    with pytest.raises(Unavailable, match="does not belong"):
        unseal(there, seal(here, "canary"))
    await tell_misplaced(database)
    await tell_misplaced(database)  # and once
    (entry,) = [one for one in await entries(api) if one["action"] == "secret.misplaced"]
    assert (entry["outcome"], entry["subject"]["id"], entry["subject"]["name"]) == (
        "found",
        str(there.row_id),
        "password",
    )
