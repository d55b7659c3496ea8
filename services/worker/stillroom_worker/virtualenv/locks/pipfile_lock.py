"""Pipfile.lock: a JSON list of versions and hashes per section."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stillroom_worker.virtualenv.documents import inside, read_text, strings, table
from stillroom_worker.virtualenv.failure import VirtualenvFailed
from stillroom_worker.virtualenv.locks.lines import from_git, from_url, pinned
from stillroom_worker.virtualenv.model import Plan, Requirements, Source


def plan_pipfile_lock(export: Path, source: Source, requirements: Requirements) -> Plan:
    """Plan the installation of a Pipfile.lock: `default` and the named categories."""
    assert source.path is not None  # noqa: S101  this kind has a file
    try:
        data = json.loads(read_text(source.path))
    except (ValueError, RecursionError) as error:
        raise VirtualenvFailed("lock_unsupported", f"{source.label} cannot be read", str(error)) from None
    lines: list[str] = []
    local: list[Path] = []
    for section in ("default", *requirements.groups):
        for name, package in table(data, section).items():
            if not isinstance(package, dict):
                continue
            if "path" in package:
                if (path := inside(export, source.path.parent / str(package["path"]))) is not None:
                    local.append(path)
            elif line := _line(name, package):
                lines.append(line)
    return Plan(
        lines=tuple(lines),
        resolve=False,
        locals=tuple(path for path in local if path != source.project),
        files=(source.path,),
    )


def _line(name: str, package: dict[str, Any]) -> str | None:
    marker = str(package.get("markers", ""))
    if "git" in package:
        return from_git(name, str(package["git"]), str(package.get("ref", "HEAD")), marker=marker)
    if "file" in package:
        return from_url(name, str(package["file"]), marker=marker)
    version = str(package.get("version", ""))
    if not version.startswith("=="):
        return None
    return pinned(name, version[2:], marker=marker, hashes=strings(package.get("hashes")))
