"""The name of an environment in the cache: a digest of everything that its content depends on."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from stillroom_worker.virtualenv.interpreters import Interpreter
from stillroom_worker.virtualenv.model import Plan, Requirements, Source

# Counted up when the way of building changes so that old environments must not be used any more.
_FORMAT = 1


def key_of(source: Source, plan: Plan, requirements: Requirements, python: Interpreter, built: Iterable[Path]) -> str:
    """Give the key. `built` are the folders of the export that get into the environment as packages."""
    parts = {
        "format": _FORMAT,
        "kind": source.kind,
        "lines": [plan.lines, plan.constraints, plan.options, plan.resolve],
        "pins": sorted(plan.pins.items()),
        "files": [hashlib.sha256(path.read_bytes()).hexdigest() for path in plan.files],
        "requirements": {**asdict(requirements), "python": None},
        "python": [str(python.path), python.version],
        "platform": [platform.machine(), *platform.libc_ver()],
        "built": [tree_digest(folder) for folder in built],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def tree_digest(folder: Path) -> str:
    """Give a digest over the names and contents of a folder's files."""
    digest = hashlib.sha256()
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in (".git", "__pycache__"))
        for name in sorted(files):
            path = Path(root, name)
            content = hashlib.sha256(path.read_bytes()).digest()
            digest.update(os.fsencode(path.relative_to(folder)) + b"\0" + content)
    return digest.hexdigest()
