"""TLS before our Valkey: a door of our own, and a server that speaks it itself where one is installed."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import RedisError

from stillroom_cli.embedded.ports import any_free
from stillroom_testing.certificates import Authority

_PATIENCE_S = 30


@dataclass(frozen=True)
class Files:
    """PEM files of one authority: its own certificate, and one for 127.0.0.1 with its key."""

    authority: Path
    certificate: Path
    key: Path

    def query(self, *, ours: bool = True) -> str:
        """What an address says to believe it, and to show the certificate as one's own."""
        shown = f"&ssl_certfile={self.certificate}&ssl_keyfile={self.key}" if ours else ""
        return f"?ssl_ca_certs={self.authority}{shown}"


def certified(folder: Path) -> Files:
    """A new authority and its files."""
    folder.mkdir(parents=True)
    authority = Authority()
    files = Files(folder / "ca.crt", folder / "tls.crt", folder / "tls.key")
    certificate, key = authority.issue("ours")
    for path, text in ((files.authority, authority.pem), (files.certificate, certificate), (files.key, key)):
        path.write_text(text)
        path.chmod(0o644)  # RabbitMQ and Valkey may be somebody else
    return files


@contextmanager
def before(port: int, files: Files) -> Iterator[int]:
    """A port of the loopback that speaks TLS, asks for a certificate of the same authority, and leads to `port`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    context.load_verify_locations(files.authority)
    context.verify_mode = ssl.CERT_REQUIRED
    loop = asyncio.new_event_loop()

    async def passing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", port)
            try:
                await asyncio.gather(_pump(reader, back), _pump(there, writer))
            finally:
                back.transport.abort()
                writer.transport.abort()

    server = loop.run_until_complete(asyncio.start_server(passing, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(_ended(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.transport.abort()


async def _ended(server: asyncio.Server) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def program() -> str | None:
    """A Valkey or Redis of this machine, which speak TLS as distributions build them; the wheel's does not."""
    return shutil.which("valkey-server") or shutil.which("redis-server")


@contextmanager
def serving(folder: Path, files: Files, password: str) -> Iterator[int]:
    """That server, over TLS alone, asking for a certificate of the same authority; its port."""
    port, name = any_free(), program()
    assert name is not None
    lines = (
        "port 0",
        f"tls-port {port}",
        "bind 127.0.0.1",
        f"tls-cert-file {files.certificate}",
        f"tls-key-file {files.key}",
        f"tls-ca-cert-file {files.authority}",
        f"requirepass {password}",
        f"dir {folder}",
        'save ""',
    )
    process = subprocess.Popen([name, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        assert process.stdin is not None
        process.stdin.write("\n".join(lines))
        process.stdin.close()
        deadline = time.monotonic() + _PATIENCE_S
        while not _answers(f"rediss://:{password}@127.0.0.1:{port}/0{files.query()}"):
            assert process.poll() is None, f"{name} ended"
            assert time.monotonic() < deadline, f"{name} does not answer"
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    with Redis.from_url(url) as client:
        try:
            return bool(client.ping())
        except (RedisError, OSError):
            return False


def over_tls(url: str, port: int, query: str, *, host: str = "127.0.0.1") -> str:
    """The address of a server, asked by TLS at another port."""
    parts = urlsplit(url)
    return f"rediss://:{parts.password}@{host}:{port}{parts.path}{query}"
