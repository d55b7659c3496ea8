"""The only way out of an installation: a proxy that leads to package indexes and to nothing else.

Building a package runs its author's code. It has no network of its own; it finds this proxy at one address,
asks for a host by name, and gets a connection only to a host that the operator listed. The name is resolved
here, once, and what was judged is what is connected to: never this machine or its neighbours on the link, and
where the name is the tenant's own choice (`*`) only an address of the public internet.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from stillroom_core.outbound.addresses import Address, Network, Resolver, embedded, is_public, resolve_by_system
from stillroom_worker.egress.outlet import HEAD_BYTES, HEAD_END, PATIENCE, Outlet, answer, join, read_head

_INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
_PORTS = {"https": 443, "http": 80}


class _Refused(Exception):
    """This host or address is not for packages."""


class WayOut(Outlet):
    """`async with WayOut(env, hosts=…, networks=…, on_refusal=…) as way`, then `way.folder` or `way.port`.

    `env` is the tools' environment: hosts of indexes that the operator set there are reached wherever they
    are, through the operator's own proxy where there is one. `hosts` are further names for port 443, `*` for
    every public one; `networks` the private networks that the operator opened. `on_refusal` is told each
    refused host once.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        *,
        hosts: Sequence[str],
        networks: Sequence[Network],
        on_refusal: Callable[[str], Awaitable[None]],
        resolve: Resolver = resolve_by_system,
    ) -> None:
        super().__init__()
        self._env = env
        self._hosts = {host.lower() for host in hosts}
        self._indexes = _places(env)
        self._networks = networks
        self._on_refusal = on_refusal
        self._resolve = resolve
        self._told: set[str] = set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await read_head(reader)
        method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ", 2)
        tunnel = method == "CONNECT"
        url = urlsplit(f"https://{target}" if tunnel else target)
        if not url.hostname or (not tunnel and url.scheme != "http"):
            raise ValueError("a request for a proxy names a host")
        host, port = url.hostname.lower(), url.port or _PORTS[url.scheme]
        try:
            theirs, answers = await self._connect(host, port, tunnel=tunnel)
        except _Refused:
            await self._refuse(writer, host, port)
            return
        except (OSError, TimeoutError):
            await answer(writer, "502 Bad Gateway")
            return
        try:
            if tunnel:
                writer.write(b"HTTP/1.1 200 OK" + HEAD_END)
            else:
                answers.write(_plain(head, url, through=self._upstream("http", host)))
            await join(reader, writer, theirs, answers)
        finally:
            answers.close()

    async def _refuse(self, writer: asyncio.StreamWriter, host: str, port: int) -> None:
        await answer(writer, "403 Forbidden")
        named = host if port == _PORTS["https"] else f"{host}:{port}"
        if named not in self._told and len(self._told) < 20:
            self._told.add(named)
            await self._on_refusal(named)

    async def _connect(
        self, host: str, port: int, *, tunnel: bool
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        set_by_operator = (host, port) in self._indexes
        listed = host in self._hosts
        if not set_by_operator and not (tunnel and port == _PORTS["https"] and (listed or "*" in self._hosts)):
            raise _Refused
        upstream = self._upstream("https" if tunnel else "http", host)
        if upstream is not None:
            if not set_by_operator and _is_address(host):  # only it resolves names; an address needs no resolving
                raise _Refused
            return await _through(upstream, host, port, tunnel=tunnel)
        async with asyncio.timeout(PATIENCE):
            addresses = [ip_address(text.partition("%")[0]) for text in await self._resolve(host, port)]
            if not set_by_operator and not all(self._is_fit(one, listed=listed) for one in addresses):
                raise _Refused
            if not addresses:
                raise OSError("the name has no address")
            first = next((one for one in addresses if one.version == 4), addresses[0])
            return await asyncio.open_connection(str(first), port, limit=HEAD_BYTES)

    def _is_fit(self, address: Address, *, listed: bool) -> bool:
        """A listed name may lead to a company's mirror; its DNS is the operator's, not the tenant's."""
        if any(address in network for network in self._networks if network.version == address.version):
            return True
        inner = embedded(address) if isinstance(address, IPv6Address) else None
        near = any(
            one.is_loopback or one.is_link_local or one.is_unspecified or one.is_multicast
            for one in (address, inner or address)
        )
        return is_public(address) or (listed and not near)

    def _upstream(self, scheme: str, host: str) -> SplitResult | None:
        """The operator's own proxy for this host, if any."""
        spared = _of(self._env, "no_proxy").replace(",", " ").split()
        if any(word == "*" or host == word.lstrip(".") or host.endswith(f".{word.lstrip('.')}") for word in spared):
            return None
        given = _of(self._env, f"{scheme}_proxy") or _of(self._env, "all_proxy")
        url = urlsplit(given if "://" in given else f"http://{given}") if given else None
        return url if url is not None and url.scheme == "http" and url.hostname else None


def _of(env: Mapping[str, str], name: str) -> str:
    return env.get(name) or env.get(name.upper()) or ""


def _places(env: Mapping[str, str]) -> frozenset[tuple[str, int]]:
    """Hosts and ports of the indexes that the operator set."""
    words = [word for name in _INDEXES for word in env.get(name, "").replace(",", " ").split()]
    # An index may have a name: `corp=https://…`.
    urls = [urlsplit(word if "=" not in word.partition("://")[0] else word.partition("=")[2]) for word in words]
    return frozenset(
        (url.hostname.lower(), url.port or _PORTS[url.scheme]) for url in urls if url.hostname and url.scheme in _PORTS
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _authorization(proxy: SplitResult) -> bytes:
    if not proxy.username:
        return b""
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
    return b"Proxy-Authorization: Basic " + base64.b64encode(pair) + b"\r\n"


async def _through(
    proxy: SplitResult, host: str, port: int, *, tunnel: bool
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection(proxy.hostname, proxy.port or 80, limit=HEAD_BYTES)
        if tunnel:
            place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            words = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n".encode() + _authorization(proxy)
            writer.write(words + b"\r\n")
            answer = await reader.readuntil(HEAD_END)
            if answer.split(b" ", 2)[1] != b"200":
                writer.close()
                raise OSError("the operator's proxy refused")
    return reader, writer


def _plain(head: bytes, url: SplitResult, *, through: SplitResult | None) -> bytes:
    """The head of a request without TLS, for this one request: the next one is judged anew."""
    first, _, rest = head.partition(b"\r\n")
    if through is None:
        method, _, version = first.split(b" ", 2)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        first = method + b" " + path.encode() + b" " + version
    lines = [
        line for line in rest.removesuffix(HEAD_END).split(b"\r\n") if not line.lower().startswith(_PER_CONNECTION)
    ]
    extra = _authorization(through) if through is not None else b""
    return b"\r\n".join([first, *lines]) + b"\r\n" + extra + b"Connection: close" + HEAD_END


_PER_CONNECTION = (b"connection:", b"proxy-connection:", b"proxy-authorization:", b"keep-alive:")
