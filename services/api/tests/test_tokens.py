"""API tokens: what they may do is their scope and no more than their owner may do now."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete, select, update

from stillroom_core.actors.permissions import Permission
from stillroom_core.actors.scope import FOR_TOKENS
from stillroom_core.members.models import Membership, ProjectMembership, User
from stillroom_core.organizations.models import Organization
from stillroom_core.tables import now
from stillroom_core.tokens.models import ApiToken
from stillroom_core.tokens.text import new_text, read_text
from stillroom_testing.commits import add_commit

OWNER = "owner@own.example"
TOKENS = "/api/orgs/own/tokens"
SHOP = "/api/orgs/own/projects/shop"
EVERYTHING = sorted(FOR_TOKENS)
MOVE = {"environment": "dev", "revision": "head"}


@pytest.fixture
async def shop(api: Any) -> Any:
    """`own/shop` with two revisions, dev and a protected prod, each with one database; `own/till` beside it."""
    database = api.app.state.context.database
    await add_commit(database, "own", {"aaa1": (), "bbb2": ("aaa1",)})
    prod = {"slug": "prod", "name": "Prod", "protected": True}
    await api.call(OWNER, "POST", f"{SHOP}/environments", json=prod)
    place = {"name": "db", "host": "h.example", "database": "d", "username": "u"}
    await api.call(OWNER, "POST", f"{SHOP}/environments/prod/databases", json=place)
    till = {"slug": "till", "name": "Till", "git_url": "https://g.example/t.git"}
    await api.call(OWNER, "POST", "/api/orgs/own/projects", json=till)
    return api


async def make(api: Any, email: str = OWNER, **content: Any) -> dict[str, Any]:
    body = {"name": "CI", "permissions": EVERYTHING, "expires_in_days": 30, **content}
    answer = await api.call(email, "POST", TOKENS, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def use(api: Any, made: dict[str, Any] | str, method: str, path: str, **content: Any) -> httpx.Response:
    text = made if isinstance(made, str) else made["token"]
    answer: httpx.Response = await api.client.request(
        method, path, headers={"Authorization": f"Bearer {text}"}, **content
    )
    return answer


async def test_a_stranger_sees_no_tokens_and_cannot_end_one(shop: Any) -> None:
    made = await make(shop)
    for method, path in (("GET", ""), ("POST", f"/{made['id']}/rotate"), ("DELETE", f"/{made['id']}")):
        assert (await shop.call("owner@other.example", method, TOKENS + path)).status_code == 404
        assert (await shop.call(None, method, TOKENS + path)).status_code == 401
    # Of one's own organization, but another's token: by its id too there is nothing.
    answer = await shop.call("owner@other.example", "DELETE", f"/api/orgs/other/tokens/{made['id']}")
    assert answer.status_code == 404
    assert (await use(shop, made, "GET", SHOP)).status_code == 200


async def test_a_token_is_shown_once_and_kept_as_a_hash(shop: Any) -> None:
    made = await make(shop)
    assert made["token"].startswith("stillroom_pat_")
    listed = await shop.call(OWNER, "GET", TOKENS)
    assert made["token"] not in listed.text and listed.json()["items"][0]["id"] == made["id"]
    async with shop.app.state.context.database.everything() as session:
        row = await session.get_one(ApiToken, UUID(made["id"]))
        assert made["token"].encode() not in row.token_hash and len(row.token_hash) == 32
    export = await shop.call(OWNER, "GET", "/api/orgs/own/audit/export", params={"form": "jsonl"})
    assert made["token"].split("_")[3] not in export.text


async def test_a_mistyped_token_is_told_apart_without_asking_anybody(shop: Any) -> None:
    text = (await make(shop))["token"]
    assert read_text(text) is not None
    at = len(text) // 2
    for wrong in (text[:-1], text[:at] + ("a" if text[at] != "a" else "b") + text[at + 1 :], text.upper(), text + "ä"):
        assert read_text(wrong) is None
    answer = await use(shop, text[:-1] + ("0" if text[-1] != "0" else "1"), "GET", SHOP)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_refused")
    stranger = new_text("person", UUID(int=7))
    assert (await use(shop, stranger, "GET", SHOP)).status_code == 401


@pytest.mark.parametrize("ended", ["expired", "revoked", "rotated"])
async def test_a_token_that_has_ended_is_refused(shop: Any, ended: str) -> None:
    made = await make(shop)
    assert (await use(shop, made, "GET", SHOP)).status_code == 200
    if ended == "expired":
        async with shop.app.state.context.database.everything() as session:
            await session.execute(update(ApiToken).values(expires_at=now() - timedelta(seconds=1)))
    elif ended == "revoked":
        assert (await shop.call(OWNER, "DELETE", f"{TOKENS}/{made['id']}")).status_code == 204
    else:
        renewed = (await shop.call(OWNER, "POST", f"{TOKENS}/{made['id']}/rotate")).json()
        assert renewed["id"] == made["id"] and renewed["token"] != made["token"]
        assert (await use(shop, renewed, "GET", SHOP)).status_code == 200
    answer = await use(shop, made, "GET", SHOP)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_refused")


async def test_a_token_counts_in_the_header_alone(shop: Any) -> None:
    text = (await make(shop))["token"]
    for parameters in ({"token": text}, {"access_token": text}, {"api_key": text}):
        assert (await shop.client.get(SHOP, params=parameters)).status_code == 401
    assert (await shop.client.get(SHOP, headers={"Cookie": f"stillroom_refresh={text}"})).status_code == 401


async def test_a_token_of_one_project_and_environment_does_its_work_there_and_nothing_elsewhere(shop: Any) -> None:
    made = await make(shop, projects=["shop"], environments=["dev"])
    assert (await use(shop, made, "POST", "/api/migrations/upgrade", json={"revision": "head"})).status_code == 202
    assert (await use(shop, made, "GET", "/api/migrations/current")).status_code == 200
    assert (await use(shop, made, "GET", "/api/migrations/history")).status_code == 200
    for path in ("/api/orgs/own/projects/till", "/api/orgs/other/projects/shop"):
        assert (await use(shop, made, "GET", path)).status_code == 404
    listed = (await use(shop, made, "GET", "/api/orgs/own/projects")).json()["items"]
    assert [one["slug"] for one in listed] == ["shop"]
    elsewhere = await use(shop, made, "POST", "/api/migrations/upgrade", json={**MOVE, "environment": "prod"})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "permission_missing")
    for method, path, body in (
        ("GET", "/api/orgs/own/audit", None),
        ("GET", "/api/orgs/own/rights", None),
        ("GET", TOKENS, None),
        ("POST", TOKENS, {"name": "n", "permissions": ["job.read"], "expires_in_days": 1}),
        ("PATCH", SHOP, {"name": "Mine"}),
        ("PATCH", f"{SHOP}/environments/dev", {"protected": True}),
        ("POST", "/api/orgs/own/projects", {"slug": "n", "name": "N", "git_url": "https://g.example/n.git"}),
        ("PATCH", "/api/me", {"name": "Mine"}),
    ):
        answer = await use(shop, made, method, path, json=body)
        assert answer.status_code == 403, (method, path, answer.status_code, answer.text)


async def test_a_token_for_more_must_say_what_it_means(shop: Any) -> None:
    made = await make(shop)
    answer = await use(shop, made, "POST", "/api/migrations/upgrade", json={"revision": "head"})
    assert (answer.status_code, answer.json()["code"]) == (422, "project_missing")
    answer = await use(shop, made, "POST", "/api/migrations/upgrade", json={"project": "shop", "revision": "head"})
    assert (answer.status_code, answer.json()["code"]) == (422, "environment_missing")


async def test_an_action_that_is_not_listed_is_refused_and_told(shop: Any) -> None:
    made = await make(shop, permissions=["job.read"], projects=["shop"])
    answer = await use(shop, made, "POST", "/api/migrations/upgrade", json=MOVE)
    assert answer.status_code == 403 and answer.json()["params"]["permission"] == "job.upgrade"
    entries = (await shop.call(OWNER, "GET", "/api/orgs/own/audit", params={"outcome": "refused"})).json()["items"]
    assert entries[0]["actor"]["token_id"] == made["id"] and entries[0]["reason"] == "job.upgrade"


async def test_no_token_goes_back_or_stamps_on_a_protected_environment(shop: Any) -> None:
    made = await make(shop, projects=["shop"])
    for kind in ("downgrade", "stamp"):
        body = {"environment": "prod", "revision": "base"}
        assert (await use(shop, made, "POST", f"/api/migrations/{kind}", json=body)).status_code == 403
        body["environment"] = "dev"
        assert (await use(shop, made, "POST", f"/api/migrations/{kind}", json=body)).status_code in (202, 409, 422)


async def test_a_token_never_does_more_than_its_owner_may_do_now(shop: Any) -> None:
    await shop.person("dana@own.example", "own", "member", "admin")
    made = await make(shop, "dana@own.example", projects=["shop"])
    assert (await use(shop, made, "POST", "/api/migrations/upgrade", json=MOVE)).status_code == 202
    database = shop.app.state.context.database
    async with database.everything() as session:
        dana = await session.scalar(select(User.id).where(User.email == "dana@own.example"))
        await session.execute(update(ProjectMembership).where(ProjectMembership.user_id == dana).values(role="viewer"))
    assert (await use(shop, made, "POST", "/api/migrations/upgrade", json=MOVE)).status_code == 403
    assert (await use(shop, made, "GET", SHOP)).status_code == 200
    async with database.everything() as session:
        await session.execute(delete(Membership).where(Membership.user_id == dana))
    assert (await use(shop, made, "GET", SHOP)).status_code == 401
    async with database.everything() as session:
        assert await session.scalar(select(ApiToken.id).where(ApiToken.user_id == dana)) is None


async def test_a_disabled_owner_has_no_tokens(shop: Any) -> None:
    made = await make(shop)
    async with shop.app.state.context.database.everything() as session:
        await session.execute(update(User).where(User.email == OWNER).values(disabled_at=now()))
    assert (await use(shop, made, "GET", SHOP)).status_code == 401


async def test_nobody_makes_a_token_beyond_their_own_rights(shop: Any) -> None:
    await shop.person("dana@own.example", "own", "member", "admin")
    await shop.person("olga@own.example", "own", "member", "operator")
    body = {"name": "CI", "permissions": ["job.upgrade"], "expires_in_days": 30}
    assert (await shop.call("olga@own.example", "POST", TOKENS, json={**body, "projects": ["shop"]})).status_code == 403
    # For the whole organization, or for a project that one does not even see.
    assert (await shop.call("dana@own.example", "POST", TOKENS, json=body)).status_code == 403
    assert (await shop.call("dana@own.example", "POST", TOKENS, json={**body, "projects": ["till"]})).status_code == 404
    for wrong in (
        {"permissions": ["member.manage"]},
        {"permissions": ["job.approve"]},
        {"permissions": []},
        {"expires_in_days": 366},
        {"expires_in_days": None},
        {"networks": ["10.0.0.0/40"]},
        {"environments": ["dev"]},
    ):
        answer = await shop.call(OWNER, "POST", TOKENS, json={**body, **wrong})
        assert answer.status_code == 422, (wrong, answer.status_code, answer.text)
    foreign = (await shop.call("owner@other.example", "GET", "/api/orgs/other/projects")).json()["items"][0]["id"]
    assert (await shop.call(OWNER, "POST", TOKENS, json={**body, "projects": [foreign]})).status_code == 404


async def test_a_project_administrator_rules_over_the_tokens_of_the_project_alone(shop: Any) -> None:
    await shop.person("dana@own.example", "own", "member", "admin")
    wide, narrow = await make(shop), await make(shop, projects=["shop"])
    seen = (await shop.call("dana@own.example", "GET", TOKENS)).json()["items"]
    assert [one["id"] for one in seen] == [narrow["id"]]
    assert (await shop.call("dana@own.example", "DELETE", f"{TOKENS}/{wide['id']}")).status_code == 404
    assert (await shop.call("dana@own.example", "DELETE", f"{TOKENS}/{narrow['id']}")).status_code == 204


async def test_a_token_is_taken_from_its_addresses_only_and_says_where_it_was_used(shop: Any) -> None:
    elsewhere = await make(shop, networks=["203.0.113.7"])
    here = await make(shop, networks=["127.0.0.0/8", "2001:db8::/32"])
    assert (await use(shop, elsewhere, "GET", SHOP)).status_code == 401
    assert (await use(shop, here, "GET", SHOP)).status_code == 200
    listed = {one["id"]: one for one in (await shop.call(OWNER, "GET", TOKENS)).json()["items"]}
    assert listed[here["id"]]["last_used_address"] == "127.0.0.1" and listed[here["id"]]["last_used_at"]
    assert listed[elsewhere["id"]]["last_used_at"] is None


async def test_a_service_account_acts_through_its_token_and_is_told_as_itself(shop: Any) -> None:
    roles = [{"project": "shop", "environment": "dev", "role": "operator"}]
    account = await shop.call(
        OWNER, "POST", "/api/orgs/own/service-accounts", json={"name": "Pipeline", "roles": roles}
    )
    assert account.status_code == 201, account.text
    made = await make(shop, owner=account.json()["id"], name="deploy")
    assert made["token"].startswith("stillroom_svc_") and made["owner"]["name"] == "Pipeline"
    job = await use(shop, made, "POST", "/api/migrations/upgrade", json={**MOVE, "project": "shop"})
    assert job.status_code == 202, job.text
    assert job.json()["actor"] == {"name": "Pipeline", "token": "deploy"}
    answer = await use(
        shop, made, "POST", "/api/migrations/upgrade", json={**MOVE, "project": "shop", "environment": "prod"}
    )
    assert answer.status_code == 403
    entry = (await shop.call(OWNER, "GET", "/api/orgs/own/audit", params={"action": "job.upgrade"})).json()["items"][-1]
    assert (entry["actor"]["kind"], entry["actor"]["name"], entry["actor"]["token_name"]) == (
        *("service", "Pipeline", "deploy"),
    )
    sign_in = {"email": f"{account.json()['id']}@service.invalid", "password": "!"}
    assert (await shop.client.post("/api/auth/sign-in", json=sign_in)).status_code == 401
    gone = await shop.call(OWNER, "DELETE", f"/api/orgs/own/service-accounts/{account.json()['id']}")
    assert gone.status_code == 204
    assert (await use(shop, made, "GET", SHOP)).status_code == 401


async def test_a_person_is_no_service_account(shop: Any) -> None:
    async with shop.app.state.context.database.everything() as session:
        person = await session.scalar(select(User.id).where(User.email == "owner@other.example"))
        assert await session.scalar(select(Organization.id).limit(1))
    body = {"name": "n", "permissions": ["job.read"], "expires_in_days": 1, "owner": str(person)}
    assert (await shop.call(OWNER, "POST", TOKENS, json=body)).status_code == 404
    assert (await shop.call(OWNER, "DELETE", f"/api/orgs/own/service-accounts/{person}")).status_code == 404


def test_a_token_rules_over_nobody_and_knows_no_secret() -> None:
    ruling = {"manage", "approve", "override", "transfer", "delete", "write", "create", "update"}
    assert not [name for name in FOR_TOKENS if set(name.split(".")) & ruling]
    assert set(Permission) > FOR_TOKENS
