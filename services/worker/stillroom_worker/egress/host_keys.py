"""Asks an SSH server for its host keys, so that a person can compare them. Nothing is believed or stored by asking.

The address is judged and pinned as for a tunnel; what answers there is listened to before ssh-keyscan asks it, so that
a server which speaks something else is told from one that shows no key.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from stillroom_core.environments.host_keys import HostKey, shown_host_keys
from stillroom_core.outbound.addresses import Address
from stillroom_worker.egress.ssh import ssh_program
from stillroom_worker.egress.target import Target, Tunnel, resolve
from stillroom_worker.egress.tunnel_words import TunnelFailed, unreachable

_KINDS = "ed25519,ecdsa,rsa"
_PATIENCE = 8.0
_SCAN_WITHIN = 12.0
# A server may say some lines of its own before it names the protocol.
_GREETING_BYTES = 4096


async def ask_host_keys(server: Target, allow: Callable[[Address], bool]) -> list[HostKey]:
    """What the SSH server of `server` shows, the key to prefer first; at the first of its addresses that answers.

    Raises EgressRefused where the address is not allowed, nobody answers, or what answers shows no key of use.
    """
    tunnel = server.tunnel
    assert tunnel is not None  # noqa: S101 - whoever asks has named one
    addresses = await resolve(server, allow)
    for address in addresses[:-1]:
        try:
            return await _ask(tunnel, address)
        except TunnelFailed as failed:
            if failed.code != "tunnel_unreachable":
                raise
    return await _ask(tunnel, addresses[-1])


async def _ask(tunnel: Tunnel, address: Address) -> list[HostKey]:
    program = ssh_program("ssh-keyscan")
    await _listen(tunnel, address)
    found = shown_host_keys(await _scan(program, tunnel, address))
    if not found:
        raise TunnelFailed(
            "tunnel_no_host_key",
            "The SSH server shows no host key that Stillroom can use.",
            detail=f"{tunnel.host}:{tunnel.port}",
            fix="It needs one of the kinds ed25519, ECDSA or RSA: HostKey in its sshd_config. Its log says more.",
        )
    return found


async def _listen(tunnel: Tunnel, address: Address) -> None:
    """Raises TunnelFailed unless what listens there speaks SSH."""
    try:
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection(str(address), tunnel.port, limit=_GREETING_BYTES)
    except (OSError, TimeoutError) as cause:
        refused = isinstance(cause, ConnectionRefusedError)
        raise unreachable(tunnel, "connection refused" if refused else "no answer") from None
    try:
        async with asyncio.timeout(_PATIENCE):
            greeted = await _greeted(reader)
    except (OSError, TimeoutError):
        greeted = False
    finally:
        writer.close()
    if not greeted:
        raise TunnelFailed(
            "tunnel_not_ssh",
            "What answers there is no SSH server.",
            detail=f"{tunnel.host}:{tunnel.port} did not greet as SSH servers do.",
            fix="Check host and port: SSH servers mostly listen on 22.",
        )


async def _greeted(reader: asyncio.StreamReader) -> bool:
    heard = 0
    while heard < _GREETING_BYTES:
        try:
            line = await reader.readline()
        except ValueError:  # a line without end
            return False
        if line.startswith(b"SSH-"):
            return True
        if not line:
            return False
        heard += len(line)
    return False


async def _scan(program: list[str], tunnel: Tunnel, address: Address) -> str:
    """What ssh-keyscan prints; empty where it got nothing in time. Its complaints are not listened to."""
    process = await asyncio.create_subprocess_exec(
        *program,
        *(f"-T{int(_PATIENCE)}", f"-p{tunnel.port}", f"-t{_KINDS}", "--", str(address)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
        cwd="/",
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_SCAN_WITHIN):
            printed, _ = await process.communicate()
    except TimeoutError:
        return ""
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    return printed.decode(errors="replace")
