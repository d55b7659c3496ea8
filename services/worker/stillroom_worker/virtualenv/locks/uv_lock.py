"""uv.lock, exported by uv itself (frozen: nothing is resolved again)."""

from __future__ import annotations

import re
from pathlib import Path

from stillroom_worker.virtualenv.documents import inside, normal, read_toml, table
from stillroom_worker.virtualenv.environment import has_own_index
from stillroom_worker.virtualenv.interpreters import Interpreter
from stillroom_worker.virtualenv.model import Plan, Requirements, Source
from stillroom_worker.virtualenv.uv import Toolbox

_NAME = re.compile(r"^([A-Za-z0-9][\w.-]*)")


async def plan_uv_lock(
    export: Path, source: Source, requirements: Requirements, python: Interpreter, tools: Toolbox
) -> Plan:
    """Plan the installation of a uv.lock.

    Without named groups the project's default groups are left out, unless Alembic itself is only in them.
    """
    assert source.path is not None  # noqa: S101  this kind has a file
    root = source.path.parent
    chosen = [word for group in requirements.groups for word in ("--group", group)]
    chosen += [word for extra in requirements.extras for word in ("--extra", extra)]
    lines = await _exported(tools, root, source, python, ["--no-default-groups", *chosen])
    notes: list[str] = []
    if not requirements.groups and not any(_is(line, "alembic") for line in lines):
        wider = await _exported(tools, root, source, python, chosen)
        if any(_is(line, "alembic") for line in wider):
            lines = wider
            notes.append("Alembic is only in the project's default groups: they are installed too.")
    packages = read_toml(source.path).get("package", [])
    # A package that is locked at several versions (for several Pythons) says nothing about an addition.
    versions: dict[str, set[str]] = {}
    for package in packages:
        versions.setdefault(normal(str(package.get("name"))), set()).add(str(package.get("version")))
    plain, options, local = [], [], []
    for line in lines:
        path = _local(export, root, line)
        if path is not None:
            local.append(path)
        elif line.startswith("--"):
            options.append(line)
        else:
            plain.append(line)
    pyprojects = [root / "pyproject.toml"]
    if source.project is not None:
        pyprojects.append(source.project / "pyproject.toml")
    return Plan(
        lines=tuple(plain),
        options=tuple(options),
        resolve=False,
        locals=tuple(path for path in local if path != source.project),
        pins={name: next(iter(found)) for name, found in versions.items() if len(found) == 1},
        files=(source.path, *(path for path in dict.fromkeys(pyprojects) if path.is_file())),
        notes=tuple(notes),
    )


async def _exported(tools: Toolbox, root: Path, source: Source, python: Interpreter, words: list[str]) -> list[str]:
    project = source.project or root
    data = read_toml(root / "pyproject.toml") if (root / "pyproject.toml").is_file() else {}
    everything = project == root and not table(data, "project")
    indexes = [] if has_own_index(tools.env) else ["--emit-index-url", "--emit-find-links"]
    output = await tools.uv(
        *("export", "--frozen", "--no-header", "--no-annotate", "--format", "requirements.txt"),
        *("--project", str(project), "--python", str(python.path)),
        *(["--all-packages"] if everything else []),
        *indexes,
        *words,
        quiet=True,
    )
    return _joined(output)


def _joined(output: list[str]) -> list[str]:
    text = re.sub(r"\\\n", " ", "\n".join(output))
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _is(line: str, name: str) -> bool:
    match = _NAME.match(line)
    return match is not None and normal(match[1]) == name


def _local(export: Path, root: Path, line: str) -> Path | None:
    place = line.removeprefix("-e ").partition(" ;")[0].strip()
    if place.startswith((".", "/", "file://")):
        return inside(export, root / place.removeprefix("file://"))
    return None
