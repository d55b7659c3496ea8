"""A terminal asks, a person answers in their browser, the terminal takes what was approved.

Each of the three happens once and in one transaction with what is told of it, however many ask at the same moment.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from stillroom_core.accounts.events import tell_account
from stillroom_core.database import Session
from stillroom_core.errors import Conflict, Forbidden, Invalid, NotFound, Throttled, Unauthenticated, Unavailable
from stillroom_core.keys import new_key
from stillroom_core.members.models import User
from stillroom_core.sessions.service import Client, SignedIn, issue, person_of
from stillroom_core.sessions.throttle import Throttle
from stillroom_core.sessions.tokens import Claims
from stillroom_core.settings import Settings
from stillroom_core.tables import now
from stillroom_core.terminals.models import APPROVED, ENDED, REFUSED, TAKEN, WAITING, Terminal

LIFE = timedelta(minutes=10)
PAUSE = timedelta(seconds=3)
# Less than what a terminal is told: a network may delay one question and hurry the next.
_TOO_SOON = timedelta(seconds=2)
_KEPT = timedelta(hours=1)
# Neither vowels, so that no word comes about, nor what looks or sounds alike (RFC 8628 §6.1): 34 bits.
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
CODE_LENGTH = 8
_TRIES = 5


@dataclass(frozen=True)
class Asked:
    """What a terminal gets that asks: the secret is its own, the code is for the person."""

    terminal: Terminal
    secret: str


def readable(code: str) -> str:
    """XXXX-XXXX."""
    return f"{code[:4]}-{code[4:]}"


async def ask(session: Session, *, name: str, address: str) -> Asked:
    """A terminal that waits for somebody's answer; `name` is what it says of itself."""
    secret = secrets.token_urlsafe(32)
    for _ in range(_TRIES):
        made = await session.scalar(
            insert(Terminal)
            .values(
                id=new_key(),
                secret_hash=_digest(secret),
                code="".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH)),
                name="".join(letter for letter in name if letter.isprintable()).strip()[:200],
                address=address[:64],
                state=WAITING,
                expires_at=now() + LIFE,
            )
            .on_conflict_do_nothing(index_elements=[Terminal.code])
            .returning(Terminal)
        )
        if made is not None:
            return Asked(made, secret)
    raise Unavailable("terminal_codes_taken", "No code is free at the moment.", fix="Try again.")


async def look(session: Session, person: User, code: str) -> Terminal:
    """The terminal with this code; raises NotFound for one that ended, or that somebody else has answered."""
    found = await session.scalar(select(Terminal).where(Terminal.code == _plain(code), Terminal.expires_at > now()))
    mine = found is not None and (found.state == WAITING or (found.user_id == person.id and found.state != ENDED))
    if found is None or not mine:
        raise NotFound(
            "terminal_unknown",
            "No terminal waits with this code.",
            detail="It is mistyped, older than ten minutes, or was answered by somebody else.",
            fix="Compare it with the one in the terminal, or run `stillroom login --browser` there again.",
        )
    return found


async def answer(session: Session, person: User, family: UUID, code: str, *, approve: bool) -> Terminal:
    """Approves or refuses it, once; raises NotFound as `look` does, Conflict for one that the person has answered."""
    answered: Terminal | None = await session.scalar(
        update(Terminal)
        .where(Terminal.code == _plain(code), Terminal.state == WAITING, Terminal.expires_at > now())
        .values(
            state=APPROVED if approve else REFUSED,
            answered_at=now(),
            user_id=person.id,
            family_id=family,
            token_version=person.token_version,
        )
        .returning(Terminal)
    )
    if answered is None:
        await look(session, person, code)
        raise Conflict(
            "terminal_answered",
            "You have answered this terminal already.",
            fix="Look into the terminal. To sign in another one, run `stillroom login --browser` there.",
        )
    action = "account.terminal_approve" if approve else "account.terminal_refuse"
    await tell_account(session, person, action, {"terminal": answered.name, "asked_from": answered.address})
    return answered


async def exchange(
    session: Session, settings: Settings, throttle: Throttle, *, secret: str, address: str
) -> SignedIn | None:
    """Signs the terminal in that shows its secret, once it was approved; in a sign-in of its own.

    Returns None, and ends it for good, where the person or the sign-in that approved it has ended since. Raises
    Conflict while nobody has answered, Throttled when asked too often, Forbidden once refused, Invalid when it ended.
    """
    digest = _digest(secret)
    # Of two that ask at once the second waits here, and then finds it taken.
    found = await session.scalar(select(Terminal).where(Terminal.secret_hash == digest).with_for_update())
    if found is None or found.state in (TAKEN, ENDED) or found.expires_at <= now():
        raise _ended()
    if found.state == REFUSED:
        raise Forbidden("terminal_refused", "Signing this terminal in was refused.", fix="Begin again if that was you.")
    if found.state == WAITING:
        raise await _waiting(throttle, digest)
    person = await session.get_one(User, found.user_id)
    told = {"method": "terminal", "terminal": found.name}
    try:
        await _check_approver(session, found)
    except Unauthenticated:
        found.state = ENDED
        await tell_account(session, person, "account.sign_in", told, outcome="refused", reason="terminal_barred")
        return None
    found.state = TAKEN
    await tell_account(session, person, "account.sign_in", told)
    return await issue(session, settings, person, client=Client(address, found.name))


async def _check_approver(session: Session, terminal: Terminal) -> None:
    """Raises Unauthenticated where what approved would not be believed any more: nothing outlives it here."""
    assert terminal.user_id and terminal.family_id and terminal.token_version is not None  # noqa: S101 - it was answered
    await person_of(session, Claims(terminal.user_id, terminal.token_version, terminal.family_id))


async def _waiting(throttle: Throttle, digest: bytes) -> Conflict | Throttled:
    """What to say to a terminal that nobody has answered yet."""
    seconds = int(PAUSE.total_seconds())
    if await throttle.too_soon(f"terminal:{digest.hex()}", _TOO_SOON):
        return Throttled(
            "terminal_slow_down",
            "The terminal asks too often.",
            fix="Ask every few seconds, as often as was said.",
            params={"interval": seconds},
        )
    return Conflict(
        "terminal_waiting",
        "Nobody has answered yet.",
        fix="Open the page that was shown, and ask again in a few seconds.",
        params={"interval": seconds},
    )


def barred() -> Forbidden:
    """For a terminal whose person, or whose approving sign-in, ended before it could take what was approved."""
    return Forbidden(
        "terminal_barred",
        "The sign-in that approved this terminal has ended.",
        detail="It was ended, the password was changed, or the account was switched off.",
        fix="Sign in again in the browser, and begin anew.",
    )


async def forget_old_terminals(session: Session) -> None:
    """Removes what ended an hour ago; the account's log keeps what was answered."""
    await session.execute(delete(Terminal).where(Terminal.expires_at < func.now() - _KEPT))


def _ended() -> Invalid:
    return Invalid(
        "terminal_ended",
        "This sign-in of a terminal has ended.",
        detail="It waited longer than ten minutes, or was used already.",
        fix="Begin again.",
    )


def _plain(code: str) -> str:
    """As it is stored, however somebody typed it."""
    return "".join(letter for letter in code.upper() if letter.isalnum())


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
