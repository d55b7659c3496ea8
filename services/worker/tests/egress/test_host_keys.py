"""Asking an SSH server for its host keys: what is shown, what is told where there is none, what is never contacted."""

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from pathlib import Path

import pytest

from stillroom_core.environments.host_keys import shown_host_keys
from stillroom_testing.ssh_server import descendants, make_key, needs_sshd, serving_ssh
from stillroom_testing.waiting import until
from stillroom_worker.egress import EgressRefused, host_keys
from stillroom_worker.egress.host_keys import ask_host_keys
from stillroom_worker.egress.target import ssh_server_alone

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def anywhere(_address: object) -> bool:
    return True


def scans() -> list[int]:
    """Every ssh-keyscan of this process that is still there."""
    return descendants(os.getpid(), "ssh-keyscan")


@asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[tuple[int, list[int]]]:
    """A server that is none of SSH: its port, and one entry for each connection that was made."""
    came: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(1)
        with suppress(OSError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], came
    finally:
        server.close()


async def says_http(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\nServer: canary-41cc\r\n\r\n")
    await writer.drain()


async def says_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def never_ends_a_line(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"x" * 100_000)
    await writer.drain()


async def greets_and_leaves(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"A word before.\r\nSSH-2.0-canary\r\n")
    await writer.drain()


async def greets_and_says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await greets_and_leaves(reader, writer)
    await reader.read()


async def refused(host: str, port: int, allow: Callable[[object], bool] = anywhere) -> EgressRefused:
    with pytest.raises(EgressRefused) as caught:
        await ask_host_keys(ssh_server_alone(host, port), allow)
    assert caught.value.fix
    return caught.value


@needs_sshd
async def test_the_key_is_shown_with_the_fingerprint_that_ssh_keygen_shows(tmp_path: Path) -> None:
    with serving_ssh(tmp_path / "sshd") as server:
        (key,) = await ask_host_keys(ssh_server_alone("127.0.0.1", server.port), anywhere)
        public = tmp_path / "sshd" / "host.pub"
        said = subprocess.run(["ssh-keygen", "-lf", str(public)], check=True, capture_output=True, text=True).stdout
    assert (key.type, key.line) == ("ssh-ed25519", server.host_key)
    assert key.fingerprint == said.split()[1]
    assert key.compare == "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
    assert scans() == []


@needs_sshd
async def test_of_several_kinds_the_one_to_prefer_comes_first(tmp_path: Path) -> None:
    more = []
    for kind in ("rsa", "ecdsa"):
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(tmp_path / kind)], check=True)
        more.append(f"HostKey {tmp_path / kind}")
    with serving_ssh(tmp_path / "sshd", *more) as server:
        found = await ask_host_keys(ssh_server_alone("localhost", server.port), anywhere)
    assert [key.type for key in found] == ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]
    assert [key.compare.split("_")[-2] for key in found] == ["ed25519", "ecdsa", "rsa"]


async def test_a_server_at_an_address_that_is_not_allowed_is_not_contacted() -> None:
    async with listening(greets_and_leaves) as (port, came):
        failed = await refused("127.0.0.1", port, lambda _address: False)
        assert (failed.code, came) == ("address_refused", [])
    assert "SSH server" in failed.title


async def test_one_address_of_a_name_that_is_not_allowed_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async def two(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", (address, 22)) for address in ("127.0.0.1", "10.0.0.1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two)
    failed = await refused("bastion.example", 22, lambda address: address == ip_address("127.0.0.1"))
    assert failed.code == "address_refused"


async def test_a_port_where_nothing_listens_is_told_as_that() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        failed = await refused("127.0.0.1", free.getsockname()[1])
    assert failed.code == "tunnel_unreachable"
    assert "connection refused" in failed.detail


@pytest.mark.parametrize("talk", [says_http, never_ends_a_line])
async def test_what_is_no_ssh_server_is_told_as_that_and_nothing_of_what_it_said(talk: Talk) -> None:
    async with listening(talk) as (port, _):
        failed = await refused("127.0.0.1", port)
    assert failed.code == "tunnel_not_ssh"
    assert "canary" not in f"{failed.title} {failed.detail} {failed.fix}"


async def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_keys, "_PATIENCE", 0.2)
    async with listening(says_nothing) as (port, _):
        assert (await refused("127.0.0.1", port)).code == "tunnel_not_ssh"


async def test_a_server_that_shows_no_key_is_told_as_that() -> None:
    async with listening(greets_and_leaves) as (port, came):
        failed = await refused("127.0.0.1", port)
    assert failed.code == "tunnel_no_host_key"
    assert len(came) > 1
    assert "canary" not in f"{failed.title} {failed.detail} {failed.fix}"


async def test_who_goes_away_while_it_is_asked_leaves_no_program() -> None:
    async with listening(greets_and_says_nothing) as (port, _):
        asking = asyncio.create_task(ask_host_keys(ssh_server_alone("127.0.0.1", port), anywhere))
        await until(lambda: len(scans()) == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: scans() == [])


async def test_what_is_no_key_in_what_was_printed_is_left_out(tmp_path: Path) -> None:
    public = " ".join(make_key(tmp_path / "key").with_suffix(".pub").read_text().split()[:2])
    printed = f"# 127.0.0.1:22 SSH-2.0-x\n127.0.0.1 ssh-rsa !!!\n\n127.0.0.1 {public}\n127.0.0.1 {public}\nnonsense\n"
    assert [key.line for key in shown_host_keys(printed)] == [public]
