"""How many requests one caller may make: counted in Valkey, told in the headers of every answer.

Two rules beside the throttle of wrong passwords (stillroom_core/sessions/throttle.py). While Valkey is away, ordinary
requests pass, because a limit must not make an outage worse; what guesses or costs letters does not, because there the
limit is the protection.
"""

import asyncio
import hashlib
import math
import re
import time
from dataclasses import dataclass
from datetime import timedelta

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stillroom_api.problems import as_response, problem_of
from stillroom_core.errors import StillroomError, Throttled, Unauthenticated, Unavailable
from stillroom_core.sessions.tokens import read
from stillroom_core.settings import Settings
from stillroom_core.tokens.text import is_token

log = structlog.get_logger()

_WINDOW_S = 60
# A limiter that answers late is as good as none; then it is not asked again for a moment.
_PATIENCE = timedelta(seconds=2)
_AFTER_AN_OUTAGE = timedelta(seconds=5)


@dataclass(frozen=True)
class Policy:
    """So many requests a minute of one caller; the name stands in the headers."""

    name: str
    per_minute: int


PERSON = Policy("person", 1200)
TOKEN = Policy("token", 1200)
ADDRESS = Policy("address", 600)  # who has not signed in
TOKENS_OF_ADDRESS = Policy("tokens-of-address", 6000)  # made-up tokens are new callers each, but come from somewhere
SIGNING_IN = Policy("signing-in", 60)
COSTLY = Policy("costly", 120)
# Whoever fills a form asks a few times; whoever looks for machines of others asks on and on.
HOST_KEYS = Policy("host-keys", 20)

# Guessing, and what sends letters. Staying signed in and signing out are neither, nor is asking for a challenge, which
# every page for signing in does as it opens, nor a terminal that waits, which asks every few seconds and cannot guess.
_SIGNING_IN = re.compile(r"/api/auth/(?!refresh$|sign-out$|passkeys/begin$|terminals/exchange$)")
# What starts programs, asks target databases, or reads everything there is.
_COSTLY = re.compile(
    r"/api/migrations/plan"
    r"|/api/jobs/[^/]+/resume/plan"
    r"|/api/jobs/export"
    r"|/api/orgs/[^/]+/audit/(export|verification)"
    r"|/api/orgs/[^/]+/setups(/[^/]+/(look|test))?"
    r"|/api/orgs/[^/]+/projects/[^/]+/(fetch|drafts)"
    r"|/api/orgs/[^/]+/projects/[^/]+/environments/[^/]+/databases/[^/]+/"
    r"(read|catalogue/read|rows|rows/export|query|query/explain)"
)
_HOST_KEYS = re.compile(r"/api/orgs/[^/]+/(projects/[^/]+/environments|setups/[^/]+)/host-keys")
_READ = frozenset({"GET", "HEAD", "OPTIONS"})
# What is limited although it only reads.
_COSTLY_TO_READ = re.compile(r".*/(export|verification)")


@dataclass(frozen=True)
class Caller:
    """Whose requests are counted together."""

    policy: Policy
    key: str


@dataclass(frozen=True)
class Standing:
    """How one policy stands for a caller after this request."""

    policy: Policy
    most: int
    left: int
    resets_in_s: int
    passed: bool


def policies_of(scope: Scope, settings: Settings) -> list[Caller]:
    """By what a request is counted, the strictest first; nothing outside /api."""
    path: str = scope["path"]
    if not path.startswith("/api/"):
        return []
    address = scope["client"][0] if scope.get("client") else ""
    callers = _callers(Headers(scope=scope).get("authorization", ""), address, settings)
    method = scope.get("method", "GET")
    if scope["type"] == "http" and method not in _READ and _SIGNING_IN.match(path):
        return [Caller(SIGNING_IN, address), *callers]
    if _COSTLY.fullmatch(path) and (method not in _READ or _COSTLY_TO_READ.fullmatch(path)):
        return [Caller(COSTLY, f"{callers[0].policy.name}:{callers[0].key}"), *callers]
    if method not in _READ and _HOST_KEYS.fullmatch(path):
        return [Caller(HOST_KEYS, f"{callers[0].policy.name}:{callers[0].key}"), *callers]
    return callers


def _callers(authorization: str, address: str, settings: Settings) -> list[Caller]:
    scheme, _, text = authorization.partition(" ")
    text = text.strip()
    if scheme.lower() == "bearer" and is_token(text):
        digest = hashlib.sha256(text.encode()).hexdigest()[:32]
        return [Caller(TOKEN, digest), Caller(TOKENS_OF_ADDRESS, address)]
    if scheme.lower() == "bearer" and text:
        try:
            # A signature is enough to count by; whether the sign-in still holds is decided where it is authorized.
            return [Caller(PERSON, str(read(settings, text).user_id))]
        except Unauthenticated:
            pass
    return [Caller(ADDRESS, address)]


class RateLimits:
    """Counts requests, refuses those beyond the limits, and says in every answer how many are left."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._scale = settings.rate_limits
        pool = ConnectionPool.from_url(
            settings.redis_url.get_secret_value(), socket_timeout=5, socket_connect_timeout=2, max_connections=64
        )
        storage = RedisStorage("async+redis://", implementation="redispy", key_prefix="limits", connection_pool=pool)  # type: ignore[arg-type]
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._away_until = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, or refuses it."""
        callers = policies_of(scope, self._settings) if scope["type"] in ("http", "websocket") and self._scale else []
        if not callers:
            await self._app(scope, receive, send)
            return
        try:
            standings = await self._count(callers)
        except (RedisError, OSError, TimeoutError) as cause:
            self._away_until = time.monotonic() + _AFTER_AN_OUTAGE.total_seconds()
            log.warning("rate_limits.away", cause=type(cause).__name__)
            standings = []
        if not standings and callers[0].policy is SIGNING_IN:
            await _refuse(scope, receive, send, _away(), {})
            return
        headers = _headers(standings)
        exceeded = next((standing for standing in standings if not standing.passed), None)
        if exceeded is not None:
            await _refuse(scope, receive, send, _too_many(exceeded), headers)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self._app(scope, receive, sending)

    async def _count(self, callers: list[Caller]) -> list[Standing]:
        if time.monotonic() < self._away_until and callers[0].policy is not SIGNING_IN:
            return []
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            return list(await asyncio.gather(*(self._spend(caller) for caller in callers)))

    async def _spend(self, caller: Caller) -> Standing:
        most = max(1, round(caller.policy.per_minute * self._scale))
        item = RateLimitItemPerMinute(most)
        key = (caller.policy.name, caller.key)
        passed = await self._limiter.hit(item, *key)
        stats = await self._limiter.get_window_stats(item, *key)
        resets = max(1, math.ceil(stats.reset_time - time.time()))
        return Standing(caller.policy, most, max(0, stats.remaining), min(resets, 2 * _WINDOW_S), passed)


def _headers(standings: list[Standing]) -> dict[str, str]:
    """RateLimit and RateLimit-Policy, as draft-ietf-httpapi-ratelimit-headers-10 writes them."""
    if not standings:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{one.policy.name}";q={one.most};w={_WINDOW_S}' for one in standings),
        "RateLimit": ", ".join(f'"{one.policy.name}";r={one.left};t={one.resets_in_s}' for one in standings),
    }


def _too_many(standing: Standing) -> Throttled:
    return Throttled(
        "rate_limited",
        "Too many requests.",
        detail=f"At most {standing.most} requests of this kind are taken in a minute.",
        fix="Wait as long as the header Retry-After says, and ask less often.",
        params={"policy": standing.policy.name, "retry_after_s": standing.resets_in_s},
    )


def _away() -> Unavailable:
    return Unavailable(
        "dependency_unavailable",
        "Stillroom cannot reach its own database or queue.",
        fix="Try again in a moment; if it lasts, tell the operator of this installation.",
    )


async def _refuse(scope: Scope, receive: Receive, send: Send, error: StillroomError, headers: dict[str, str]) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1013})  # before it is accepted: 403 to the client
        return
    response = as_response(problem_of(error, scope.get("state", {}).get("request_id", "")))
    response.headers.update(headers)
    if "retry_after_s" in error.params:
        response.headers["Retry-After"] = str(error.params["retry_after_s"])
    await response(scope, receive, send)
