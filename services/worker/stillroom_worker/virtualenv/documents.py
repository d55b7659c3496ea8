"""Reading the files of a tenant's export: bounded in size, never outside the export."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from stillroom_worker.virtualenv.failure import VirtualenvFailed

_MOST_BYTES = 32 * 1024 * 1024


def read_text(path: Path) -> str:
    """Read a file of the export."""
    if path.stat().st_size > _MOST_BYTES:
        raise _unreadable(path, "It is larger than 32 MiB.")
    return path.read_bytes().decode("utf-8-sig", "replace")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file of the export. Raises VirtualenvFailed(lock_unsupported)."""
    try:
        return tomllib.loads(read_text(path))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise _unreadable(path, str(error)) from None


def inside(export: Path, path: Path) -> Path | None:
    """Give the path in its plain form when it stands inside the export (which holds no links), else None."""
    resolved = path.resolve()
    return resolved if resolved.is_relative_to(export.resolve()) else None


def table(data: object, *names: str) -> dict[str, Any]:
    """Walk down tables of a document; an empty one where something else stands."""
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def strings(data: object) -> list[str]:
    """Take the strings of a list; none where something else stands."""
    return [item for item in data if isinstance(item, str)] if isinstance(data, list) else []


def normal(name: str) -> str:
    """Give a package's name in its normal form."""
    return canonicalize_name(name)


def _unreadable(path: Path, detail: str) -> VirtualenvFailed:
    return VirtualenvFailed(
        "lock_unsupported",
        f"{path.name} cannot be read",
        detail,
        "Make the file anew with its tool, or name another file as the project's source.",
    )
