"""For which Python a lock lists ready-made packages.

A lock of some years ago usually allows the newest Python, yet its compiled packages exist only for the ones of
that time; on the newest they would have to be built, and most of those builds fail.
"""

from __future__ import annotations

import re
from collections import defaultdict

from packaging.version import Version

_WHEEL = re.compile(
    r"([A-Za-z0-9_.]+)-([A-Za-z0-9_.!+]+)(?:-\d[A-Za-z0-9_.]*)?-([a-z0-9_.]+)-([a-z0-9_.]+)-([A-Za-z0-9_.]+)\.whl"
)


def missing_wheels(lock: str, python: Version) -> int:
    """Count the packages of a lock's text that have Linux wheels, but none for this Python."""
    wheels: dict[tuple[str, str], set[tuple[str, str, str]]] = defaultdict(set)
    for name, version, pythons, abis, platforms in _WHEEL.findall(lock):
        wheels[name.lower(), version].add((pythons, abis, platforms))
    minor = python.release[1]
    missing = 0
    by_name: dict[str, list[bool]] = defaultdict(list)
    for (name, _), tags in wheels.items():
        fits = [_fits(pythons, abis, minor) for pythons, abis, platforms in tags if _usable(platforms)]
        if fits:
            by_name[name].append(any(fits))
    for fits in by_name.values():
        missing += not any(fits)
    return missing


def _usable(platforms: str) -> bool:
    return platforms == "any" or "linux" in platforms


def _fits(pythons: str, abis: str, minor: int) -> bool:
    for python in pythons.split("."):
        if python in ("py3", f"py3{minor}", f"cp3{minor}"):
            return True
        if "abi3" in abis and (match := re.fullmatch(r"cp3(\d+)", python)) and int(match[1]) <= minor:
            return True
    return False
