"""A mirror: one bare folder per repository that keeps every commit that was ever fetched.

It is a partial clone: commits and trees come with the whole history (so that each revision file has an author
and a date), file contents only for fetched commits. It holds no address and no credential. One worker
writes at a time, behind a file lock next to it; readers need no lock, because git only adds.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from stillroom_worker.checkout.failure import CheckoutFailed
from stillroom_worker.checkout.hardening import environment, reading_settings
from stillroom_worker.checkout.landing import CONFIG, clear_landings
from stillroom_worker.checkout.limits import FetchLimits
from stillroom_worker.checkout.process import Finished, git, run
from stillroom_worker.checkout.words import explain

_LOCKS = ("shallow.lock", "packed-refs.lock", "config.lock", "HEAD.lock")
_MANY_PACKS = 60
_SHORT = timedelta(seconds=60)


@asynccontextmanager
async def locked(mirror: Path, wait: timedelta) -> AsyncIterator[None]:
    """Be the only writer of a mirror, made new if need be; clear what a killed writer left.

    Raises CheckoutFailed(timeout) when another worker holds it longer than `wait`.
    """
    mirror.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(mirror.with_name(mirror.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await _acquire(lock, wait)
        await _prepare(mirror)
        yield
    finally:
        os.close(lock)  # closing releases it, also when the worker is killed


async def _acquire(lock: int, wait: timedelta) -> None:
    # Polled, not awaited in a thread: a blocked flock could not be given up when the job is cancelled.
    try:
        async with asyncio.timeout(wait.total_seconds()):
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    await asyncio.sleep(0.05)
                else:
                    return
    except TimeoutError:
        raise CheckoutFailed(
            "timeout",
            "The repository is busy",
            "Another worker has been fetching it for too long.",
            "Try again.",
        ) from None


async def _prepare(mirror: Path) -> None:
    if not (mirror / "stillroom").exists():
        argv = git(mirror, "init", "-q", "--bare", "--template=", settings=reading_settings())
        await _checked(argv, mirror)
        (mirror / "config").write_text(CONFIG)
        (mirror / "stillroom").write_text("mirror 1\n")
        return
    clear_landings(mirror)
    leftovers = [mirror / name for name in _LOCKS]
    leftovers += (mirror / "refs").rglob("*.lock")
    leftovers += (mirror / "objects" / "pack").glob("tmp_*")
    leftovers += (mirror / "objects" / "pack").glob(".tmp-*")
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)


async def keep(mirror: Path, sha: str) -> None:
    """Give a commit a ref of its own, so that it stays when its branch moves on."""
    argv = git(mirror, "update-ref", f"refs/stillroom/commits/{sha}", sha, settings=reading_settings())
    await _checked(argv, mirror)


async def keep_tips(mirror: Path, shas: Iterable[str]) -> None:
    """Give tips of branches refs of their own: what a mirror names, the next fetch need not bring."""
    lines = "".join(f"update refs/stillroom/tips/{sha} {sha}\n" for sha in sorted(set(shas)))
    argv = git(mirror, "update-ref", "--stdin", settings=reading_settings())
    await _checked(argv, mirror, lines.encode())


async def refs_of(mirror: Path) -> str:
    """All that the mirror names, as git writes it into packed-refs."""
    argv = git(mirror, "for-each-ref", "--format=%(objectname) %(refname)", settings=reading_settings())
    listed = await _checked(argv, mirror)
    return "# pack-refs with: sorted\n" + listed.output.decode("utf-8", "replace")


async def tidy(mirror: Path) -> None:
    """Join the packs when fetches have left very many. Call it as the only writer."""
    packs = list((mirror / "objects" / "pack").glob("*.pack"))
    if len(packs) > _MANY_PACKS:
        argv = git(mirror, "repack", "-adq", settings=reading_settings())
        await run(argv, env=environment(mirror), limits=FetchLimits(), time=timedelta(minutes=5))


async def commit_of(mirror: Path, name: str) -> str | None:
    """Give the sha of the commit that a full ref or a (shortened) sha stands for in the mirror."""
    argv = git(
        mirror,
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{name}^{{commit}}",
        settings=reading_settings(),
    )
    finished = await run(argv, env=environment(mirror), limits=FetchLimits(), time=_SHORT)
    sha = finished.output.decode("ascii", "replace").strip()
    return sha if finished.code == 0 and len(sha) == 40 else None


async def _checked(argv: list[str], mirror: Path, stdin: bytes = b"") -> Finished:
    finished = await run(argv, env=environment(mirror), limits=FetchLimits(), time=_SHORT, stdin=stdin)
    if finished.code != 0:
        raise explain(finished.words, finished.code)
    return finished
