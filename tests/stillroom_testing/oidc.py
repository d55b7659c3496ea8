"""A real OpenID Connect provider in a process of its own, and a DNS server that says what a test lets it say."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import dns.asyncresolver
import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from stillroom_cli.embedded.ports import any_free

_SCRIPT = Path(__file__).resolve().parents[2] / "web" / "e2e" / "oidc-provider.mjs"
_TOOLS = _SCRIPT.parents[2] / ".tools" / "node" / "bin"


@contextmanager
def oidc_provider(redirect: str, people: Mapping[str, Any]) -> Iterator[str]:
    """Gives the issuer; `people` are claims by what `login_hint` names."""
    node = shutil.which("node", path=f"{_TOOLS}{os.pathsep}{os.environ['PATH']}")
    if node is None:
        pytest.skip("there is no Node: make setup")
    port = any_free()
    given = {**os.environ, "OIDC": json.dumps({"port": port, "redirect": redirect, "people": people})}
    process = subprocess.Popen([node, str(_SCRIPT)], env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert process.stdout is not None
        said = b""
        while b"ready" not in said:
            line = process.stdout.readline()
            assert line, said.decode()
            said += line
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


class _Dns(asyncio.DatagramProtocol):
    def __init__(self, records: Mapping[str, str]) -> None:
        self._records = records

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        name = query.question[0].name
        text = self._records.get(str(name).rstrip("."))
        if text is not None and query.question[0].rdtype == dns.rdatatype.TXT:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", f'"{text}"'))
        self._transport.sendto(answer.to_wire(), addr)  # type: ignore[attr-defined]


@asynccontextmanager
async def dns_server(records: Mapping[str, str]) -> AsyncIterator[None]:
    """While it lives, names are looked up here: TXT records by name, which a test may change."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Dns(records), local_addr=("127.0.0.1", 0))
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], transport.get_extra_info("sockname")[1]
    before, dns.asyncresolver.default_resolver = dns.asyncresolver.default_resolver, resolver
    try:
        yield
    finally:
        dns.asyncresolver.default_resolver = before
        transport.close()
