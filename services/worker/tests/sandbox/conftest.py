"""Runs small programs in real cells, at every level that this host allows."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stillroom_worker.sandbox import Cell, Level, Limits, Prisoner, examine, landlock, start

PYTHON = Path("/usr/bin/python3")
VIRTUALENV = Path(sys.prefix)

PRELUDE = """
import ctypes, errno, json, os, socket, sys, time
request, events = int(sys.argv[1]), int(sys.argv[2])
def tell(value): os.write(events, json.dumps(value).encode() + b"\\n")
def attempt(call, *arguments):
    try:
        return call(*arguments)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
"""


@dataclass
class Result:
    told: Any
    stdout: str
    stderr: str
    status: int
    prisoner: Prisoner


@dataclass
class Place:
    """A level to test, and a folder where its cells' checkouts lie."""

    level: Level
    folder: Path
    living: list[Prisoner] = field(default_factory=list)

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    def counts_processes(self, prisoner: Prisoner) -> bool:
        """Whether anything bounds the number of the job's processes on this host."""
        own_namespace = self.level is Level.BWRAP or (self.level is Level.LANDLOCK and landlock.has_own_network())
        return own_namespace or prisoner.uid is not None or prisoner.memory_is_bounded

    async def start(self, code: str, *, python: Path = PYTHON, see: tuple[Path, ...] = (), **changes: Any) -> Prisoner:
        """Start some Python in a cell; it has `tell(value)` for its events and `attempt(call, …)`."""
        program = PRELUDE + textwrap.dedent(code)
        fields: dict[str, Any] = {
            "argv": (str(python), "-c", program),
            "env": {},
            "cwd": self.checkout,
            "read_only": (self.checkout, *see),
            **changes,
        }
        prisoner = await start(Cell(**fields), self.level)
        self.living.append(prisoner)
        return prisoner

    async def run(self, code: str, **changes: Any) -> Result:
        """Start it and wait for its end; `told` is the last value that it told."""
        prisoner = await self.start(code, **changes)
        events, out, err = await asyncio.gather(prisoner.events.read(), prisoner.stdout.read(), prisoner.stderr.read())
        status = await prisoner.wait()
        await prisoner.verify_gone()
        lines = events.splitlines()
        told = json.loads(lines[-1]) if lines else None
        return Result(told, out.decode(), err.decode(), status, prisoner)

    async def ask(self, code: str, **changes: Any) -> Any:
        """The value that the code told; fails when it told nothing."""
        result = await self.run(code, **changes)
        assert result.told is not None, result.stderr
        return result.told


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that a uid of the job's own can enter, unlike pytest's."""
    made = Path(tempfile.mkdtemp(prefix="stillroom-test-"))
    made.chmod(0o755)
    (made / "checkout").mkdir()
    (made / "checkout" / "env.py").write_text("hello")
    yield made
    shutil.rmtree(made, ignore_errors=True)


_found: dict[str, str] = {}


async def _skip_unless(level: Level, name: str, folder: Path) -> None:
    if name not in _found:
        _found[name] = (await examine(level, work=folder / "work")).reason
    if _found[name]:
        pytest.skip(f"this host has no {name}: {_found[name]}")


async def _place(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    level = Level(name.partition("-")[0])
    if name == "landlock-shared":
        monkeypatch.setattr(landlock, "has_own_network", lambda: False)
    await _skip_unless(level, name, folder)
    return Place(level, folder)


@pytest.fixture(params=["bwrap", "landlock", "landlock-shared"])
async def walls(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Each level that confines; landlock also as on a host that allows no network namespace."""
    place = await _place(request.param, folder, monkeypatch)
    yield place
    for prisoner in place.living:
        await prisoner.verify_gone()


@pytest.fixture(params=["bwrap", "landlock", "landlock-shared", "bare"])
async def place(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Every level."""
    made = await _place(request.param, folder, monkeypatch)
    yield made
    for prisoner in made.living:
        await prisoner.verify_gone()


def running(marker: str) -> list[int]:
    """Processes on this host whose command line holds the marker, but ours."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (entry / "cmdline").read_bytes() and int(entry.name) != os.getpid():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.fixture
def processes() -> Callable[[str], list[int]]:
    return running


@pytest.fixture
def limited() -> Callable[..., Limits]:
    return lambda **changes: Limits(**changes)


Asker = Callable[..., Awaitable[Mapping[str, Any]]]
