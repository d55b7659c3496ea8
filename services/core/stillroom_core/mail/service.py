"""Posting letters: they are written now, and handed over after the commit."""

from urllib.parse import quote, urlsplit

from stillroom_core.database import Session
from stillroom_core.errors import Conflict
from stillroom_core.keys import new_key
from stillroom_core.mail.models import Mail
from stillroom_core.mail.texts import Letter, words_of
from stillroom_core.sealing import seal
from stillroom_core.settings import get_settings


def can_mail() -> bool:
    """Whether letters reach somebody: a server, or in development the outbox that people can read."""
    settings = get_settings()
    return settings.smtp_url is not None or settings.development


def require_mail() -> None:
    """Raises Conflict in an installation that cannot send letters."""
    if not can_mail():
        raise Conflict(
            "mail_not_configured",
            "This installation cannot send e-mail.",
            fix="Ask its operator, who can set STILLROOM_SMTP_URL.",
        )


def link_to(page: str, token: str = "") -> str:
    """A page of ours by the configured address, never by the one that a request was sent to.

    The token stands behind #, which browsers send to nobody.
    """
    return f"{get_settings().public_url.rstrip('/')}/{page}{f'#{quote(token)}' if token else ''}"


def post(session: Session, letter: Letter, recipient: str, locale: str | None, **values: str) -> None:
    """Writes a letter; the scheduler hands it over once this transaction has been committed.

    Where no letter can be sent, none is written: whoever needs it to arrive asks `can_mail` or `require_mail` first.
    """
    if not can_mail():
        return
    host = urlsplit(get_settings().public_url).netloc
    subject, text = words_of(letter, locale, {"host": host, **values})
    mail = Mail(id=new_key(), recipient=recipient, subject=subject, tries=0)
    mail.text_sealed = seal(mail.address, text)
    session.add(mail)
