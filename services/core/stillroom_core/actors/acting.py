"""Who acts in a session: kept with it, so that what it changes is told as theirs."""

from dataclasses import dataclass, field
from uuid import UUID

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.scope import Scope
from stillroom_core.database import Session
from stillroom_core.tenancy import ACTING


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where an act came from."""

    address: str = ""
    request_id: str = ""
    user_agent: str = ""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The API token that a request came with: whose, where, and what it may do at most."""

    user_id: UUID
    organization_id: UUID
    scope: Scope


@dataclass
class Acting:
    """Who acts, once that is known, and from where."""

    origin: Origin = field(default_factory=Origin)
    bounds: Bounds | None = None
    actor: Actor | None = None


def acting_in(session: Session) -> Acting:
    """Who acts in this session."""
    acting: Acting = session.info.setdefault(ACTING, Acting())
    return acting
