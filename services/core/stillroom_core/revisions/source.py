"""What is read: one Alembic project inside an exported commit, and the remarks that reading makes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Source:
    """One Alembic project in an exported checkout (a folder of regular files).

    `subdirectory` is the working directory that Alembic would be started in, relative to the export.
    `config_file` is relative to it, as with `alembic -c`; None means alembic.ini if it is there and no
    override names the script_location. pyproject.toml is read besides an ini, and alone where it is named.
    `ini_text` stands in for an ini that the repository lacks. `ini_overrides` ("option" or "section:option")
    are literal values: a percent sign in them is a percent sign.
    """

    export: Path
    subdirectory: str = ""
    config_file: str | None = None
    section: str = "alembic"
    ini_text: str | None = None
    ini_overrides: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A remark about what reading met; `path` is relative to the export, or empty.

    `certain` is False when the remark means that Alembic itself may see another graph.
    """

    code: str
    detail: str
    path: str = ""
    certain: bool = False

    def as_dict(self) -> dict[str, str]:
        """The three texts, as stored and served."""
        return {"code": self.code, "detail": self.detail, "path": self.path}


class OutsideExport(Exception):
    """A path leads out of the export; it is never followed."""


class Tree:
    """The export as a closed tree: every path that it gives out lies inside it."""

    def __init__(self, source: Source) -> None:
        """Resolve the export and the working directory; raises OutsideExport for an escaping subdirectory."""
        self.root = source.export.resolve()
        self.cwd = self.root
        self.cwd = self.inside(source.subdirectory or ".")

    def inside(self, path: str | Path, *, base: Path | None = None) -> Path:
        """The resolved path, relative ones taken from `base` (else the working directory).

        Raises OutsideExport when it leads out, also through a symbolic link or a null byte.
        """
        try:
            resolved = ((base or self.cwd) / path).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise OutsideExport(str(path)) from error
        if not resolved.is_relative_to(self.root):
            raise OutsideExport(str(path))
        return resolved

    def relative(self, path: Path | str) -> str:
        """A path inside the export as remarks and revisions name it, with forward slashes."""
        return Path(os.path.relpath(path, self.root)).as_posix()


def read_limited(path: Path | str, limit: int) -> bytes | None:
    """At most limit + 1 bytes of a regular file (so that the caller sees that there is more), else None."""
    try:
        # Non-blocking so that a pipe in the tree cannot hold us; no links, because an export has none.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        data = os.read(descriptor, limit + 1)
        while len(data) <= limit and (more := os.read(descriptor, limit + 1 - len(data))):
            data += more
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return data
