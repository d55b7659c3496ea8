"""One server, asked over HTTP on behalf of one signed-in person."""

from __future__ import annotations

import ipaddress
import platform
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import httpx

from stillroom_cli.client.credentials import InMemory, Keeper, SignIn
from stillroom_cli.client.failures import Failure, Misused, Refused, SignedOut, Unreachable

REFRESH_COOKIE = "stillroom_refresh"
_PATIENCE = httpx.Timeout(30, connect=10)
_TRIES = 3


class Client:
    """Asks a server; keeps its access token fresh.

    `keeper` holds the sign-in; the default forgets it with the process. Every method raises Unreachable
    when nobody answers and Refused when the server says no.
    """

    def __init__(self, url: str, keeper: Keeper | None = None) -> None:
        self.url = normalized_url(url)
        self.keeper: Keeper = keeper or InMemory()
        # A proxy that the environment names is for the world outside, not for this machine.
        self._http = httpx.Client(
            base_url=self.url,
            timeout=_PATIENCE,
            trust_env=not is_local(self.url),
            headers={"User-Agent": own_name().encode("ascii", "replace").decode()},
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections."""
        self._http.close()

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON behind a path; parameters of None are left out."""
        given = {name: value for name, value in parameters.items() if value is not None}
        return self._signed(lambda headers: self._http.get(path, params=given, headers=headers))

    def post(self, path: str, body: dict[str, Any] | None = None, *, repeatable: bool = False) -> Any:
        """What the server answers to a body; `repeatable` when sending it twice does it once."""
        tries = _TRIES if repeatable else 1
        for attempt in range(1, tries + 1):
            try:
                return self._signed(lambda headers: self._http.post(path, json=body or {}, headers=headers))
            except Unreachable:
                if attempt == tries:
                    raise
                time.sleep(0.5 * attempt)
        raise AssertionError  # the loop returns or raises

    def download(self, path: str) -> Iterator[str]:
        """The text behind a path, as it comes."""
        token = self.access_token()
        answer = self._ask(lambda: self._open(path, token))
        try:
            yield from answer.iter_text()
        except httpx.HTTPError as cause:
            raise unreachable(self.url, cause) from None
        finally:
            answer.close()

    def sign_in(self, email: str, password: str, code: str | None = None) -> None:
        """Signs in and keeps the tokens; `code` is of the second factor, for those who have one."""
        proof = {"email": email, "password": password, **({"code": code} if code else {})}
        answer = self._ask(lambda: self._http.post("/api/auth/sign-in", json=proof))
        with self.keeper.lock():
            self.keeper.write(self.url, _kept(email, answer))

    def begin_by_browser(self) -> dict[str, Any]:
        """What the server gives a terminal that asks to be signed in: secret, code, page, seconds."""
        try:
            answer = self._ask(lambda: self._http.post("/api/auth/terminals", json={"name": own_name()}))
        except Refused as refused:
            if refused.status not in (404, 405):
                raise
            raise Failure(
                f"{self.url} signs no terminal in through a browser.",
                detail="Its release is older than this command.",
                fix="Sign in with --email, or ask its operator to update it.",
            ) from None
        content: dict[str, Any] = answer.json()
        return content

    def finish_by_browser(self, secret: str) -> None:
        """Keeps the tokens if somebody has approved it; raises Refused, also while nobody has answered."""
        answer = self._ask(lambda: self._http.post("/api/auth/terminals/exchange", json={"secret": secret}))
        with self.keeper.lock():
            self.keeper.write(self.url, _kept("", answer))  # given once: kept before anything else can fail

    def sign_out(self) -> bool:
        """Ends the sign-in on the server and forgets it; False when there was none."""
        with self.keeper.lock():
            kept = self.keeper.read(self.url)
            if kept is None:
                return False
            try:
                self._ask(lambda: self._http.post("/api/auth/sign-out", headers=_cookie(kept)))
            finally:
                self.keeper.forget(self.url)
        return True

    def access_token(self) -> str:
        """A token that is believed for at least some seconds; refreshed if need be."""
        kept = self.keeper.read(self.url)
        if kept is None:
            raise self._signed_out("Nobody is signed in")
        return kept.access_token if kept.fresh() else self.renew(kept.access_token)

    def renew(self, used: str) -> str:
        """Exchanges an access token that was refused or is old for a new one.

        When another command has renewed it in the meantime, that one is returned.
        """
        with self.keeper.lock():
            kept = self.keeper.read(self.url)
            if kept is None:
                raise self._signed_out("Nobody is signed in")
            if not kept.renewable:
                raise SignedOut(
                    f"The API token is not accepted at {self.url}.",
                    detail="It is mistyped, has expired, was revoked, or may not be used from this address.",
                    fix="Check STILLROOM_TOKEN and STILLROOM_URL, or make a new token in the organization's settings.",
                )
            if kept.access_token != used and kept.fresh():
                return kept.access_token
            try:
                answer = self._ask(lambda: self._http.post("/api/auth/refresh", headers=_cookie(kept)))
            except Refused as refused:
                if refused.status != 401:
                    raise
                self.keeper.forget(self.url)
                raise self._signed_out("The sign-in has ended") from None
            renewed = _kept(kept.email, answer)
            self.keeper.write(self.url, renewed)
            return renewed.access_token

    def _signed(self, send: Callable[[dict[str, str]], httpx.Response]) -> Any:
        token = self.access_token()
        try:
            answer = self._ask(lambda: send(_bearer(token)))
        except Refused as refused:
            if refused.status != 401:
                raise
            token = self.renew(token)
            answer = self._ask(lambda: send(_bearer(token)))
        return answer.json() if answer.content else None

    def _open(self, path: str, token: str) -> httpx.Response:
        answer = self._http.send(self._http.build_request("GET", path, headers=_bearer(token)), stream=True)
        if not answer.is_success:
            answer.read()
        return answer

    def _ask(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        try:
            answer = send()
        except httpx.HTTPError as cause:
            raise unreachable(self.url, cause) from None
        if answer.is_success:
            return answer
        raise Refused(answer.status_code, _problem(answer))

    def _signed_out(self, title: str) -> SignedOut:
        return SignedOut(f"{title} at {self.url}.", fix=f"Run: stillroom login {self.url}")


def own_name() -> str:
    """What this terminal says of itself, for the list of its person's sign-ins."""
    host = platform.node()
    return f"stillroom {version('stillroom-cli')}" + (f" on {host}" if host else "")


def normalized_url(url: str) -> str:
    """One spelling for one server: scheme, host and port. Raises Misused for anything else."""
    text = url.strip()
    parts = urlsplit(text if "://" in text else f"{_guessed_scheme(text)}://{text}")
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or parts.username:
        raise Misused(
            "The server's address is not understood.",
            detail=url,
            fix="Give one like https://stillroom.example.com",
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def is_local(url: str) -> bool:
    """Whether the address is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def unreachable(url: str, cause: Exception) -> Unreachable:
    """The failure for a server that does not answer."""
    fix = (
        "Start it with `make up` in a checkout of Stillroom, or give another address with --url."
        if is_local(url)
        else "Check the address (--url, STILLROOM_URL) and the network between here and there."
    )
    return Unreachable(f"{url} does not answer.", detail=str(cause) or type(cause).__name__, fix=fix)


def _guessed_scheme(text: str) -> str:
    return "http" if is_local(f"http://{text}") else "https"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _cookie(kept: SignIn) -> dict[str, str]:
    # Sent by hand: the jar's rules about secure cookies and local hosts are made for browsers.
    return {"Cookie": f"{REFRESH_COOKIE}={kept.refresh_token}"}


def _kept(email: str, answer: httpx.Response) -> SignIn:
    content = answer.json()
    token = answer.cookies.get(REFRESH_COOKIE)
    if not token:
        raise Refused(answer.status_code, {"title": "The server answered without a refresh token."})
    return SignIn(email, token, content["access_token"], time.time() + content["expires_in"])


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        content = None
    if isinstance(content, dict) and "title" in content:
        return content
    return {
        "title": f"The server answered {answer.status_code} {answer.reason_phrase}.".replace(" .", "."),
        "detail": "This does not look like an answer of Stillroom.",
        "fix": "Check the address: it is the one at which the pages open, without /api.",
    }
