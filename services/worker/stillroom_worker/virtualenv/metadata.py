"""What a project's own metadata asks for, where there is no lock."""

from __future__ import annotations

import configparser
from pathlib import Path
from typing import Any

from stillroom_worker.virtualenv.constraints import standard
from stillroom_worker.virtualenv.documents import inside, normal, read_text, read_toml, strings, table
from stillroom_worker.virtualenv.failure import VirtualenvFailed
from stillroom_worker.virtualenv.model import Plan, Requirements, Source
from stillroom_worker.virtualenv.requirements_txt import read_requirements


def plan_pyproject(export: Path, source: Source, requirements: Requirements) -> Plan:
    """Plan the installation of what a pyproject.toml asks for; the tool then chooses the versions.

    Dependencies that only a build knows (`dynamic`) come with the project itself.
    """
    assert source.path is not None  # noqa: S101  this kind has a file
    data = read_toml(source.path)
    project = table(data, "project")
    lines = strings(project.get("dependencies"))
    poetry = table(data, "tool", "poetry")
    for extra in requirements.extras:
        if extra in (named := table(poetry, "extras")):
            lines += _poetry_extra(table(poetry, "dependencies"), strings(named[extra]))
        else:
            lines += _named(table(project, "optional-dependencies"), extra, "extra")
    for group in requirements.groups:
        lines += _group(table(data, "dependency-groups"), table(poetry, "group"), group, set())
    local: list[Path] = []
    if not project.get("dependencies"):
        lines += _poetry(export, source.path.parent, table(poetry, "dependencies"), local)
    dynamic = "dependencies" in strings(project.get("dynamic"))
    if dynamic and (found := _dynamic_files(export, source.path.parent, data)) is not None:
        return Plan(
            lines=(*lines, *found.lines),
            constraints=found.constraints,
            options=found.options,
            locals=found.locals,
            files=(source.path, *found.files),
        )
    return Plan(lines=tuple(lines), locals=tuple(local), files=(source.path,), project_brings_all=dynamic)


def plan_setup(source: Source) -> Plan:
    """Plan the installation of a project that only a setup.py or setup.cfg describes.

    A list in setup.cfg can be read without running anything; that in a setup.py cannot.
    """
    assert source.path is not None  # noqa: S101  this kind has a file
    folder = source.path.parent
    files = tuple(path for path in (folder / "setup.py", folder / "setup.cfg") if path.is_file())
    lines: list[str] = []
    if (folder / "setup.cfg").is_file():
        config = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            config.read_string(read_text(folder / "setup.cfg"))
            listed = config.get("options", "install_requires", fallback="")
        except configparser.Error as error:
            raise VirtualenvFailed("lock_unsupported", "setup.cfg cannot be read", str(error)) from None
        if not listed.strip().startswith("file:"):
            lines = [line.partition("#")[0].strip() for line in listed.splitlines()]
    return Plan(lines=tuple(line for line in lines if line), files=files, project_brings_all=True)


def _named(options: dict[str, Any], name: str, what: str) -> list[str]:
    if name not in options:
        raise VirtualenvFailed(
            "resolution_failed",
            f"The project has no {what} {name}",
            f"It has: {', '.join(sorted(options)) or 'none'}.",
            f"Correct the {what}s in the project's settings.",
        )
    return strings(options[name])


def _group(groups: dict[str, Any], poetry: dict[str, Any], name: str, seen: set[str]) -> list[str]:
    if name in poetry and name not in groups:
        return [line for n, w in table(poetry, name, "dependencies").items() if (line := _poetry_line(n, w))]
    lines = _named(groups, name, "group")
    for item in groups[name]:
        included = item.get("include-group") if isinstance(item, dict) else None
        if isinstance(included, str) and included not in seen:
            lines += _group(groups, poetry, included, seen | {name})
    return lines


def _poetry(export: Path, folder: Path, dependencies: dict[str, Any], local: list[Path]) -> list[str]:
    lines: list[str] = []
    for name, wish in dependencies.items():
        if isinstance(wish, dict) and "path" in wish:
            if (path := inside(export, folder / str(wish["path"]))) is not None:
                local.append(path)
        elif name != "python" and (line := _poetry_line(name, wish)):
            lines.append(line)
    return lines


def _poetry_extra(dependencies: dict[str, Any], names: list[str]) -> list[str]:
    wanted = {normal(name) for name in names}
    found = {name: wish for name, wish in dependencies.items() if normal(name) in wanted}
    asked = {name: {**wish, "optional": False} if isinstance(wish, dict) else wish for name, wish in found.items()}
    return [line for name, wish in asked.items() if (line := _poetry_line(name, wish))]


def _poetry_line(name: str, wish: object) -> str | None:
    if isinstance(wish, str):
        return name + standard(wish)
    if not isinstance(wish, dict) or wish.get("optional"):
        return None
    extras = ",".join(strings(wish.get("extras")))
    line = f"{name}[{extras}]" if extras else name
    if "git" in wish:
        reference = wish.get("rev") or wish.get("tag") or wish.get("branch") or "HEAD"
        return f"{name} @ git+{wish['git']}@{reference}"
    if "url" in wish:
        return f"{name} @ {wish['url']}"
    line += standard(str(wish.get("version", "")))
    marker = wish.get("markers")
    return f"{line} ; {marker}" if isinstance(marker, str) else line


def _dynamic_files(export: Path, folder: Path, data: dict[str, Any]) -> Plan | None:
    """Read dependencies that setuptools takes from requirements files."""
    named = table(data, "tool", "setuptools", "dynamic", "dependencies").get("file")
    names = [named] if isinstance(named, str) else strings(named)
    paths = [path for name in names if (path := inside(export, folder / name)) is not None and path.is_file()]
    if not names or len(paths) != len(names):
        return None
    plans = [read_requirements(export, path) for path in paths]
    return Plan(
        lines=tuple(line for plan in plans for line in plan.lines),
        constraints=tuple(line for plan in plans for line in plan.constraints),
        options=tuple(line for plan in plans for line in plan.options),
        locals=tuple(path for plan in plans for path in plan.locals),
        files=tuple(path for plan in plans for path in plan.files),
    )
