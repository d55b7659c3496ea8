"""The Python interpreters that this worker has. None is ever downloaded."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from packaging.version import Version

from stillroom_worker.virtualenv.uv import uv_program

_PROBE = """
import json, os, platform, sys
print(json.dumps({
    "version": platform.python_version(),
    "base": sys.prefix == sys.base_prefix,
    "prefix": sys.base_prefix,
    "executable": os.path.realpath(sys.executable),
    "markers": {
        "implementation_name": sys.implementation.name,
        "implementation_version": platform.python_version(),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "platform_python_implementation": platform.python_implementation(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    },
}))
"""
_NAME = re.compile(r"python3(\.\d+)?")
_OLDEST = (3, 8)
_PROBE_SECONDS = 10
_LISTED_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """One interpreter that answered. `reachable`: another user of the machine can run it."""

    path: Path
    prefix: Path
    version: str
    reachable: bool
    markers: dict[str, str]

    @property
    def minor(self) -> str:
        """Give the version without its last number, as `3.12`."""
        return ".".join(self.version.split(".")[:2])


# Interpreters do not change while a worker runs; a replaced one has another time of change.
_probed: dict[tuple[str, float], Interpreter | None] = {}
_listed: dict[str, tuple[float, list[Path]]] = {}


async def installed() -> list[Interpreter]:
    """List the CPython interpreters (3.8 and newer) that run here, best first.

    Those that other users can reach stand first (a job may run under another user), then the newest.
    """
    paths = {path.resolve() for path in [*_on_this_machine(), *await _known_to_uv()] if path.exists()}
    found = await asyncio.gather(*(_probe_once(path) for path in sorted(paths)))
    distinct = {one.path: one for one in found if one is not None}
    return sorted(distinct.values(), key=lambda one: (one.reachable, Version(one.version)), reverse=True)


def _on_this_machine() -> Iterable[Path]:
    folders = [Path(part) for part in os.environ.get("PATH", "").split(":") if part.startswith("/")]
    folders += [Path("/usr/local/bin"), Path("/usr/bin")]
    with contextlib.suppress(OSError, RuntimeError):
        folders += Path.home().glob(".pyenv/versions/*/bin")
    folders += Path("/opt").glob("python*/bin")
    for folder in dict.fromkeys(folders):
        if folder.name == "shims":
            continue
        with contextlib.suppress(OSError):
            yield from (path for path in folder.iterdir() if _NAME.fullmatch(path.name))


async def _known_to_uv() -> list[Path]:
    """Ask uv, once a minute at most: every job waits for this, and interpreters are seldom installed."""
    home, now = os.environ.get("HOME", "/"), monotonic()
    if home not in _listed or _listed[home][0] < now - _LISTED_SECONDS:
        _listed[home] = (now, await _ask_uv(home))
    return _listed[home][1]


async def _ask_uv(home: str) -> list[Path]:
    argv = ["python", "list", "--only-installed", "--output-format", "json", "--offline", "--no-config"]
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home}
    output = await _ask([str(uv_program()), *argv], env)
    try:
        listed = json.loads(output or "[]")
        return [Path(item["path"]) for item in listed if item.get("path")]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []


async def _probe_once(path: Path) -> Interpreter | None:
    key = (str(path), _changed(path))
    if key not in _probed:
        _probed[key] = await _probe(path)
    return _probed[key]


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


async def _probe(path: Path) -> Interpreter | None:
    output = await _ask([str(path), "-I", "-c", _PROBE], {"PATH": "/usr/bin:/bin"})
    try:
        told = json.loads(output)
        version = Version(told["version"])
    except ValueError:
        return None
    usable = told["base"] and told["markers"]["implementation_name"] == "cpython"
    if not usable or version.release[:2] < _OLDEST or version.is_prerelease:
        return None
    return Interpreter(
        path=Path(told["executable"]),
        prefix=Path(told["prefix"]),
        version=told["version"],
        reachable=_is_reachable(Path(told["executable"])),
        markers=told["markers"],
    )


async def _ask(argv: list[str], env: dict[str, str]) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=env,
            cwd="/",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return ""
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        return ""
    finally:
        if process.returncode is None:
            process.kill()
            await asyncio.shield(process.wait())
    return output.decode("utf-8", "replace")


def _is_reachable(path: Path) -> bool:
    """Tell whether every folder above the program lets other users through, and the program itself too."""
    try:
        return all(place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents))
    except OSError:
        return False
