"""Who asks: a person who signed in, the owner of an API token, somebody who runs the installation, or nobody."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from stillroom_api.context import ContextOf, Transaction
from stillroom_core.actors.acting import Bounds, acting_in
from stillroom_core.actors.permissions import Permission
from stillroom_core.database import Session
from stillroom_core.errors import Forbidden
from stillroom_core.members.models import User
from stillroom_core.sessions.service import person_behind
from stillroom_core.sessions.tokens import unauthenticated
from stillroom_core.staff.service import PLATFORM_READ, check_staff
from stillroom_core.tokens.models import ApiToken
from stillroom_core.tokens.service import scope_of, token_user
from stillroom_core.tokens.text import is_token

# (method, path) of the routes that need nobody.
PUBLIC = frozenset(
    {
        ("POST", "/api/auth/sign-in"),
        ("POST", "/api/auth/refresh"),
        ("POST", "/api/auth/exchange"),
        ("POST", "/api/hooks/git/{project}"),  # signed by the git host
        ("POST", "/api/auth/sign-out"),
        ("GET", "/api/auth/options"),
        ("POST", "/api/auth/sign-up"),
        ("POST", "/api/auth/verification"),
        ("POST", "/api/auth/verify"),
        ("POST", "/api/auth/forgot"),
        ("POST", "/api/auth/reset"),
        ("POST", "/api/auth/passkeys/begin"),
        ("POST", "/api/auth/passkeys/sign-in"),
        ("POST", "/api/auth/terminals"),
        ("POST", "/api/auth/terminals/exchange"),
        ("POST", "/api/auth/sso/begin"),
        ("GET", "/api/auth/sso/callback"),
        ("POST", "/api/auth/invitations/look"),
        ("POST", "/api/auth/invitations/accept"),
        ("GET", "/api/outbox"),  # in development only
        ("GET", "/livez"),
        ("GET", "/readyz"),
    }
)


# What is about oneself alone, or narrowed to what oneself may see: signing in is all that it needs.
def of_oneself(path: str) -> bool:
    """Whether a route is for everybody who is signed in."""
    return path in (
        "/api/me",
        "/api/jobs",
        "/api/jobs/choices",
        "/api/jobs/export",
        "/api/orgs",
        "/api/live/ticket",
    ) or path.startswith("/api/me/")


def of_platform(path: str) -> bool:
    """Whether a route is for those who run the installation, and for nobody by a role in an organization."""
    return path.startswith("/api/installation")


# What a dependency declares about itself, for the test that walks the routes.
MARK = "stillroom_permission"
SIGNED_IN = "signed in"


def bearer_token(connection: HTTPConnection) -> str:
    """The token of the Authorization header; never from the address, which ends in logs."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthenticated()
    return token.strip()


async def signed_in(connection: HTTPConnection, context: ContextOf, session: Transaction) -> User:
    """The signed-in person; raises Unauthenticated, and Forbidden for an API token."""
    found = await person_or_token(connection, context, session)
    if acting_in(session).bounds is not None:
        raise Forbidden(
            "person_needed",
            "This is for people who sign in, not for API tokens.",
            fix="Sign in on the pages, or with `stillroom login`.",
        )
    return found


async def person_or_token(connection: HTTPConnection, context: ContextOf, session: Transaction) -> User:
    """The signed-in person, or the owner of the API token, within whose bounds the transaction acts from here on."""
    text = bearer_token(connection)
    if not is_token(text):
        return await person_behind(session, context.settings, text)
    user, token = await token_user(session, text, connection.client.host if connection.client else "")
    bind_token(session, token)
    return user


def bind_token(session: Session, token: ApiToken) -> None:
    """What the transaction does is done through this token."""
    acting_in(session).bounds = Bounds(
        user_id=token.user_id, organization_id=token.organization_id, scope=scope_of(token)
    )


setattr(signed_in, MARK, SIGNED_IN)
setattr(person_or_token, MARK, SIGNED_IN)
# What is about oneself takes a person; what is about an organization takes an API token too.
Person = Annotated[User, Depends(signed_in, scope="function")]
Caller = Annotated[User, Depends(person_or_token, scope="function")]


async def platform_staff(person: Person, session: Transaction) -> User:
    """A person who runs the installation; raises Forbidden for everybody else."""
    await check_staff(session, person)
    return person


setattr(platform_staff, MARK, PLATFORM_READ)
PlatformStaff = Annotated[User, Depends(platform_staff, scope="function")]


def check_origin(request: Request, context: ContextOf) -> None:
    """Refuses a browser's request from a foreign page; cookies alone prove nothing.

    A browser names the origin of whatever changes something; one that does not still says that it is cross-site.
    """
    origin = request.headers.get("origin")
    foreign = origin is not None and not same_origin(origin, request, context.settings.public_url)
    if foreign or (origin is None and request.headers.get("sec-fetch-site") in ("cross-site", "same-site")):
        raise Forbidden(
            "foreign_origin",
            "This request comes from a page of another site.",
            fix="Open Stillroom at its own address. If this is it, its operator has to set STILLROOM_PUBLIC_URL.",
        )


def same_origin(origin: str, connection: HTTPConnection, public_url: str) -> bool:
    """Whether a page of this origin is ours: the configured address, or the host that was asked."""
    own = f"{connection.url.scheme.replace('ws', 'http')}://{connection.headers.get('host', '')}"
    return origin.rstrip("/") in (public_url.rstrip("/"), own)


def marked(check: Callable[..., Awaitable[object]], permission: Permission) -> Any:
    """A dependency that says which permission it checks."""
    setattr(check, MARK, permission)
    return Depends(check, scope="function")
