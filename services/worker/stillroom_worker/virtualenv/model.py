"""What the virtualenv room is asked for, what it plans, and what it answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """A project's settings. `source` names a lock or requirements file, or `default`; None: detect it.

    `install_project`: True installs the project itself, False only what it needs, None decides by need.
    """

    python: str | None = None
    extra_packages: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    install_project: bool | None = None
    source: str | None = None


@dataclass(frozen=True, kw_only=True)
class Virtualenv:
    """A finished environment, made of the interpreter whose prefix is `base`.

    `drivers` are SQLAlchemy's names of the PostgreSQL drivers in it.
    """

    path: Path
    python: Path
    python_version: str
    base: Path
    key: str
    cached: bool
    source: str
    drivers: tuple[str, ...]
    alembic: str | None
    sqlalchemy: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a project says what it needs: one file of the export (none for the default runtime).

    `project` is the nearest folder that is itself a Python project.
    """

    kind: str
    label: str
    path: Path | None = None
    project: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to install, in the words of a requirements file.

    `resolve`: False installs exactly these lines (a lock), True lets the tool complete them.
    `locals` are folders of the export that are needed as packages, `extras_of` their extras; `pins` the
    lock's other versions, for what may be added; `files` what the plan was read from.
    """

    lines: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    resolve: bool = True
    locals: tuple[Path, ...] = ()
    extras_of: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)
    pins: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    # The project's own dependencies are known only by building it (setup.py, dynamic metadata).
    project_brings_all: bool = False
