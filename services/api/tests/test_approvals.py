"""Approvals over the API: who asks, who decides, what counts, and when the job starts."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from stillroom_core.approvals.models import ApprovalRequest
from stillroom_core.approvals.settling import settle
from stillroom_core.databases.models import Database
from stillroom_core.jobs.models import Job
from stillroom_core.members.models import Membership, ProjectMembership, User
from stillroom_core.plans.models import Plan
from stillroom_core.plans.repository import forget_expired
from stillroom_core.tables import now
from stillroom_core.tokens.models import ApiToken
from stillroom_testing.commits import add_commit

OWNER, ANN, BEN, OPERATOR, VIEWER = (
    "owner@own.example",
    "ann@own.example",
    "ben@own.example",
    "operator@own.example",
    "viewer@own.example",
)
MOVE = {"project": "own/shop", "environment": "dev"}
DEV = "/api/orgs/own/projects/shop/environments/dev"
HISTORY: Mapping[str, tuple[str, ...]] = {"aaa1": (), "bbb2": ("aaa1",), "ccc3": ("bbb2",)}


@pytest.fixture
async def shop(api: Any) -> Any:
    """The project `own/shop`, whose environment dev wants one approval; two maintainers, an operator, a viewer."""
    await add_commit(api.app.state.context.database, "own", HISTORY)
    tables = [{"schema": "public", "table": "alembic_version"}]
    await change(api, Database, Database.name == "db-mine", heads=["aaa1"], version_tables=tables)
    for email, role in ((ANN, "maintainer"), (BEN, "maintainer"), (OPERATOR, "operator"), (VIEWER, "viewer")):
        await api.person(email, "own", "member", role)
    await policy(api, approvals_needed=1)
    api.queue.rings.clear()
    return api


async def change(api: Any, table: Any, condition: Any, **values: Any) -> None:
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(table).where(condition).values(**values))


async def policy(api: Any, **values: Any) -> None:
    answer = await api.call(OWNER, "PATCH", DEV, json=values)
    assert answer.status_code == 200, answer.text


async def ask(api: Any, person: str, revision: str = "head", **more: Any) -> Any:
    return await api.call(person, "POST", "/api/migrations/upgrade", json={**MOVE, "revision": revision, **more})


async def asked(api: Any, person: str, **more: Any) -> str:
    """The id of a request that this person has made."""
    answer = await ask(api, person, **more)
    assert (answer.status_code, answer.json()["code"]) == (409, "approval_needed"), answer.text
    return str(answer.json()["params"]["request"])


async def decide(api: Any, person: str | None, request: str, verdict: str = "approve", comment: str = "") -> Any:
    return await api.call(person, "POST", f"/api/approvals/{request}/{verdict}", json={"comment": comment})


async def seen(api: Any, request: str, person: str = OWNER) -> Any:
    return (await api.call(person, "GET", f"/api/approvals/{request}")).json()


async def look_again(api: Any, request: str) -> None:
    """What the sweeper does."""
    async with api.app.state.context.database.everything() as session:
        row = await session.get_one(ApprovalRequest, request)
    async with api.app.state.context.database.transaction(row.organization_id) as session:
        await settle(session, row.organization_id, row.id)


async def jobs(api: Any) -> list[Job]:
    async with api.app.state.context.database.everything() as session:
        return list(await session.scalars(select(Job)))


async def user(api: Any, email: str) -> User:
    async with api.app.state.context.database.everything() as session:
        found = await session.scalar(select(User).where(User.email == email))
    assert found is not None
    return found


async def name(api: Any, email: str) -> str:
    return str((await user(api, email)).name)


async def test_a_stranger_neither_sees_nor_decides_about_a_request(shop: Any) -> None:
    request = await asked(shop, ANN)
    for person, status in ((None, 401), ("owner@other.example", 404)):
        assert (await shop.call(person, "GET", f"/api/approvals/{request}")).status_code == status
        assert (await decide(shop, person, request)).status_code == status
        assert (await shop.call(person, "POST", f"/api/approvals/{request}/withdraw")).status_code == status
    assert (await shop.call("owner@other.example", "GET", "/api/orgs/own/approvals")).status_code == 404
    assert (await seen(shop, request))["state"] == "open"
    assert shop.queue.rings == []


async def test_a_move_becomes_a_request_and_its_job_starts_with_the_approval_that_was_missing(shop: Any) -> None:
    answer = await ask(shop, ANN, reason="For the new checkout")
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["params"]["link"].endswith(f"/own/approvals/{problem['params']['request']}")
    request = problem["params"]["request"]
    found = await seen(shop, request)
    assert (found["state"], found["needed"], found["reason"]) == ("open", 1, "For the new checkout")
    assert {one["name"] for one in found["approvers"]} == {await name(shop, OWNER), BEN}
    assert await jobs(shop) == []
    done = await decide(shop, BEN, request, comment="Looks right")
    assert done.status_code == 200, done.text
    (job,) = await jobs(shop)
    assert (done.json()["state"], done.json()["job"]["number"]) == ("started", job.number)
    assert (job.actor_name, str(job.request_id), job.plan_confirmed, str(job.plan_id)) == (
        ANN,
        request,
        True,
        done.json()["plan_id"],
    )
    (decision,) = done.json()["decisions"]
    assert (decision["name"], decision["verdict"], decision["comment"], decision["counts"]) == (
        BEN,
        "approve",
        "Looks right",
        True,
    )
    assert len(shop.queue.rings) == 1


async def test_whoever_may_approve_gets_a_letter_and_whoever_asked_gets_none(shop: Any) -> None:
    request = await asked(shop, ANN)
    subject, text = (await shop.letters(BEN))[0]
    assert (ANN in subject, f"/own/approvals/{request}" in text) == (True, True)
    assert not [subject for subject, _ in await shop.letters(ANN) if "approval" in subject]
    assert not [subject for subject, _ in await shop.letters(VIEWER) if "approval" in subject]


async def test_nobody_decides_about_a_request_of_their_own(shop: Any) -> None:
    request = await asked(shop, ANN)
    for verdict in ("approve", "reject"):
        refused = await decide(shop, ANN, request, verdict, "c")
        assert (refused.status_code, refused.json()["code"]) == (403, "own_request")
    assert await jobs(shop) == []


async def test_not_even_an_owner_starts_without_others_where_approvals_are_needed(shop: Any) -> None:
    request = await asked(shop, OWNER)
    assert (await decide(shop, OWNER, request)).json()["code"] == "own_request"
    assert (await decide(shop, BEN, request)).json()["state"] == "started"


async def token_of(api: Any, person: str, **more: Any) -> tuple[str, str]:
    wanted = {"name": "CI", "permissions": ["project.read", "job.read", "job.upgrade"], "expires_in_days": 1, **more}
    made = await api.call(person, "POST", "/api/orgs/own/tokens", json=wanted)
    assert made.status_code == 201, made.text
    return made.json()["id"], made.json()["token"]


async def by_token(api: Any, token: str, method: str, path: str, **content: Any) -> Any:
    return await api.client.request(method, path, headers={"Authorization": f"Bearer {token}"}, **content)


async def test_a_request_through_a_token_is_its_owners_own_and_a_token_approves_nothing(shop: Any) -> None:
    _, token = await token_of(shop, OWNER)
    answer = await by_token(shop, token, "POST", "/api/migrations/upgrade", json={**MOVE, "revision": "head"})
    request = answer.json()["params"]["request"]
    assert (await decide(shop, OWNER, request)).json()["code"] == "own_request"
    other = await asked(shop, ANN)
    refused = await by_token(shop, token, "POST", f"/api/approvals/{other}/approve", json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")
    assert (await decide(shop, BEN, request)).json()["job"] is not None
    assert [job.token_name for job in await jobs(shop)] == ["CI"]


async def test_who_made_a_service_account_or_holds_its_token_does_not_approve_what_it_asks_for(shop: Any) -> None:
    await shop.person("admin@own.example", "own", "admin")
    roles = [{"project": "shop", "role": "operator"}]
    account = await shop.call(
        OWNER, "POST", "/api/orgs/own/service-accounts", json={"name": "Pipeline", "roles": roles}
    )
    assert account.status_code == 201, account.text
    token_id, _ = await token_of(shop, OWNER, owner=account.json()["id"])
    # Whoever rotates it is shown its text.
    turned = await shop.call("admin@own.example", "POST", f"/api/orgs/own/tokens/{token_id}/rotate")
    token = turned.json()["token"]
    answer = await by_token(shop, token, "POST", "/api/migrations/upgrade", json={**MOVE, "revision": "head"})
    request = answer.json()["params"]["request"]
    for person in (OWNER, "admin@own.example"):
        assert (await decide(shop, person, request)).json()["code"] == "own_request"
    assert [one["name"] for one in (await seen(shop, request))["approvers"]] == [ANN, BEN]
    assert (await decide(shop, BEN, request)).json()["state"] == "started"


async def test_a_request_outlives_its_short_lived_token_but_not_a_revoked_one(shop: Any) -> None:
    for ended, state in (("expires_at", "started"), ("revoked_at", "void")):
        token_id, token = await token_of(shop, OWNER)
        answer = await by_token(shop, token, "POST", "/api/migrations/upgrade", json={**MOVE, "revision": "bbb2"})
        await change(shop, ApiToken, ApiToken.id == token_id, **{ended: now()})
        done = await decide(shop, BEN, answer.json()["params"]["request"])
        assert done.json()["state"] == state, done.text
    assert done.json()["ended"]["code"] == "requester_gone"


async def test_an_operator_asks_on_a_protected_environment_and_starts_nothing_there_alone(shop: Any) -> None:
    await policy(shop, approvals_needed=0)
    assert (await ask(shop, OPERATOR, "bbb2")).status_code == 202
    await policy(shop, protected=True)
    request = await asked(shop, OPERATOR)
    assert (await seen(shop, request))["needed"] == 1
    assert (await ask(shop, VIEWER)).json()["params"]["permission"] == "job.upgrade"
    assert (await decide(shop, VIEWER, request)).status_code == 403
    assert (await decide(shop, BEN, request)).json()["state"] == "started"
    # Whoever may start there still starts at once: protected alone asks nobody.
    assert (await ask(shop, ANN)).status_code == 202


async def test_every_move_that_changes_a_database_needs_the_approval_and_a_reading_none(shop: Any) -> None:
    for kind, more in (("downgrade", {"revision": "base"}), ("stamp", {"revision": "bbb2"}), ("command", {})):
        answer = await shop.call(ANN, "POST", f"/api/migrations/{kind}", json={**MOVE, "reason": "r", **more})
        assert answer.json()["code"] == "approval_needed", answer.text
    assert (await shop.call(ANN, "POST", "/api/migrations/check", json=MOVE)).status_code == 202


async def test_as_many_must_agree_as_the_environment_asks_for_each_once(shop: Any) -> None:
    await policy(shop, approvals_needed=2)
    request = await asked(shop, ANN)
    assert (await decide(shop, BEN, request)).json()["state"] == "open"
    assert (await decide(shop, BEN, request)).json()["state"] == "open"
    assert await jobs(shop) == []
    assert (await decide(shop, OWNER, request)).json()["state"] == "started"


async def test_two_who_approve_at_once_start_one_job(shop: Any) -> None:
    await shop.person("cid@own.example", "own", "member", "maintainer")
    await shop.sign_in("cid@own.example")
    await shop.sign_in(BEN)
    for needed in (1, 2):
        await policy(shop, approvals_needed=needed)
        before = len(await jobs(shop))
        request = await asked(shop, ANN, revision="bbb2" if needed == 1 else "ccc3")
        answers = await asyncio.gather(*(decide(shop, who, request) for who in (BEN, "cid@own.example")))
        assert {answer.status_code for answer in answers} <= {200, 409}
        assert len(await jobs(shop)) == before + 1
        assert (await seen(shop, request))["state"] == "started"


async def test_one_rejection_with_a_comment_ends_a_request(shop: Any) -> None:
    request = await asked(shop, ANN)
    assert (await decide(shop, BEN, request, "reject")).status_code == 422
    done = await decide(shop, BEN, request, "reject", "Not before the holiday")
    assert (done.json()["state"], done.json()["closed_by"]) == ("rejected", BEN)
    late = await decide(shop, OWNER, request)
    assert (late.status_code, late.json()["code"]) == (409, "request_closed")
    assert await jobs(shop) == []


async def test_a_request_is_withdrawn_by_whoever_made_it_and_by_nobody_else(shop: Any) -> None:
    request = await asked(shop, ANN)
    assert (await shop.call(BEN, "POST", f"/api/approvals/{request}/withdraw")).json()["code"] == "not_own_request"
    done = await shop.call(ANN, "POST", f"/api/approvals/{request}/withdraw")
    assert (done.status_code, done.json()["state"]) == (200, "withdrawn")
    assert (await decide(shop, BEN, request)).json()["code"] == "request_closed"


@pytest.mark.parametrize(("role", "may", "may_not"), [("admin", "lead@own.example", BEN), ("owner", OWNER, BEN)])
async def test_approvals_come_from_the_role_that_the_environment_names(
    shop: Any, role: str, may: str, may_not: str
) -> None:
    await shop.person("lead@own.example", "own", "member", "admin")
    await policy(shop, approver_role=role)
    request = await asked(shop, ANN)
    refused = await decide(shop, may_not, request)
    assert (refused.status_code, refused.json()["code"]) == (403, "approver_role")
    if role == "owner":
        assert (await decide(shop, "lead@own.example", request)).json()["code"] == "approver_role"
    assert (await decide(shop, may, request)).json()["state"] == "started"


async def test_approvals_come_from_the_group_that_the_environment_names(shop: Any) -> None:
    group = (await shop.call(OWNER, "POST", "/api/orgs/own/groups", json={"name": "Keepers"})).json()["id"]
    await policy(shop, approver_group_id=group)
    request = await asked(shop, ANN)
    refused = await decide(shop, BEN, request)
    assert (refused.json()["code"], "Keepers" in refused.json()["title"]) == ("approver_group", True)
    kept = await shop.call(OWNER, "DELETE", f"/api/orgs/own/groups/{group}")
    assert (kept.status_code, kept.json()["code"]) == (409, "group_approves")
    ben = (await user(shop, BEN)).id
    await shop.call(OWNER, "PUT", f"/api/orgs/own/groups/{group}/members/{ben}")
    assert (await decide(shop, BEN, request)).json()["state"] == "started"


async def test_groups_and_environments_of_elsewhere_are_no_policy(shop: Any) -> None:
    foreign = await shop.call("owner@other.example", "POST", "/api/orgs/other/groups", json={"name": "G"})
    assert (await shop.call(OWNER, "PATCH", DEV, json={"approver_group_id": foreign.json()["id"]})).status_code == 404
    places = await shop.call("owner@other.example", "GET", "/api/orgs/other/projects/shop/environments")
    other = places.json()["items"][0]["id"]
    assert (await shop.call(OWNER, "PATCH", DEV, json={"predecessor_id": other})).status_code == 404


async def test_the_approval_of_somebody_who_lost_the_right_since_counts_no_more(shop: Any) -> None:
    await policy(shop, approvals_needed=2)
    request = await asked(shop, ANN)
    await decide(shop, BEN, request)
    async with shop.app.state.context.database.everything() as session:
        ben = (await user(shop, BEN)).id
        await session.execute(delete(ProjectMembership).where(ProjectMembership.user_id == ben))
    (decision,) = (await seen(shop, request))["decisions"]
    assert decision["counts"] is False
    assert (await decide(shop, OWNER, request)).json()["state"] == "open"
    assert await jobs(shop) == []
    await shop.person("cid@own.example", "own", "member", "maintainer")
    assert (await decide(shop, "cid@own.example", request)).json()["state"] == "started"


async def test_of_somebody_who_is_no_member_any_more_nothing_starts(shop: Any) -> None:
    request = await asked(shop, ANN)
    async with shop.app.state.context.database.everything() as session:
        await session.execute(delete(Membership).where(Membership.user_id == (await user(shop, ANN)).id))
    done = (await decide(shop, BEN, request)).json()
    assert (done["state"], done["ended"]["code"], done["job"]) == ("void", "requester_gone", None)
    assert await jobs(shop) == []


async def test_a_request_is_void_as_soon_as_its_plan_does_not_hold(shop: Any) -> None:
    request = await asked(shop, ANN)
    await change(shop, Database, Database.name == "db-mine", heads=["bbb2"])
    found = await seen(shop, request)
    assert (found["state"], found["permissions"]) == ("void", [])
    assert "from aaa1 to bbb2" in found["ended"]["sentences"][0]
    late = await decide(shop, BEN, request)
    assert (late.json()["code"], late.json()["params"]["state"]) == ("request_closed", "void")
    await look_again(shop, request)
    await change(shop, Database, Database.name == "db-mine", heads=["aaa1"])
    assert (await seen(shop, request))["state"] == "void"  # what once was void stays so


async def test_a_newer_commit_and_changed_settings_make_a_request_void_and_another_policy_does_not(shop: Any) -> None:
    first = await asked(shop, ANN)
    await policy(shop, approval_hours=48, approver_role="admin")
    assert (await seen(shop, first))["state"] == "open"
    await policy(shop, x_arguments=["tenant=2"])
    assert (await seen(shop, first))["state"] == "void"
    second = await asked(shop, ANN)
    await add_commit(shop.app.state.context.database, "own", {**HISTORY, "ddd4": ("ccc3",)})
    assert (await seen(shop, second))["state"] == "void"


async def test_a_request_expires_after_the_hours_that_the_environment_gives_it(shop: Any) -> None:
    await policy(shop, approval_hours=2)
    request = await asked(shop, ANN)
    async with shop.app.state.context.database.everything() as session:
        row = await session.get_one(ApprovalRequest, request)
        assert timedelta(hours=1, minutes=59) < row.expires_at - now() <= timedelta(hours=2)
        plan = await session.get_one(Plan, row.plan_id)
        assert plan.expires_at >= row.expires_at
        row.expires_at = now()
    assert (await seen(shop, request))["state"] == "expired"
    assert (await decide(shop, BEN, request)).json()["params"]["state"] == "expired"
    await look_again(shop, request)
    async with shop.app.state.context.database.everything() as session:
        await session.execute(update(Plan).values(expires_at=now() - timedelta(days=1)))
        await forget_expired(session)
    assert (await seen(shop, request))["plan"]["digest"]  # what was asked for is kept with its plan


async def test_the_same_idempotency_key_gives_the_same_request_and_then_its_job(shop: Any) -> None:
    first, again = [await asked(shop, ANN, idempotency_key="deploy-7") for _ in range(2)]
    assert first == again
    other = await ask(shop, ANN, "bbb2", idempotency_key="deploy-7")
    assert other.json()["code"] == "idempotency_key_reused"
    await decide(shop, BEN, first)
    job = await ask(shop, ANN, idempotency_key="deploy-7")
    assert (job.status_code, job.json()["request_id"]) == (202, first)
    assert len(await jobs(shop)) == 1


async def test_a_trigger_whose_request_was_rejected_is_told_so(shop: Any) -> None:
    request = await asked(shop, ANN, idempotency_key="deploy-7")
    await decide(shop, BEN, request, "reject", "No")
    again = await ask(shop, ANN, idempotency_key="deploy-7")
    assert (again.status_code, again.json()["code"], again.json()["params"]["state"]) == (
        409,
        "request_closed",
        "rejected",
    )


async def test_a_plan_that_was_looked_at_is_asked_for_once_however_often_the_button_is_pressed(shop: Any) -> None:
    plan = (
        await shop.call(ANN, "POST", "/api/migrations/plan", json={**MOVE, "kind": "upgrade", "revision": "head"})
    ).json()
    conditions = plan["conditions"]
    assert (conditions["approvals"], conditions["unmet"], conditions["may_ask"], conditions["may_override"]) == (
        1,
        ["approvals"],
        True,
        False,
    )
    assert BEN in [one["name"] for one in conditions["approvers"]]
    assert ANN not in [one["name"] for one in conditions["approvers"]]
    first, again = [await asked(shop, ANN, plan=plan["id"]) for _ in range(2)]
    assert first == again
    now_seen = (await shop.call(ANN, "GET", f"/api/plans/{plan['id']}")).json()
    assert now_seen["conditions"]["request"] == {"id": first, "state": "open"}


async def test_an_override_takes_its_permission_and_a_reason_and_is_kept_loudly(shop: Any) -> None:
    assert (await ask(shop, ANN, override="It burns")).json()["params"]["permission"] == "job.override"
    assert (await ask(shop, OWNER, override="x")).status_code == 422
    request = await asked(shop, ANN)
    plan = (await seen(shop, request))["plan_id"]
    done = await ask(shop, OWNER, plan=plan, override="The shop is down")
    assert done.status_code == 202, done.text
    assert done.json()["override"] == {"reason": "The shop is down", "conditions": ["approvals"]}
    closed = await seen(shop, request)
    assert (closed["state"], closed["closed_by"]) == ("started", await name(shop, OWNER))
    entries = (await shop.call(OWNER, "GET", "/api/orgs/own/audit?action=job.override")).json()["items"]
    assert [entry["after"]["reason"] for entry in entries] == ["The shop is down"]
    # Where nothing stood in the way nothing was overridden.
    await policy(shop, approvals_needed=0)
    await change(shop, Database, Database.name == "db-mine", heads=["bbb2"])
    assert (await ask(shop, OWNER, override="To be sure")).json()["override"] is None


async def test_every_act_has_one_entry_in_the_audit_log(shop: Any) -> None:
    first = await asked(shop, ANN)
    await decide(shop, BEN, first, "reject", "No")
    second = await asked(shop, ANN)
    await shop.call(ANN, "POST", f"/api/approvals/{second}/withdraw")
    third = await asked(shop, ANN)
    await decide(shop, BEN, third)
    await decide(shop, VIEWER, third)
    entries = (await shop.call(OWNER, "GET", "/api/orgs/own/audit?action=request")).json()["items"]
    acts = [(entry["action"], entry["outcome"], entry["actor"]["name"]) for entry in reversed(entries)]
    assert acts == [
        ("request.create", "done", ANN),
        ("request.reject", "done", BEN),
        ("request.create", "done", ANN),
        ("request.withdraw", "done", ANN),
        ("request.create", "done", ANN),
        ("request.approve", "done", BEN),
        ("request.approve", "refused", VIEWER),
    ]


async def test_lists_show_what_waits_for_me_what_is_mine_and_what_was_decided(shop: Any) -> None:
    first, second = await asked(shop, ANN), await asked(shop, BEN, revision="bbb2")

    async def listed(person: str, show: str, **more: Any) -> list[str]:
        answer = await shop.call(person, "GET", "/api/orgs/own/approvals", params={"show": show, **more})
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert await listed(ANN, "waiting") == [second]
    assert await listed(BEN, "waiting") == [first]
    assert await listed(VIEWER, "waiting") == []
    assert await listed(VIEWER, "open") == [second, first]
    assert await listed(OWNER, "waiting") == [second, first]
    assert (await shop.call(OWNER, "GET", "/api/orgs/own/approvals/count")).json() == {"waiting": 2}
    page = (await shop.call(OWNER, "GET", "/api/orgs/own/approvals", params={"limit": 1})).json()
    assert ([item["id"] for item in page["items"]], page["next_cursor"]) == ([second], second)
    assert await listed(OWNER, "waiting", cursor=second) == [first]
    await decide(shop, OWNER, first, "reject", "No")
    assert await listed(OWNER, "decided") == [first]
    assert await listed(ANN, "mine") == [first]
    # Who has given their approval waits for others.
    await policy(shop, approvals_needed=2)
    await decide(shop, OWNER, second)
    assert await listed(OWNER, "waiting") == []
    assert await listed(OWNER, "open") == [second]


async def test_a_database_that_was_never_read_is_asked_for_when_it_was(shop: Any) -> None:
    await change(shop, Database, Database.name == "db-mine", heads=None)
    assert (await ask(shop, ANN)).json()["code"] == "database_not_read"


async def test_nothing_to_do_needs_nobodys_approval(shop: Any) -> None:
    assert (await ask(shop, ANN, "aaa1")).json()["code"] == "nothing_to_do"


async def test_a_deleted_database_takes_its_requests_along(shop: Any) -> None:
    request = await asked(shop, ANN)
    databases = (await shop.call(OWNER, "GET", "/api/orgs/own/projects/shop/environments")).json()["items"][0]
    path = f"{DEV}/databases/{databases['databases'][0]['id']}"
    assert (await shop.call(OWNER, "DELETE", path)).status_code == 204
    assert (await shop.call(OWNER, "GET", f"/api/approvals/{request}")).status_code == 404


async def test_a_lowered_policy_lets_what_waits_start(shop: Any) -> None:
    await policy(shop, approvals_needed=2)
    request = await asked(shop, ANN)
    await decide(shop, BEN, request)
    await policy(shop, approvals_needed=1)
    await look_again(shop, request)
    assert (await seen(shop, request))["state"] == "started"
