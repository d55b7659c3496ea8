"""How the installation stands: for platform staff alone, and without anything of a tenant."""

import json
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select, update

from stillroom_core.databases.models import Database
from stillroom_core.jobs.lifecycle import JobState
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.presence import Worker, say
from stillroom_core.mail.models import Mail
from stillroom_core.settings import get_settings
from stillroom_core.staff import service as staff
from stillroom_core.staff.models import Staff
from stillroom_core.tables import now
from stillroom_core.webhooks.models import Webhook, WebhookDelivery
from stillroom_testing.commits import add_commit

STAFF, OTHER = "owner@own.example", "owner@other.example"
PATH = "/api/installation"


@pytest.fixture
async def staffed(api: Any) -> Any:
    """The api, where one of the two owners runs the installation."""
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Staff).values(ended_at=now()))
        await staff.add(session, STAFF)
    return api


async def test_a_stranger_sees_nothing(staffed: Any) -> None:
    assert (await staffed.call(None, "GET", PATH)).status_code == 401


async def test_an_owner_of_an_organization_is_refused_with_the_name_of_the_permission(staffed: Any) -> None:
    refused = await staffed.call(OTHER, "GET", PATH)
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_needed")
    assert refused.json()["params"] == {"permission": "platform.read"}
    assert "stillroom staff add" in refused.json()["fix"]


async def test_an_api_token_of_staff_is_refused(staffed: Any) -> None:
    made = await staffed.call(
        STAFF,
        "POST",
        "/api/orgs/own/tokens",
        json={"name": "ci", "permissions": ["project.read"], "expires_in_days": 1},
    )
    assert made.status_code == 201, made.text
    answer = await staffed.client.get(PATH, headers={"Authorization": f"Bearer {made.json()['token']}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "person_needed")


async def test_who_is_staff_is_told_to_themselves_and_ends_at_once(staffed: Any) -> None:
    assert (await staffed.call(STAFF, "GET", "/api/me")).json()["staff"] is True
    assert (await staffed.call(OTHER, "GET", "/api/me")).json()["staff"] is False
    async with staffed.app.state.context.database.everything() as session:
        assert await staff.remove(session, STAFF) is True
        assert await staff.remove(session, STAFF) is False
    assert (await staffed.call(STAFF, "GET", PATH)).status_code == 403


async def test_a_restart_does_not_make_staff_again_of_somebody_who_was_removed(staffed: Any) -> None:
    async with staffed.app.state.context.database.everything() as session:
        await staff.remove(session, STAFF)
        person = await staff._person(session, STAFF)
        await staff.begin_with(session, person)
        assert not await staff.is_staff(session, person)


async def test_an_empty_installation_is_told_as_such(staffed: Any) -> None:
    seen = (await staffed.call(STAFF, "GET", PATH)).json()
    assert seen["queue"]["by_age"] == {"10s": 0, "1m": 0, "10m": 0, "more": 0}
    assert (seen["queue"]["waiting"], seen["queue"]["oldest_s"], seen["workers"], seen["leases"]) == (0, 0, [], [])
    assert (seen["schema"]["fits"], seen["broker"]) == ("ok", "ok")


async def test_everything_that_is_wrong_is_seen_by_counts_and_ids_alone(staffed: Any) -> None:
    database = staffed.app.state.context.database
    await add_commit(database, "own", {"aaa1": ()})
    await add_commit(database, "other", {"aaa1": ()})
    for email, number in ((STAFF, 1), (OTHER, 3)):
        for _ in range(number):
            move = {"project": "shop", "environment": "dev", "revision": "head"}
            assert (await staffed.call(email, "POST", "/api/migrations/upgrade", json=move)).status_code == 202
    async with database.everything() as session:
        jobs = list(await session.scalars(select(Job).order_by(Job.id)))
        jobs[0].state, jobs[0].started_at, jobs[0].heartbeat_at = JobState.RUNNING.value, now(), now()
        (await session.scalars(select(Database))).first().trusted = False
        hook = Webhook(
            organization_id=jobs[0].organization_id,
            name="Secret",
            url_sealed=b"",
            host="secret.example",
            secret_sealed=b"",
            secret_set_at=now(),
            events=["job.failed"],
            disabled_because="failing",
            created_by="Secret",
        )
        session.add(hook)
        await session.flush()
        payload = {"text": "secret"}
        told = {"organization_id": hook.organization_id, "webhook_id": hook.id, "event": "job.failed"}
        session.add(WebhookDelivery(**told, payload=payload, state="failed", tries=11, status=500, response="secret"))
        session.add(WebhookDelivery(**told, payload=payload))
        session.add(Mail(recipient="ann@own.example", subject="Secret", tries=8, error="OSError", sent_at=now()))
    with Redis.from_url(get_settings().redis_url.get_secret_value()) as broker:
        say(broker, Worker(name="host:1", level="bwrap", version="0.1.0", slots=2, busy=1, queues=("stillroom", "own")))
    seen = (await staffed.call(STAFF, "GET", PATH)).json()
    assert (seen["queue"]["waiting"], seen["queue"]["by_age"]["10s"], seen["queue"]["running"]) == (3, 3, 1)
    assert seen["queue"]["of_organizations"] == [{"organization_id": str(jobs[-1].organization_id), "jobs": 3}]
    assert [line["name"] for line in seen["queue"]["lines"]] == ["own", "stillroom"]
    (worker,) = seen["workers"]
    assert (worker["name"], worker["level"], worker["slots"], worker["busy"]) == ("host:1", "bwrap", 2, 1)
    assert [lease["job_id"] for lease in seen["leases"]] == [str(jobs[0].id)]
    assert len(seen["doubts"]) == 1
    assert (seen["letters"]["given_up"], seen["letters"]["failed"][0]["error"]) == (1, "OSError")
    assert seen["letters"]["failed"][0]["next_try_at"] is None
    assert (seen["deliveries"]["waiting"], seen["deliveries"]["switched_off"]) == (1, 1)
    assert [(one["status"], one["tries"], one["next_try_at"]) for one in seen["deliveries"]["failed"]] == [
        (500, 11, None)
    ]
    text = json.dumps(seen).lower()
    names = ("mine", "foreign", "shop", "own.example", "other.example", "secret", "organization ", "db.example")
    assert [name for name in names if name in text] == []
