"""Webhooks of an organization, and what people want to be told of by e-mail."""

from typing import Any

import pytest
from sqlalchemy import select, update

from stillroom_core.mail.models import Mail
from stillroom_core.tables import now
from stillroom_core.webhooks.models import Webhook, WebhookDelivery

OWNER = "owner@own.example"
HOOKS = "/api/orgs/own/webhooks"
SECRET_PATH = "T0/canary-9d2e"
NEW = {"name": "Chat", "url": f"https://hooks.example/{SECRET_PATH}", "events": ["job.failed", "job.lost"]}
CHOICES = "/api/me/notifications"


async def make(api: Any, **content: Any) -> dict[str, Any]:
    answer = await api.call(OWNER, "POST", HOOKS, json={**NEW, **content})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_stranger_sees_no_webhook_and_cannot_use_one_by_its_id(api: Any) -> None:
    made = await make(api)
    sent = (await api.call(OWNER, "POST", f"{HOOKS}/{made['id']}/test")).json()
    for method, path in (
        ("GET", ""),
        ("PATCH", f"/{made['id']}"),
        ("DELETE", f"/{made['id']}"),
        ("POST", f"/{made['id']}/test"),
        ("GET", f"/{made['id']}/deliveries"),
        ("POST", f"/{made['id']}/deliveries/{sent['id']}/send"),
    ):
        body = {} if method == "PATCH" else None
        assert (await api.call(None, method, HOOKS + path, json=body)).status_code == 401
        assert (await api.call("owner@other.example", method, HOOKS + path, json=body)).status_code == 404
        own = HOOKS.replace("own", "other") + path
        if path:
            assert (await api.call("owner@other.example", method, own, json=body)).status_code == 404


async def test_address_and_secret_are_shown_to_nobody_again(api: Any) -> None:
    made = await make(api)
    assert made["secret"].startswith("whsec_") and made["host"] == "https://hooks.example/…"
    listed = await api.call(OWNER, "GET", HOOKS)
    log = await api.call(OWNER, "GET", "/api/orgs/own/audit/export", params={"form": "jsonl"})
    for answer in (listed, log):
        assert answer.status_code == 200
        assert SECRET_PATH not in answer.text and made["secret"] not in answer.text
    assert "webhook.create" in log.text
    async with api.app.state.context.database.everything() as session:
        row = (await session.scalars(select(Webhook))).one()
        assert SECRET_PATH.encode() not in row.url_sealed and made["secret"].encode() not in row.secret_sealed


async def test_a_new_secret_replaces_the_former(api: Any) -> None:
    made = await make(api)
    renewed = (await api.call(OWNER, "POST", f"{HOOKS}/{made['id']}/secret")).json()
    assert renewed["secret"] != made["secret"] and renewed["id"] == made["id"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hooks.example/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/x",
        "http://hooks.example/x",
        "https://ann:secret@hooks.example/x",
        "https://localhost/x",
        "https:///x",
        "javascript:alert(1)",
    ],
)
async def test_an_address_that_could_never_be_reached_is_refused_at_once(api: Any, url: str) -> None:
    answer = await api.call(OWNER, "POST", HOOKS, json={**NEW, "url": url})
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "url", answer.text


@pytest.mark.parametrize("wrong", [{"events": []}, {"events": ["job.dreamt"]}, {"format": "telex"}, {"name": ""}])
async def test_nonsense_is_refused(api: Any, wrong: dict[str, Any]) -> None:
    assert (await api.call(OWNER, "POST", HOOKS, json={**NEW, **wrong})).status_code == 422


async def test_a_project_of_somebody_else_cannot_be_listened_to(api: Any) -> None:
    foreign = (await api.call("owner@other.example", "GET", "/api/orgs/other/projects")).json()["items"][0]["id"]
    assert (await api.call(OWNER, "POST", HOOKS, json={**NEW, "projects": [foreign]})).status_code == 404
    made = await make(api, projects=["shop"])
    assert len(made["project_ids"]) == 1
    changed = await api.call(OWNER, "PATCH", f"{HOOKS}/{made['id']}", json={"projects": None, "name": "All"})
    assert (changed.json()["project_ids"], changed.json()["name"]) == (None, "All")


async def test_a_test_is_logged_and_a_message_is_sent_again_under_its_id(api: Any) -> None:
    made = await make(api)
    sent = await api.call(OWNER, "POST", f"{HOOKS}/{made['id']}/test")
    assert (sent.status_code, sent.json()["state"], sent.json()["event"]) == (202, "waiting", "webhook.test")
    async with api.app.state.context.database.everything() as session:
        tried = {"state": "failed", "tries": 11, "status": 500, "response": "no", "tried_at": now()}
        await session.execute(update(WebhookDelivery).values(**tried))
    path = f"{HOOKS}/{made['id']}/deliveries"
    (listed,) = (await api.call(OWNER, "GET", path)).json()["items"]
    assert (listed["state"], listed["status"], listed["response"]) == ("failed", 500, "no")
    again = await api.call(OWNER, "POST", f"{path}/{listed['id']}/send")
    assert (again.json()["id"], again.json()["state"], again.json()["tries"]) == (listed["id"], "waiting", 0)
    one = (await api.call(OWNER, "GET", f"{path}/{listed['id']}")).json()
    assert one["payload"]["data"]["organization"]["slug"] == "own"


async def test_deliveries_come_in_pages(api: Any) -> None:
    made = await make(api)
    keys = [(await api.call(OWNER, "POST", f"{HOOKS}/{made['id']}/test")).json()["id"] for _ in range(3)]
    path = f"{HOOKS}/{made['id']}/deliveries"
    first = (await api.call(OWNER, "GET", path, params={"limit": 2})).json()
    rest = (await api.call(OWNER, "GET", path, params={"limit": 2, "before": first["next"]})).json()
    assert [one["id"] for one in (*first["items"], *rest["items"])] == keys[::-1]
    assert rest["next"] is None


async def test_one_that_is_off_sends_nothing_and_on_again_forgets_that_it_failed(api: Any) -> None:
    made = await make(api)
    off = (await api.call(OWNER, "PATCH", f"{HOOKS}/{made['id']}", json={"active": False})).json()
    assert (off["active"], off["disabled_because"]) == (False, "asked")
    refused = await api.call(OWNER, "POST", f"{HOOKS}/{made['id']}/test")
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_off")
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Webhook).values(failing_since=now()))
    on = (await api.call(OWNER, "PATCH", f"{HOOKS}/{made['id']}", json={"active": True})).json()
    assert (on["active"], on["failing_since"], on["disabled_because"]) == (True, None, None)


async def test_removing_one_removes_its_log(api: Any) -> None:
    made = await make(api)
    await api.call(OWNER, "POST", f"{HOOKS}/{made['id']}/test")
    assert (await api.call(OWNER, "DELETE", f"{HOOKS}/{made['id']}")).status_code == 204
    async with api.app.state.context.database.everything() as session:
        assert list(await session.scalars(select(WebhookDelivery))) == []


async def test_everybody_begins_with_their_own_failed_jobs_and_chooses_by_project(api: Any) -> None:
    found = (await api.call(OWNER, "GET", CHOICES)).json()
    assert found["mail"] and "job.needs_approval" not in found["events"]
    (own,) = found["organizations"]
    assert [
        (c["project"] and c["project"]["slug"], c["events"], c["own_jobs_only"], c["chosen"]) for c in own["choices"]
    ] == [
        (None, ["job.failed", "job.lost"], True, False),
        ("shop", ["job.failed", "job.lost"], True, False),
    ]
    body = {"organization": "own", "project": "shop", "events": ["database.moved"], "own_jobs_only": False}
    kept = (await api.call(OWNER, "PUT", CHOICES, json=body)).json()["organizations"][0]["choices"]
    assert [(c["events"], c["chosen"]) for c in kept] == [
        (["job.failed", "job.lost"], False),
        (["database.moved"], True),
    ]
    forgotten = await api.call(OWNER, "PUT", CHOICES, json={**body, "events": None})
    assert not any(c["chosen"] for c in forgotten.json()["organizations"][0]["choices"])
    log = (await api.call(OWNER, "GET", "/api/orgs/own/audit")).json()["items"]
    assert "notification.choose" in str(log)


async def test_nobody_chooses_for_a_place_that_they_do_not_see(api: Any) -> None:
    body = {"organization": "other", "events": ["job.failed"]}
    assert (await api.call(OWNER, "PUT", CHOICES, json=body)).status_code == 404
    assert (await api.call(None, "PUT", CHOICES, json=body)).status_code == 401
    await api.person("m@own.example", "own", "member")
    body = {"organization": "own", "project": "shop", "events": ["job.failed"]}
    assert (await api.call("m@own.example", "PUT", CHOICES, json=body)).status_code == 404


async def test_a_member_without_a_role_in_the_project_gets_no_letter_about_it(api: Any) -> None:
    await api.person("m@own.example", "own", "member")
    everything = {"organization": "own", "events": ["job.cancelled"], "own_jobs_only": False}
    for email in ("m@own.example", OWNER):
        assert (await api.call(email, "PUT", CHOICES, json=everything)).status_code == 200
    from stillroom_testing.commits import add_commit

    await add_commit(api.app.state.context.database, "own", {"aaa1": ()})
    move = {"project": "own/shop", "environment": "dev", "revision": "head"}
    job = (await api.call(OWNER, "POST", "/api/migrations/upgrade", json=move)).json()["id"]
    await api.call(OWNER, "POST", f"/api/jobs/{job}/cancel")
    async with api.app.state.context.database.everything() as session:
        assert [mail.recipient for mail in await session.scalars(select(Mail))] == [OWNER]
