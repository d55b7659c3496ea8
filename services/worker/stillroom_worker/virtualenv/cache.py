"""The cache of environments: one folder per key, built in place, marked when whole.

An environment cannot be moved (its scripts name its path), so it is built where it stays. The marker is
written last: a folder without one was left by a killed worker and is removed. A lock file per key lets the
second of two jobs wait; jobs that run hold it together, so that pruning passes their environment over.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillroom_worker.virtualenv.failure import VirtualenvFailed
from stillroom_worker.virtualenv.model import Virtualenv
from stillroom_worker.virtualenv.uv import OnLine

_FRESH_SECONDS = 3600
_FORGET_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Place:
    """Where one key's files stand."""

    cache: Path
    key: str

    @property
    def path(self) -> Path:
        """Give the environment's folder."""
        return self.cache / self.key

    @property
    def work(self) -> Path:
        """Give the folder that exists only while the environment is built."""
        return self.cache / f"{self.key}.work"

    @property
    def marker(self) -> Path:
        """Give the file that says the environment is whole; no build can write it."""
        return self.cache / f"{self.key}.json"

    @property
    def lock(self) -> Path:
        """Give the file that serialises builders."""
        return self.cache / f"{self.key}.lock"

    @property
    def used(self) -> Path:
        """Give the file whose time of change is the last use."""
        return self.cache / f"{self.key}.used"

    @property
    def failed(self) -> Path:
        """Give the file that says: this Python cannot have these packages."""
        return self.cache / f"{self.key}.failed"

    def read(self) -> Virtualenv | None:
        """Give the finished environment, marked as used now; None when there is none."""
        try:
            data: dict[str, Any] = json.loads(self.marker.read_text())
        except (OSError, ValueError):
            return None
        # A link that leads nowhere: the interpreter that it was made of is gone.
        if not (self.path / "bin" / "python").exists():
            return None
        self.used.touch()
        return Virtualenv(
            path=self.path,
            python=self.path / "bin" / "python",
            python_version=data["python_version"],
            base=Path(data["base"]),
            key=self.key,
            cached=True,
            source=data["source"],
            drivers=tuple(data["drivers"]),
            alembic=data["alembic"],
            sqlalchemy=data["sqlalchemy"],
            notes=tuple(data["notes"]),
        )

    def finish(self, built: Virtualenv) -> None:
        """Mark the environment as whole."""
        data = {
            "python_version": built.python_version,
            "base": str(built.base),
            "source": built.source,
            "drivers": built.drivers,
            "alembic": built.alembic,
            "sqlalchemy": built.sqlalchemy,
            "notes": built.notes,
            "bytes": _size(self.path),
        }
        written = self.marker.with_suffix(".new")
        write_anew(written, json.dumps(data))
        written.replace(self.marker)
        self.failed.unlink(missing_ok=True)
        self.used.touch()

    def clear(self) -> None:
        """Remove the environment and what a builder left."""
        self.marker.unlink(missing_ok=True)  # first: half an environment must never look whole
        for folder in (self.path, self.work):
            shutil.rmtree(folder, ignore_errors=True)

    @asynccontextmanager
    async def building(self, on_line: OnLine, deadline: float) -> AsyncIterator[None]:
        """Be the only builder of this key; wait for another one."""
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        told = False
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise VirtualenvFailed(
                            "timeout", "Another job builds the same environment and does not end", "", "Try again."
                        ) from None
                    if self.read() is not None:
                        break  # built meanwhile; running jobs may hold the lock together
                    if not told:
                        await on_line("Waiting for another job that installs the same packages.")
                        told = True
                    await asyncio.sleep(0.1)
            yield
        finally:
            os.close(descriptor)


def write_anew(path: Path, text: str) -> None:
    """Write a file that a build may have put something in the place of: a link would lead the worker elsewhere."""
    path.unlink(missing_ok=True)
    with path.open("x") as file:
        file.write(text)


@contextmanager
def hold(virtualenv: Virtualenv) -> Iterator[None]:
    """Keep an environment from being pruned while a job runs in it."""
    place = Place(virtualenv.path.parent, virtualenv.key)
    descriptor = os.open(place.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        place.used.touch()
        yield
    finally:
        os.close(descriptor)


def prune(cache: Path, keep_bytes: int) -> int:
    """Remove the environments that were not used for longest until the rest has at most `keep_bytes`.

    Those in use, and those used within the last hour, stay. Gives the number of bytes removed.
    """
    places = [Place(cache, used.name.removesuffix(".used")) for used in cache.glob("*.used")]
    sizes = {place: _recorded_size(place) for place in places}
    for forgotten in [*cache.glob("*.failed"), *cache.glob(".plan-*")]:
        if time.time() - forgotten.stat().st_mtime > _FORGET_SECONDS:
            shutil.rmtree(forgotten, ignore_errors=True)
            with suppress(OSError):
                forgotten.unlink(missing_ok=True)
    total, removed = sum(sizes.values()), 0
    for place in sorted(places, key=lambda place: _last_use(place)):
        if total - removed <= keep_bytes or time.time() - _last_use(place) < _FRESH_SECONDS:
            break
        if _remove_unless_held(place):
            removed += sizes[place]
    return removed


def _remove_unless_held(place: Place) -> bool:
    descriptor = os.open(place.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        place.clear()
        place.used.unlink(missing_ok=True)
        return True
    finally:
        os.close(descriptor)


def _last_use(place: Place) -> float:
    try:
        return place.used.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _recorded_size(place: Place) -> int:
    try:
        return int(json.loads(place.marker.read_text())["bytes"])
    except (OSError, ValueError, KeyError):
        return 0


def _size(folder: Path) -> int:
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            total += Path(root, name).lstat().st_size
    return total
