"""One HTTP request to an address that a tenant chose: judged, pinned, bounded, and never led elsewhere."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import certifi
import httpx

from stillroom_core.errors import Invalid
from stillroom_core.outbound.addresses import Network, Resolver, is_public, resolve_by_system

_PORTS = frozenset({443, 8443})
_LONGEST_URL = 2000


@dataclass(frozen=True)
class Answer:
    """What came back: the status, and the beginning of the body."""

    status: int
    body: bytes


class NotReached(Exception):
    """Nobody answered, or the address is not one that we reach; `code` says which, and nothing of what DNS said."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def check_url(url: str, networks: tuple[Network, ...]) -> httpx.URL:
    """The address of somebody's server; raises Invalid for what could never be reached.

    What its name resolves to is judged when it is reached, because only that answer counts.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise _bad("not an address") from None
    if len(url) > _LONGEST_URL or parsed.scheme not in ("http", "https") or not parsed.host or not url.isascii():
        raise _bad("not an http address")
    if parsed.userinfo or parsed.fragment:
        raise _bad("without a name, a password and a #")
    literal = _literal(parsed.host)
    if literal is not None and not _allowed(parsed, str(literal), networks):
        raise _refused()
    if literal is None and not networks and (parsed.scheme != "https" or parsed.host.rstrip(".") == "localhost"):
        raise _refused()
    return parsed


def host_of(url: str) -> str:
    """Scheme and host of an address, for people: its path may hold a secret."""
    parsed = httpx.URL(url)
    return f"{parsed.scheme}://{parsed.netloc.decode()}/…"


async def ask(
    method: str,
    url: str,
    *,
    networks: tuple[Network, ...],
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    most: int,
    within: timedelta,
    resolve: Resolver = resolve_by_system,
) -> Answer:
    """Sends one request to the address that was judged; follows no redirect and reads at most `most` bytes.

    Public addresses are reached by https on port 443 or 8443; in the operator's networks any address and port goes.
    Raises NotReached with address_refused, not_found, timeout, tls, or unreachable.
    """
    try:
        parsed = check_url(url, networks)
    except Invalid:
        raise NotReached("address_refused") from None
    try:
        async with asyncio.timeout(within.total_seconds()):
            pinned = await _pin(parsed, networks, resolve)
            return await _send(method, parsed, pinned, {**(headers or {})}, content, most, within)
    except TimeoutError:
        raise NotReached("timeout") from None


async def ask_for_object(
    method: str,
    url: str,
    *,
    networks: tuple[Network, ...],
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    most: int,
    within: timedelta,
) -> dict[str, Any]:
    """The JSON object of at most `most` bytes that the address answers with 200.

    Raises NotReached as `ask` does, or with status_… (its number), too_large or not_json.
    """
    answer = await ask(method, url, networks=networks, headers=headers, content=content, most=most + 1, within=within)
    if answer.status != 200:
        raise NotReached(f"status_{answer.status}")
    if len(answer.body) > most:
        raise NotReached("too_large")
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise NotReached("not_json") from None
    if not isinstance(found, dict):
        raise NotReached("not_json")
    return found


async def _pin(url: httpx.URL, networks: tuple[Network, ...], resolve: Resolver) -> str:
    try:
        found = await resolve(url.host, _port(url))
    except (OSError, UnicodeError):
        found = ()
    if not found:
        raise NotReached("not_found")
    texts = [text.partition("%")[0] for text in found]
    if not all(_allowed(url, text, networks) for text in texts):
        raise NotReached("address_refused")
    return next((text for text in texts if ":" not in text), texts[0])


async def _send(
    method: str,
    url: httpx.URL,
    pinned: str,
    headers: dict[str, str],
    content: bytes | None,
    most: int,
    within: timedelta,
) -> Answer:
    transport = httpx.AsyncHTTPTransport(verify=_trust(), retries=0)
    # Neither a proxy nor a netrc of the host: they would lead past the address that was judged.
    client = httpx.AsyncClient(
        transport=transport, follow_redirects=False, trust_env=False, timeout=within.total_seconds()
    )
    headers |= {"Host": url.netloc.decode(), "Accept-Encoding": "identity", "User-Agent": "Stillroom"}
    async with client:
        request = client.build_request(
            method,
            url.copy_with(host=pinned),
            headers=headers,
            content=content,
            extensions={"sni_hostname": url.host},
        )
        try:
            answer = await client.send(request, stream=True)
            try:
                body = b""
                async for piece in answer.aiter_raw():
                    body += piece
                    if len(body) >= most:
                        break
            finally:
                await answer.aclose()
        except httpx.TimeoutException:
            raise NotReached("timeout") from None
        except httpx.HTTPError as cause:
            broken = isinstance(cause.__cause__ or cause.__context__, ssl.SSLError) or "SSL" in str(cause)
            raise NotReached("tls" if broken else "unreachable") from None
    return Answer(answer.status_code, body[:most])


@lru_cache
def _trust() -> ssl.SSLContext:
    """The host's authorities, which an operator may add to, and the public ones."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _allowed(url: httpx.URL, text: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if any(address in network for network in networks if network.version == address.version):
        return True
    return url.scheme == "https" and _port(url) in _PORTS and is_public(address)


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _literal(host: str) -> object | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _bad(why: str) -> Invalid:
    return Invalid(
        "bad_url",
        "This address is not one that can be asked.",
        fix="Enter an address like https://hooks.example.com/stillroom.",
        fields={"url": why},
    )


def _refused() -> Invalid:
    return Invalid(
        "url_refused",
        "This address is not reached from here.",
        fix="Enter an https address of the public internet on port 443 or 8443; for a private one the operator lists "
        "its network in the settings.",
        fields={"url": "refused"},
    )
