"""Messages reach a real receiver, signed; they wait while it is away, and end when it stays away."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, text, update

import stillroom_core.models  # noqa: F401 - registers every table
from stillroom_core.bootstrap import bootstrap
from stillroom_core.database import Database
from stillroom_core.happenings.kinds import Happening
from stillroom_core.happenings.telling import emit
from stillroom_core.keys import new_key
from stillroom_core.mail.delivery import outbox
from stillroom_core.organizations.models import Organization
from stillroom_core.outbound.http import NotReached, ask
from stillroom_core.projects.models import Project
from stillroom_core.sealing import seal
from stillroom_core.settings import get_settings
from stillroom_core.tables import now
from stillroom_core.webhooks.delivery import (
    PAUSES,
    SWITCHED_OFF_AFTER,
    _claim,
    body_of,
    deliver_webhooks,
    forget_old_deliveries,
)
from stillroom_core.webhooks.models import Webhook, WebhookDelivery
from stillroom_core.webhooks.signing import new_secret
from stillroom_testing.git_server import serving
from stillroom_testing.hook_receiver import HookReceiver, receiving
from stillroom_testing.installations import in_this_process, new_installation
from stillroom_testing.servers import PostgresServer

PAGE = Path(__file__).resolve().parents[4] / "docs" / "webhooks.md"
THIS_MACHINE = (ip_network("127.0.0.0/8"),)
OWNER = "owner@own.example"
FIRST = {
    "administrator": {"email": OWNER, "name": "Owner", "password": "correct horse battery"},
    "sample": {
        "organization": {"slug": "own", "name": "Own"},
        "project": {"slug": "shop", "name": "Shop", "git_url": "https://git.example/s.git", "git_ref": "main"},
        "environments": [],
    },
}


@pytest.fixture
def receiver() -> Iterator[HookReceiver]:
    with receiving() as made:
        yield made


@pytest.fixture(scope="session")
def installation(
    postgres_server: PostgresServer, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The settings of an installation whose operator lists this machine as a private network."""
    settings = {
        "STILLROOM_PUBLIC_URL": "https://stillroom.example",
        "STILLROOM_ALLOWED_NETWORKS": "127.0.0.0/8",
        "STILLROOM_SMTP_URL": "smtp://127.0.0.1:1",
    }
    return new_installation(
        postgres_server.new_database("hooks").url, redis_url, tmp_path_factory.mktemp("data"), **settings
    )


@pytest.fixture
async def database(installation: dict[str, str]) -> AsyncIterator[Database]:
    """That installation with one project and nothing else."""
    with in_this_process(installation, without=("STILLROOM_DEVELOPMENT",)):
        made = Database.from_settings()
        async with made.everything() as session:
            for table in ("users", "organizations", "mails"):
                await session.execute(text(f"delete from {table}"))
            await bootstrap(session, FIRST)
        yield made
        await made.close()


async def hook(database: Database, url: str, **more: Any) -> tuple[Webhook, str]:
    secret = new_secret()
    async with database.everything() as session:
        organization = (await session.scalars(select(Organization))).one()
        made = Webhook(id=new_key(), organization_id=organization.id, name="Chat", host="h", created_by="Ann")
        made.url_sealed, made.secret_sealed = seal(made.address("url"), url), seal(made.address("secret"), secret)
        made.secret_set_at, made.events = now(), [one.value for one in Happening]
        for name, value in more.items():
            setattr(made, name, value)
        session.add(made)
    return made, secret


async def happen(database: Database, happening: Happening = Happening.DATABASE_MOVED, **more: Any) -> None:
    async with database.everything() as session:
        project = (await session.scalars(select(Project))).one()
        place = {"organization_id": project.organization_id, "project_id": project.id}
        await emit(session, happening, **place, **{"text": "It moved.", "data": {"heads": ["aaa1"]}, **more})


async def deliveries(database: Database) -> list[WebhookDelivery]:
    async with database.everything() as session:
        return list(await session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))


async def be_due(database: Database, within: timedelta = timedelta(seconds=-1)) -> None:
    async with database.everything() as session:
        await session.execute(update(WebhookDelivery).values(next_try_at=now() + within))


def documented() -> Any:
    """The function that the page shows."""
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert code is not None
    space: dict[str, Any] = {}
    exec(code.group(1), space)  # noqa: S102 - that the page's example works is what is tested
    return space["verified"]


async def test_a_message_arrives_signed_as_the_page_says(database: Database, receiver: HookReceiver) -> None:
    _, secret = await hook(database, receiver.url)
    await happen(database)
    assert await deliver_webhooks(database, get_settings()) == 1
    assert await deliver_webhooks(database, get_settings()) == 0
    (came,) = receiver.came
    verified = documented()
    assert verified(secret, came.headers, came.body)
    assert not verified(secret, came.headers, came.body + b" ")
    assert not verified(new_secret(), came.headers, came.body)
    assert not verified(secret, {**came.headers, "webhook-timestamp": "1700000000"}, came.body)
    content = json.loads(came.body)
    assert (content["type"], content["text"]) == ("database.moved", "It moved.")
    assert content["data"]["project"]["slug"] == "shop" and content["data"]["heads"] == ["aaa1"]
    assert content["data"]["url"] == "https://stillroom.example/own/projects/shop/migrations"
    (row,) = await deliveries(database)
    assert (row.state, row.status, row.response, row.tries) == ("delivered", 200, "ok", 1)
    assert str(row.id) == came.headers["webhook-id"]


async def test_what_is_rolled_back_is_told_to_nobody(database: Database, receiver: HookReceiver) -> None:
    await hook(database, receiver.url)
    with pytest.raises(ZeroDivisionError):
        async with database.everything() as session:
            project = (await session.scalars(select(Project))).one()
            place = {"organization_id": project.organization_id, "project_id": project.id}
            await emit(session, Happening.DATABASE_MOVED, **place, text="It moved.")
            raise ZeroDivisionError
    assert await deliver_webhooks(database, get_settings()) == 0


async def test_only_whoever_wants_it_is_told(database: Database, receiver: HookReceiver) -> None:
    await hook(database, receiver.url, events=["job.failed"])
    await hook(database, receiver.url, project_ids=[str(new_key())])
    await hook(database, receiver.url, disabled_at=now(), disabled_because="asked")
    await happen(database)
    assert await deliveries(database) == []


async def test_a_failure_is_tried_again_under_the_same_id_after_pauses_that_grow(
    database: Database, receiver: HookReceiver
) -> None:
    made, _ = await hook(database, receiver.url)
    receiver.answer(500, 302, 200)
    await happen(database)
    for tries, status in ((1, 500), (2, 302)):
        before = now()
        assert await deliver_webhooks(database, get_settings()) == 1
        (row,) = await deliveries(database)
        assert (row.state, row.tries, row.status) == ("waiting", tries, status)
        pause = PAUSES[tries - 1]
        assert pause * 0.99 <= row.next_try_at - before <= pause * 1.2 + timedelta(seconds=30)
        await be_due(database, within=timedelta(hours=1))  # the first pause may be over by now, on a busy machine
        assert await deliver_webhooks(database, get_settings()) == 0
        await be_due(database)
    async with database.everything() as session:
        assert (await session.get_one(Webhook, made.id)).failing_since is not None
    assert await deliver_webhooks(database, get_settings()) == 1
    (row,) = await deliveries(database)
    assert (row.state, row.tries) == ("delivered", 3)
    assert len({came.headers["webhook-id"] for came in receiver.came}) == 1
    async with database.everything() as session:
        assert (await session.get_one(Webhook, made.id)).failing_since is None


async def test_trying_has_an_end(database: Database, receiver: HookReceiver) -> None:
    await hook(database, receiver.url)
    receiver.answer(500)
    await happen(database)
    for _ in range(len(PAUSES) + 1):
        await be_due(database)
        await deliver_webhooks(database, get_settings())
    (row,) = await deliveries(database)
    assert (row.state, row.tries) == ("failed", len(PAUSES) + 1)


async def test_a_sender_that_died_leaves_its_messages_to_the_next(database: Database, receiver: HookReceiver) -> None:
    await hook(database, receiver.url)
    await happen(database)
    assert len(await _claim(database)) == 1
    assert await deliver_webhooks(database, get_settings()) == 0  # somebody has it
    await be_due(database)  # the claim is over
    assert await deliver_webhooks(database, get_settings()) == 1


@pytest.mark.parametrize(("status", "since", "because"), [(410, None, "gone"), (500, "long", "failing")])
async def test_a_webhook_that_nothing_gets_through_to_is_switched_off_and_owners_are_told(
    database: Database, receiver: HookReceiver, status: int, since: str | None, because: str
) -> None:
    long_ago = now() - SWITCHED_OFF_AFTER - timedelta(minutes=1)
    made, _ = await hook(database, receiver.url, failing_since=long_ago if since else None)
    receiver.answer(status)
    await happen(database)
    await happen(database)
    await deliver_webhooks(database, get_settings())
    async with database.everything() as session:
        row = await session.get_one(Webhook, made.id)
        assert (row.disabled_because, row.disabled_at is not None) == (because, True)
    assert {row.state for row in await deliveries(database)} == {"failed"}
    async with database.unscoped() as session:
        letters = [text for mail, text in await outbox(session) if mail.recipient == OWNER]
    assert len(letters) == 1 and "https://stillroom.example/own/webhooks" in letters[0]


async def test_one_slow_receiver_does_not_keep_the_others_waiting(database: Database, receiver: HookReceiver) -> None:
    with receiving() as slow:
        slow.hold = True
        await hook(database, slow.url, events=["database.moved"])
        for _ in range(30):
            await happen(database)
        await hook(database, receiver.url, events=["database.reachable"])
        await happen(database, Happening.DATABASE_REACHABLE)
        claimed = set(await _claim(database))
        assert len(claimed) == 5  # four of the slow one, and the other
        slow.go_on.set()


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
        ("https://10.0.0.7/", "10.0.0.7"),
        ("https://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1"),
        ("https://2130706433/", "127.0.0.1"),
        ("https://public.example:22/", "93.184.215.14"),
        ("http://public.example/", "93.184.215.14"),
    ],
)
async def test_addresses_that_are_not_ours_to_reach_are_refused(url: str, answer: str) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return [answer]

    with pytest.raises(NotReached) as refused:
        await ask("POST", url, networks=(), most=10, within=timedelta(seconds=5), resolve=resolve)
    assert refused.value.code == "address_refused"


async def a_private_name(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


async def test_a_name_with_one_private_answer_is_refused_and_the_judged_one_is_connected_to(
    receiver: HookReceiver,
) -> None:
    asked: list[str] = []

    async def mixed(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["93.184.215.14", "127.0.0.1"]

    bounds: dict[str, Any] = {"most": 10, "within": timedelta(seconds=5)}
    with pytest.raises(NotReached):
        await ask("POST", "https://mixed.example/", networks=(), resolve=mixed, **bounds)
    # Asked once, so that a second answer cannot lead elsewhere; the receiver sees the name that was meant.
    url = f"http://named.example:{receiver.port}/x"
    answer = await ask("POST", url, networks=THIS_MACHINE, resolve=a_private_name, **bounds)
    assert answer.status == 200 and asked == ["mixed.example"]
    assert receiver.came[0].headers["host"] == f"named.example:{receiver.port}"


async def test_a_receiver_that_answers_without_end_is_read_to_a_bound(receiver: HookReceiver) -> None:
    receiver.answers = [(200, b"x" * 5_000_000, {})]
    answer = await ask("POST", receiver.url, networks=THIS_MACHINE, most=500, within=timedelta(seconds=10))
    assert answer.body == b"x" * 500


async def test_a_receiver_that_cannot_prove_its_name_gets_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        port = urlsplit(server.url("x", "localhost")).port
        with pytest.raises(NotReached) as refused:
            url = f"https://hooks.example:{port}/"
            bounds: dict[str, Any] = {"most": 10, "within": timedelta(seconds=5), "resolve": a_private_name}
            await ask("POST", url, networks=THIS_MACHINE, **bounds)
        assert refused.value.code == "tls"
        assert server.requests == []


def test_slack_gets_one_line_in_which_names_are_no_links() -> None:
    place = {"project": {"name": "Shop <!channel>"}, "environment": {"name": "Prod"}, "database": {"name": "main"}}
    data = {**place, "url": "https://s.example/j", "job": {"number": 7}}
    payload = {"type": "job.failed", "text": "Failed & <b>", "data": data}
    assert body_of("slack", payload) == {
        "text": "*Shop &lt;!channel&gt; / Prod / main* <https://s.example/j|job 7 failed>: Failed &amp; &lt;b&gt;"
    }
    assert body_of("stillroom", payload) is payload


async def test_the_log_forgets_after_a_month(database: Database, receiver: HookReceiver) -> None:
    await hook(database, receiver.url)
    await happen(database)
    await deliver_webhooks(database, get_settings())
    async with database.everything() as session:
        await forget_old_deliveries(session)
    assert len(await deliveries(database)) == 1
    async with database.everything() as session:
        await session.execute(update(WebhookDelivery).values(created_at=now() - timedelta(days=31)))
        await forget_old_deliveries(session)
    assert await deliveries(database) == []
