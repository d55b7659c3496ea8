"""Whatever happens to jobs, databases and projects is written for those who want to know, together with it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from stillroom_core.databases.client_certificate import count_expiring
from stillroom_core.databases.models import Database
from stillroom_core.happenings.kinds import Happening
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.outcome import sentence
from stillroom_core.keys import new_key
from stillroom_core.mail.delivery import outbox
from stillroom_core.mail.models import Mail
from stillroom_core.members.models import User
from stillroom_core.notifications.models import NotificationChoice
from stillroom_core.organizations.models import Organization
from stillroom_core.sealing import seal
from stillroom_core.tables import now
from stillroom_core.webhooks.models import Webhook, WebhookDelivery
from stillroom_testing.jobs_scene import Scene, revision, two_tables
from stillroom_worker.run_job import run_job
from stillroom_worker.sweep import sweep


@pytest.fixture
async def told(scene: Scene) -> Scene:
    """The scene with a webhook that wants everything; no letter is left of an earlier test."""
    async with scene.room.database.everything() as session:
        organization = (await session.scalars(select(Organization))).one()
        hook = Webhook(id=new_key(), organization_id=organization.id, name="All", host="h", created_by="Ann")
        hook.url_sealed = seal(hook.address("url"), "https://hooks.example/x")
        hook.secret_sealed = seal(hook.address("secret"), "whsec_eA==")
        hook.secret_set_at, hook.events = now(), [one.value for one in Happening]
        session.add(hook)
        await session.execute(delete(Mail))
    scene.commit(two_tables())
    await scene.fetch()
    return scene


async def events(scene: Scene) -> list[str]:
    return [row.event for row in await deliveries(scene)]


async def deliveries(scene: Scene) -> list[WebhookDelivery]:
    async with scene.room.database.everything() as session:
        return list(await session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))


async def letters(scene: Scene) -> list[tuple[str, str]]:
    async with scene.room.database.unscoped() as session:
        return [(mail.subject, text) for mail, text in await outbox(session)]


async def choose(scene: Scene, *chosen: str, own_jobs_only: bool = False, locale: str = "en") -> None:
    async with scene.room.database.everything() as session:
        user = (await session.scalars(select(User))).one()
        organization = (await session.scalars(select(Organization))).one()
        user.locale = locale
        session.add(
            NotificationChoice(
                organization_id=organization.id,
                user_id=user.id,
                project_id=None,
                events=list(chosen),
                own_jobs_only=own_jobs_only,
            )
        )


async def test_the_end_of_a_job_is_told_once_with_its_outcome(told: Scene) -> None:
    done = await told.run("upgrade", "head")
    assert done.job.state == "succeeded"
    (row,) = await deliveries(told)
    assert (row.event, row.state) == ("job.succeeded", "waiting")
    assert row.payload["text"] == sentence(done.job.outcome or {})
    job: dict[str, Any] = row.payload["data"]["job"]
    assert (job["number"], job["heads_after"], job["commit"]) == (done.job.number, ["bbb2"], done.job.commit_sha)
    assert row.payload["data"]["url"].endswith(f"/jobs/{done.job.id}")
    assert await letters(told) == []


async def test_whoever_asked_is_told_by_mail_that_it_failed_unless_they_chose_otherwise(told: Scene) -> None:
    told.commit({**two_tables(), "c": revision("ccc3", "bbb2", "op.execute('select 1/0')")})
    await told.fetch()
    failed = await told.run("upgrade", "head")
    assert failed.job.state == "failed"
    assert await events(told) == ["job.failed"]
    ((subject, text),) = await letters(told)
    assert subject.startswith(f"Job {failed.job.number} failed (upgrade head): ")
    assert "The database stands at " in text and f"/jobs/{failed.job.id}" in text

    await choose(told, "job.succeeded")
    await told.run("upgrade", "head")
    assert len(await letters(told)) == 1


async def test_letters_speak_the_persons_language(told: Scene) -> None:
    await choose(told, "job.succeeded", locale="ru")
    await told.run("upgrade", "head")
    ((subject, text),) = await letters(told)
    assert subject.startswith("Задание ") and "База стоит на bbb2." in text


async def test_of_jobs_that_others_asked_for_one_is_told_only_where_one_wants_it(told: Scene) -> None:
    await choose(told, "job.succeeded", own_jobs_only=True)
    key = await told.queue_job("upgrade", "head")
    async with told.room.database.everything() as session:
        await session.execute(update(Job).where(Job.id == key).values(actor_id=None))
    await run_job(told.room, key)
    assert (await told.finished(key)).job.state == "succeeded"
    assert await letters(told) == []


async def test_a_job_that_is_cancelled_while_it_waits_and_one_that_is_lost_are_told(told: Scene) -> None:
    await told.cancel(await told.queue_job("upgrade", "head"))
    assert await events(told) == ["job.cancelled"]
    key = await told.queue_job("upgrade", "head")
    async with told.room.database.everything() as session:
        gone = {"state": "running", "attempt": new_key(), "heartbeat_at": func.now() - told.room.settings.lease * 2}
        await session.execute(update(Job).where(Job.id == key).values(**gone))
    await sweep(told.room)
    await sweep(told.room)
    assert await events(told) == ["job.cancelled", "job.lost"]


async def test_a_move_from_elsewhere_is_told_with_both_places(told: Scene) -> None:
    await told.run("upgrade", "head")
    told.ask("update alembic_version set version_num = 'aaa1' returning 1")
    await told.read()
    await told.read()
    assert await events(told) == ["job.succeeded", "database.moved"]
    moved = (await deliveries(told))[-1].payload
    assert moved["text"] == "The database stands at aaa1 and stood at bbb2; no job of Stillroom moved it."
    assert (moved["data"]["heads_before"], moved["data"]["heads"]) == (["bbb2"], ["aaa1"])


async def test_a_database_that_goes_away_is_told_once_and_again_when_it_is_back(told: Scene) -> None:
    database = await told.read()
    assert await events(told) == []
    for port, readings in ((1, 2), (database.port, 2)):
        async with told.room.database.everything() as session:
            await session.execute(update(Database).values(port=port))
        for _ in range(readings):
            await told.read()
    assert await events(told) == ["database.unreachable", "database.reachable"]


async def test_a_project_that_cannot_be_fetched_any_more_is_told_once(told: Scene) -> None:
    told.repository.rename(told.repository.with_name("away"))
    for _ in range(2):
        await told.fetch()
    assert await events(told) == ["project.fetch_failed"]


async def test_a_client_certificate_that_ends_soon_is_told_of_once_and_a_renewed_one_anew(told: Scene) -> None:
    async def certified(days: int) -> None:
        async with told.room.database.everything() as session:
            values = {"client_certificate_expires_at": now() + timedelta(days=days), "client_certificate_told_at": None}
            await session.execute(update(Database).values(values))

    await certified(31)
    await sweep(told.room)
    assert await events(told) == []
    await certified(29)
    await sweep(told.room)
    await sweep(told.room)
    (delivery,) = await deliveries(told)
    assert delivery.event == "database.certificate_expiring"
    assert "Renew it" in delivery.payload["text"]
    assert await count(told) == 1
    await certified(200)
    await sweep(told.room)
    assert (len(await events(told)), await count(told)) == (1, 0)


async def count(scene: Scene) -> int:
    async with scene.room.database.everything() as session:
        return await count_expiring(session)
