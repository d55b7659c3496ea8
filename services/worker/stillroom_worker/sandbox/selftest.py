"""Proves, by trying, which level of isolation holds on this host. Nothing is believed from version numbers."""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillroom_worker.egress.listen import SOCKET_NAME, listen_at
from stillroom_worker.sandbox import bwrap, cgroup, landlock, seccomp, trusted
from stillroom_worker.sandbox.cell import STRENGTH, Cell, CellFailed, Level, Limits, SandboxUnavailable
from stillroom_worker.sandbox.launch import start
from stillroom_worker.sandbox.layout import address

PROBE_SECONDS = 30.0
_PROBE = Path(__file__).with_name("probe.py")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What the self-test found about one level; `reason` is empty where it holds."""

    level: Level
    reason: str = ""
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class _Canaries:
    """Things outside that a cell must not reach, and one that it must."""

    folder: Path
    listener: Path
    port: int
    abstract: str
    database_socket: Path
    database_port: int


async def choose_level(minimum: Level, *, work: Path) -> Level:
    """Return the strongest level that is proven here; raises SandboxUnavailable when all are below `minimum`.

    `work` is the folder of the worker's jobs: the test's cells lie where theirs will.
    """
    await asyncio.to_thread(cgroup.sweep)
    allowed = STRENGTH[: STRENGTH.index(minimum) + 1]
    failed: list[Finding] = []
    for level in allowed:
        finding = await examine(level, work=work)
        if not finding.reason:
            return level
        failed.append(finding)
    reasons = " ".join(f"{finding.level.value}: {finding.reason}" for finding in failed)
    raise SandboxUnavailable(reasons, failed[0].fix)


async def examine(level: Level, *, work: Path) -> Finding:
    """Try one level out; what is missing, and what to do about it, when it does not hold."""
    missing = await asyncio.to_thread(_missing, level)
    if missing is not None:
        return missing
    variants: Iterable[bwrap.Variant | None] = bwrap.variants() if level is Level.BWRAP else (None,)
    reasons: list[str] = []
    for variant in variants:
        reason = await _try(level, work, variant)
        if not reason:
            if variant is not None:
                bwrap.choose(variant)
            return Finding(level=level)
        reasons.append(reason)
    return Finding(level=level, reason=reasons[0], fix=_fix(level, reasons[0]))


def _missing(level: Level) -> Finding | None:
    if level is Level.BARE:
        return None
    if level is Level.BWRAP and bwrap.program() is None:
        reason, fix = "bubblewrap is not installed.", "Install bubblewrap (Debian: apt install bubblewrap)."
        return Finding(level=level, reason=reason, fix=f"{fix} {_LOWER}")
    if level is Level.LANDLOCK and (version := landlock.version()) < landlock.NEEDED_VERSION:
        reason = f"this kernel's Landlock has version {version}; {landlock.NEEDED_VERSION} is needed."
        return Finding(level=level, reason=reason, fix="Use Linux 6.12 or newer with Landlock enabled.")
    try:
        seccomp.bubblewrap_filter()
    except seccomp.SeccompMissing:
        reason = "libseccomp cannot be loaded."
        return Finding(level=level, reason=reason, fix="Install libseccomp (Debian: apt install libseccomp2).")
    return None


_LOWER = "Or accept a weaker level with STILLROOM_SANDBOX=landlock."


def _fix(level: Level, reason: str) -> str:
    if level is Level.BWRAP and ("namespace" in reason or "uid map" in reason or "clone" in reason):
        return (
            "Let the worker's user make user namespaces: user.max_user_namespaces above 0, on Ubuntu "
            "kernel.apparmor_restrict_unprivileged_userns=0 or a profile for bwrap, in a container a seccomp "
            f"profile that allows them. {_LOWER}"
        )
    return "Run the worker on a plain Linux host or virtual machine, as a user of its own."


async def _try(level: Level, work: Path, variant: bwrap.Variant | None) -> str:
    """Empty where the level holds, otherwise what is open or why it does not start."""
    try:
        async with _canaries(work) as canaries, asyncio.timeout(PROBE_SECONDS):
            found = await _probe(level, canaries, variant)
    except CellFailed as failed:
        return failed.reason
    except TimeoutError:
        return "the self-test did not end in time."
    return "; ".join(found) + "." if found else ""


async def _probe(level: Level, canaries: _Canaries, variant: bwrap.Variant | None) -> list[str]:
    checkout = canaries.folder / "checkout"
    cell = Cell(
        argv=(str(trusted.interpreter()), "-I", "-S", "-c", _PROBE.read_text()),
        env={},
        cwd=checkout,
        read_only=(checkout,),
        files={"secret": b"canary"},
        database_socket=canaries.database_socket,
        database_port=canaries.database_port,
        request=json.dumps(_questions(level, canaries)).encode(),
        limits=Limits(),
    )
    prisoner = await start(cell, level, variant=variant)
    try:
        line, said = await asyncio.gather(prisoner.events.readline(), prisoner.stderr.read())
        await prisoner.wait()
    finally:
        await prisoner.verify_gone()
    try:
        found = json.loads(line)
    except ValueError:
        words = said.decode(errors="replace").strip().splitlines()
        raise CellFailed(f"the probe did not run: {words[-1] if words else 'it said nothing'}") from None
    return [str(door) for door in found]


def _questions(level: Level, canaries: _Canaries) -> dict[str, Any]:
    endpoint = address(level, database_port=canaries.database_port, database_socket=canaries.database_socket)
    return {
        "confined": level is not Level.BARE,
        "own_pids": level is Level.BWRAP,
        "worker": os.getpid(),
        "canary": str(canaries.folder / "outside" / "canary"),
        "checkout": str(canaries.folder / "checkout"),
        "port": canaries.port,
        "socket": str(canaries.listener),
        "abstract": canaries.abstract,
        "database": {
            "host": endpoint.host,
            "port": endpoint.port,
            "socket": str(endpoint.socket_dir / SOCKET_NAME) if endpoint.socket_dir else None,
        },
    }


@contextlib.asynccontextmanager
async def _canaries(work: Path) -> AsyncIterator[_Canaries]:
    folder = await asyncio.to_thread(_make_folder, work)
    nearby = await asyncio.to_thread(_make_folder, Path(tempfile.gettempdir()))  # its path is short enough
    abstract = f"stillroom-canary-{secrets.token_hex(8)}"
    servers: list[asyncio.Server] = []
    try:
        outside = await asyncio.start_server(_hang_up, "127.0.0.1", 0)
        database = await asyncio.start_server(_here, "127.0.0.1", 0)
        servers += [
            outside,
            database,
            await asyncio.start_unix_server(_hang_up, sock=listen_at(nearby, "listener")),
            await asyncio.start_unix_server(_hang_up, f"\0{abstract}"),
            await asyncio.start_unix_server(_here, sock=listen_at(folder / "db")),
        ]
        yield _Canaries(
            folder=folder,
            listener=nearby / "listener",
            port=outside.sockets[0].getsockname()[1],
            abstract=abstract,
            database_socket=folder / "db",
            database_port=database.sockets[0].getsockname()[1],
        )
    finally:
        for server in servers:
            server.close()
        for place in (folder, nearby):
            await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


def _make_folder(work: Path) -> Path:
    work.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="selftest-", dir=work))
    folder.chmod(0o755)
    for name in ("outside", "checkout", "db"):
        (folder / name).mkdir(mode=0o755)
    (folder / "outside" / "canary").write_text("canary")
    (folder / "outside" / "canary").chmod(0o644)
    return folder


async def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _here(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(16)
    writer.write(b"here")
    await writer.drain()
    writer.close()
