"""Letters reach a real SMTP server, wait while it is away, and keep their words to themselves."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select, update

from stillroom_cli.embedded.ports import any_free
from stillroom_core.database import Database
from stillroom_core.mail.delivery import Outbox, Smtp, carrier_of, deliver, forget_old, outbox
from stillroom_core.mail.models import Mail
from stillroom_core.mail.service import link_to, post
from stillroom_core.mail.texts import TEXTS, Letter, words_of
from stillroom_core.settings import get_settings
from stillroom_core.tables import now
from stillroom_testing.installations import in_this_process, new_installation
from stillroom_testing.servers import PostgresServer

SECRET = "canary-5c1d"


class Postman:
    """Takes every letter in."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.taken.append(envelope)
        return "250 OK"


@pytest.fixture
def postman() -> Iterator[tuple[Postman, int]]:
    """A mail server on this machine."""
    handler, port = Postman(), any_free()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


@pytest.fixture
async def database(postgres_server: PostgresServer, redis_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """An installation whose mail server is away."""
    settings = {"STILLROOM_PUBLIC_URL": "https://stillroom.example", "STILLROOM_SMTP_URL": "smtp://127.0.0.1:1"}
    given = new_installation(postgres_server.new_database("mail").url, redis_url, tmp_path, **settings)
    with in_this_process(given):
        made = Database.from_settings()
        yield made
        await made.close()


async def write(database: Database) -> None:
    async with database.everything() as session:
        link = link_to("reset", SECRET)
        post(session, Letter.RESET, "ann@example.com", "ru", name="Ann\r\nBcc: evil@example.com", link=link)


async def only(database: Database) -> Mail:
    async with database.everything() as session:
        return (await session.scalars(select(Mail))).one()


async def test_a_letter_is_handed_over_once_and_its_words_are_forgotten(
    database: Database, postman: tuple[Postman, int]
) -> None:
    handler, port = postman
    await write(database)
    assert SECRET.encode() not in ((await only(database)).text_sealed or b"")
    carrier = Smtp(f"smtp://127.0.0.1:{port}", "Stillroom <stillroom@example.com>")
    looked_at = await asyncio.gather(*(deliver(database, carrier) for _ in range(3)))
    assert sum(looked_at) == 1
    assert [envelope.rcpt_tos for envelope in handler.taken] == [["ann@example.com"]]
    content = handler.taken[0].content.decode()
    assert "Auto-Submitted: auto-generated" in content
    assert "\nBcc:" not in content.partition("\r\n\r\n")[0]
    letter = await only(database)
    assert (letter.text_sealed, letter.error) == (None, None)
    assert letter.sent_at is not None


async def test_a_server_that_is_away_is_tried_again_later_and_at_last_given_up(database: Database) -> None:
    carrier = carrier_of(get_settings())
    assert isinstance(carrier, Smtp)
    await write(database)
    assert await deliver(database, carrier) == 1
    letter = await only(database)
    assert (letter.tries, letter.sent_at) == (1, None)
    assert letter.next_try_at > now() + timedelta(seconds=10)
    assert await deliver(database, carrier) == 0  # not before its time
    async with database.everything() as session:
        await session.execute(update(Mail).values(tries=7, next_try_at=now()))
    await deliver(database, carrier)
    letter = await only(database)
    assert (letter.tries, letter.text_sealed) == (8, None)
    assert letter.sent_at is not None


async def test_development_keeps_letters_where_they_can_be_read(database: Database) -> None:
    await write(database)
    await deliver(database, Outbox())
    async with database.everything() as session:
        [(letter, text)] = await outbox(session)
        assert f"https://stillroom.example/reset#{SECRET}" in text
        assert letter.sent_at is not None
        await session.execute(update(Mail).values(sent_at=now() - timedelta(days=31)))
        await forget_old(session)
    async with database.everything() as session:
        assert await outbox(session) == []


def test_every_letter_is_there_in_every_language_with_the_same_values() -> None:
    for letter in Letter:
        used = {
            language: {name for _, name, _, _ in Formatter().parse("".join(texts[letter])) if name is not None}
            for language, texts in TEXTS.items()
        }
        assert used["en"] == used["ru"] != set(), letter


def test_a_name_cannot_begin_a_header_or_a_line() -> None:
    subject, _ = words_of(
        Letter.INVITATION, "en", {"inviter": "A\r\nBcc: x@y", "organization": "O", "host": "h", "link": "l"}
    )
    assert "\n" not in subject
    assert "\r" not in subject
