"""Handing letters over: to an SMTP server, or in development to the outbox that people can read."""

from collections.abc import Sequence
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog
from sqlalchemy import delete, func, select

from stillroom_core.database import Database, Session
from stillroom_core.mail.models import Mail
from stillroom_core.sealing import unseal
from stillroom_core.settings import Settings
from stillroom_core.tables import now
from stillroom_core.telemetry import metrics

log = structlog.get_logger()

_TIMEOUT = timedelta(seconds=20)
_TRIES = 8  # with the waits below: about half a day
_KEPT = timedelta(days=30)
_OUTBOX = 50


class Carrier(Protocol):
    """What takes a letter away."""

    keeps_text: bool

    async def carry(self, recipient: str, subject: str, text: str) -> None:
        """Hands one letter over; raises OSError or SMTPException when it was not taken."""


class Smtp:
    """A server of the setting STILLROOM_SMTP_URL: smtp:// (STARTTLS where offered), smtps://."""

    keeps_text = False

    def __init__(self, url: str, sender: str) -> None:
        self._url = urlsplit(url)
        self._sender = sender

    async def carry(self, recipient: str, subject: str, text: str) -> None:
        """One connection a letter: there are few of them."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, recipient, subject
        message["Date"] = format_datetime(now())
        message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2].rstrip(">"))
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        secure = self._url.scheme == "smtps"
        await aiosmtplib.send(
            message,
            hostname=self._url.hostname,
            port=self._url.port or (465 if secure else 587),
            username=unquote(self._url.username) if self._url.username else None,
            password=unquote(self._url.password) if self._url.password else None,
            use_tls=secure,
            # A password never travels in clear: with one, the server must offer STARTTLS.
            start_tls=None if secure or not self._url.password else True,
            timeout=_TIMEOUT.total_seconds(),
        )


class Outbox:
    """Keeps every letter where it is, for the page of a development installation that shows them."""

    keeps_text = True

    async def carry(self, recipient: str, subject: str, text: str) -> None:
        """Nothing leaves."""


def carrier_of(settings: Settings) -> Carrier | None:
    """What this installation hands letters to; None: they wait until it has something."""
    if settings.smtp_url is not None:
        return Smtp(settings.smtp_url.get_secret_value(), settings.mail_from)
    return Outbox() if settings.development else None


async def deliver(database: Database, carrier: Carrier, *, most: int = 20) -> int:
    """Hands over what waits, each in a transaction of its own; tells how many it looked at.

    Several may run: a letter that one of them holds is skipped by the others. One that was handed over just
    before its process died is sent again, which is better than never.
    """
    for count in range(most):
        async with database.unscoped() as session:
            mail = await session.scalar(
                select(Mail)
                .where(Mail.sent_at.is_(None), Mail.next_try_at <= func.now())
                .order_by(Mail.next_try_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if mail is None:
                return count
            await _hand_over(mail, carrier)
    return most


async def _hand_over(mail: Mail, carrier: Carrier) -> None:
    text = unseal(mail.address, mail.text_sealed or b"")
    try:
        await carrier.carry(mail.recipient, mail.subject, text)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as cause:
        # The server's words may hold the recipient's address or ours; the kind of failure is enough.
        mail.tries += 1
        mail.error = type(cause).__name__
        mail.next_try_at = now() + timedelta(seconds=15 * 2 ** (mail.tries * 1.4))
        if mail.tries >= _TRIES:
            mail.sent_at, mail.text_sealed = now(), None
        metrics.LETTERS.labels("given_up" if mail.text_sealed is None else "failed").inc()
        log.warning("mail.not_taken", mail=str(mail.id), tries=mail.tries, cause=mail.error)
        return
    mail.sent_at, mail.error = now(), None
    metrics.LETTERS.labels("sent").inc()
    if not carrier.keeps_text:
        mail.text_sealed = None


async def outbox(session: Session) -> Sequence[tuple[Mail, str]]:
    """The newest letters that were kept, with their words: for development only."""
    found = await session.scalars(
        select(Mail).where(Mail.text_sealed.is_not(None)).order_by(Mail.id.desc()).limit(_OUTBOX)
    )
    return [(mail, unseal(mail.address, mail.text_sealed or b"")) for mail in found]


async def forget_old(session: Session) -> None:
    """Removes letters of a month ago."""
    await session.execute(delete(Mail).where(Mail.sent_at < func.now() - _KEPT))
