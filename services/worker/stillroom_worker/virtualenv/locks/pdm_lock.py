"""pdm.lock: packages with groups, markers and hashes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stillroom_worker.virtualenv.documents import inside, normal, read_toml, strings, table
from stillroom_worker.virtualenv.failure import VirtualenvFailed
from stillroom_worker.virtualenv.locks.lines import from_git, from_url, pinned
from stillroom_worker.virtualenv.model import Plan, Requirements, Source


def plan_pdm_lock(export: Path, source: Source, requirements: Requirements) -> Plan:
    """Plan the installation of a pdm.lock: the default group and the named ones.

    Old locks name no groups; then everything in them is installed.
    Raises VirtualenvFailed(lock_unsupported) for a format before 4.
    """
    assert source.path is not None  # noqa: S101  this kind has a file
    data = read_toml(source.path)
    version = str(table(data, "metadata").get("lock_version", ""))
    if not version.startswith("4"):
        raise VirtualenvFailed(
            "lock_unsupported",
            "The lock has an unknown format",
            f"{source.label} has the format {version or 'unknown'}; 4 is read.",
            "Lock the project again with a current PDM.",
        )
    packages = [package for package in data.get("package", []) if isinstance(package, dict)]
    wanted = {"default", *requirements.groups, *requirements.extras}
    pins = {normal(p["name"]): str(p["version"]) for p in packages if p.get("name") and p.get("version")}
    notes: list[str] = []
    chosen = _chosen(packages, wanted)
    if not requirements.groups and not _has_alembic(chosen) and _has_alembic(packages):
        chosen = packages
        notes.append("Alembic is in none of the chosen groups: all groups of the lock are installed.")
    lines: dict[str, None] = {}
    local: list[Path] = []
    for package in chosen:
        if "path" in package:
            if (path := inside(export, source.path.parent / str(package["path"]))) is not None:
                local.append(path)
        elif package.get("version") or package.get("git") or package.get("url"):
            lines[_line(package)] = None
    return Plan(
        lines=tuple(lines),
        resolve=False,
        locals=tuple(dict.fromkeys(path for path in local if path != source.project)),
        pins=pins,
        files=(source.path,),
        notes=tuple(notes),
    )


def _chosen(packages: list[dict[str, Any]], wanted: set[str]) -> list[dict[str, Any]]:
    return [p for p in packages if "groups" not in p or wanted & set(strings(p["groups"]))]


def _has_alembic(packages: list[dict[str, Any]]) -> bool:
    return any(normal(str(package.get("name", ""))) == "alembic" for package in packages)


def _line(package: dict[str, Any]) -> str:
    name, marker = str(package["name"]), str(package.get("marker", ""))
    if "git" in package:
        folder = str(package.get("subdirectory", ""))
        return from_git(name, str(package["git"]), str(package.get("revision", "")), folder=folder, marker=marker)
    if "url" in package:
        return from_url(name, str(package["url"]), marker=marker)
    files = package.get("files", [])
    hashes = [str(file["hash"]) for file in files if isinstance(file, dict) and file.get("hash")]
    return pinned(name, str(package["version"]), marker=marker, hashes=hashes)
