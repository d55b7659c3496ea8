"""The release before this one, as git has it: its processes may still run when our migrations are applied."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import tarfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "migrations" / "released.toml"
PACKAGES = ("api", "cli", "core", "runner", "worker")


class NoHistory(Exception):
    """There is no git here at all, or a shallow clone whose origin does not give the commit either."""


def recorded() -> dict[str, str]:
    """The commit of the release before, and the revision of its schema."""
    found = tomllib.loads(RECORD.read_text())
    return {"commit": found["commit"], "schema": found["schema"]}


def check_out(folder: Path, *, root: Path = ROOT) -> Path:
    """Its sources, below `folder`.

    A shallow clone asks its origin for the one commit. Raises NoHistory where it cannot be had, and LookupError in a
    clone with the whole history that lacks it: then what is recorded is wrong.
    """
    commit = recorded()["commit"]
    if _git(root, "rev-parse", "--git-dir").returncode != 0:
        raise NoHistory(f"{root} is no clone of a git repository")
    shallow = _git(root, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
    if shallow and _git(root, "cat-file", "-e", commit).returncode != 0:
        _git(root, "fetch", "--quiet", "--depth=1", "origin", commit)
    packed = _git(root, "archive", commit, "services", "migrations", "web/openapi.json")
    if packed.returncode != 0:
        missing = f"the release before this one, {commit} of {RECORD.name}, is not in this clone"
        if shallow:
            raise NoHistory(f"{missing}, nor does its origin give it: git fetch --unshallow")
        raise LookupError(f"{missing}, although it has the whole history: correct {RECORD.name}")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # not in the first releases of 3.11
        archive.extractall(folder)  # noqa: S202 - what git made of our own commit
    return folder


def python_path(sources: Path) -> str:
    """Puts its packages before those that are installed; what they depend on stays what our lock installed."""
    return os.pathsep.join(str(sources / "services" / name) for name in PACKAGES)


def reading(sources: Path, known: dict[str, str]) -> list[str]:
    """Every address that it answers to GET, where all of the address is `known`, by the names of its parameters."""
    paths = json.loads((sources / "web" / "openapi.json").read_text())["paths"]
    asked = [path for path, methods in paths.items() if "get" in methods]
    return [path.format(**known) for path in asked if set(re.findall(r"{(\w+)}", path)) <= known.keys()]


def _git(root: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(root), *words], check=False, capture_output=True)
