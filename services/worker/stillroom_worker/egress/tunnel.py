"""The way to a database through an SSH server: one `ssh -W` for each connection, which ends with it.

ssh holds the other end of a pair of sockets as its standard input and output, so nothing listens anywhere and nobody
else on this machine finds a way in. It gets the one judged address; the host key is looked up under a name of ours.
Key and host key are files in memory: neither argv nor environment nor disk has them.
"""

import asyncio
import os
import socket
from collections.abc import Sequence
from typing import Any

from stillroom_core.outbound.addresses import Address
from stillroom_worker.egress.ssh import SSH_OPTIONS, ssh_program
from stillroom_worker.egress.target import Target, Tunnel
from stillroom_worker.egress.tunnel_words import TunnelFailed, explain

_ALIAS = "tunnel"
# Shorter than what whoever signs in waits: ssh's own words are better than none.
_OPTIONS = ("ConnectTimeout=8", "LogLevel=INFO", "EscapeChar=none", "PreferredAuthentications=publickey")
_ERROR = 255  # ssh's own, in contrast to the end of the server's session
_WORDS_LIMIT = 16 * 1024
_WORDS_WITHIN = 3.0
# What was sent last (a goodbye, a cancel) still gets there; a server that works on and on is not waited for.
_LINGER = 1.0

# The event loop keeps only weak references to tasks.
_attending: set["asyncio.Task[None]"] = set()


class _OurEnd(socket.socket):
    """Our end of the pair: whoever closes it ends the ssh at the other."""

    passage: "Passage | None" = None

    def close(self) -> None:
        super().close()
        if self.passage is not None:
            self.passage.end()


class Passage:
    """One connection through a tunnel. Its `socket` is to be given to a transport, or closed."""

    def __init__(
        self, target: Target, process: asyncio.subprocess.Process, ours: _OurEnd, files: Sequence[int]
    ) -> None:
        self.socket = ours
        ours.passage = self
        self._target = target
        self._process = process
        self._loop = asyncio.get_running_loop()
        self._words = bytearray()
        self._attended = self._loop.create_task(self._attend(files))
        _attending.add(self._attended)
        self._attended.add_done_callback(_attending.discard)

    async def why(self) -> TunnelFailed | None:
        """After a connection broke: what ssh had to say about it, None where nothing of it was the tunnel's."""
        try:
            async with asyncio.timeout(_WORDS_WITHIN):
                await asyncio.shield(self._attended)
        except TimeoutError:
            return None
        return (
            explain(self._target, self._words.decode(errors="replace")) if self._process.returncode == _ERROR else None
        )

    def end(self) -> None:
        """ssh sees that nobody is here any more; a little later it is gone."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.call_later, _LINGER, self._kill)

    def _kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()

    async def _attend(self, files: Sequence[int]) -> None:
        try:
            await self._listen()
        finally:
            # Also where the loop ends: it leaves neither a process nor a pipe.
            self._kill()
            for file in files:
                os.close(file)
            await self._listen()

    async def _listen(self) -> None:
        """Keeps the first words until ssh is gone."""
        assert self._process.stderr is not None  # noqa: S101 - tells mypy that it is a pipe
        while piece := await self._process.stderr.read(4096):
            self._words += piece[: _WORDS_LIMIT - len(self._words)]
        await self._process.wait()


async def open_passage(target: Target, address: Address) -> Passage:
    """Starts an ssh to `address` that connects onwards to the target's host and port, as the SSH server knows them.

    It does not wait for either: a connection that does not come about is one that ends, and `why` says why. Raises
    TunnelFailed where there is no key, or no ssh on this machine.
    """
    assert target.tunnel is not None  # noqa: S101 - whoever asks has looked
    if not target.tunnel.key:
        raise TunnelFailed(
            "tunnel_key_missing",
            "The key for the SSH server is not there any more.",
            fix="Save the environment's SSH server again: Stillroom makes a key, or takes the one that you enter.",
        )
    program = ssh_program("ssh")
    files: list[int] = []
    ours, theirs = socket.socketpair()
    try:
        files.append(_file(target.tunnel.key))
        files.append(_file(_known_hosts(target.tunnel)))
        process = await asyncio.create_subprocess_exec(
            *program,
            *_arguments(target, target.tunnel, address, *files),
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=asyncio.subprocess.PIPE,
            env={},
            cwd="/",
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        for file in files:
            os.close(file)
        raise
    finally:
        theirs.close()
    end = _OurEnd(ours.family, ours.type, ours.proto, fileno=ours.detach())
    end.setblocking(False)
    return Passage(target, process, end, files)


class TunnelLoop:
    """The running event loop, whose connections go through the tunnel: for a driver that makes them itself.

    A driver that cancels a statement over a second connection makes that one here too.
    """

    def __init__(self, target: Target, address: Address) -> None:
        self._loop = asyncio.get_running_loop()
        self._target = target
        self._address = address
        self._last: Passage | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    async def create_connection(self, factory: Any, *_place: Any) -> Any:
        """Wherever it is asked for, it leads to the target."""
        self._last = await open_passage(self._target, self._address)
        return await self._loop.create_connection(factory, sock=self._last.socket)

    async def why(self) -> TunnelFailed | None:
        """Why the last connection did not come about, as far as it was the tunnel's."""
        return await self._last.why() if self._last else None


def _arguments(target: Target, tunnel: Tunnel, address: Address, key: int, hosts: int) -> list[str]:
    onwards = f"[{target.host}]:{target.port}" if ":" in target.host else f"{target.host}:{target.port}"
    mine = f"/proc/{os.getpid()}/fd"  # ssh closes what it inherits
    options = [
        *_OPTIONS,
        *SSH_OPTIONS,
        f"HostName={address}",
        f"HostKeyAlias={_ALIAS}",
        f"UserKnownHostsFile={mine}/{hosts}",
    ]
    words = [f"-o{option}" for option in options]
    place = (f"-l{tunnel.user}", f"-p{tunnel.port}", f"-W{onwards}")
    return ["-F/dev/null", *words, f"-i{mine}/{key}", *place, "--", _ALIAS]


def _known_hosts(tunnel: Tunnel) -> str:
    return "".join(f"{_ALIAS} {line}\n" for line in tunnel.host_key.splitlines())


def _file(content: str) -> int:
    """A file in memory that only we may read."""
    file = os.memfd_create("tunnel", os.MFD_CLOEXEC)
    os.fchmod(file, 0o600)  # else ssh takes a key for too open to use
    os.write(file, content.encode())
    return file
