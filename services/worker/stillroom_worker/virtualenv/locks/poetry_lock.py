"""poetry.lock: walk from what pyproject.toml asks for through the lock's own dependency lists.

The three formats of the file differ in how (and whether) they say which group and which platform a package is
for. The dependency lists are in all of them, so those are followed, with the markers judged for the very
interpreter that gets the packages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.markers import InvalidMarker, Marker, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement

from stillroom_worker.virtualenv.constraints import allows, alternatives
from stillroom_worker.virtualenv.documents import inside, normal, read_toml, strings, table
from stillroom_worker.virtualenv.environment import has_own_index
from stillroom_worker.virtualenv.interpreters import Interpreter
from stillroom_worker.virtualenv.locks.lines import from_git, from_url, pinned
from stillroom_worker.virtualenv.model import Plan, Requirements, Source


@dataclass(frozen=True)
class _Edge:
    """One wish for a package: by the project, or by another package."""

    name: str
    constraint: str = ""
    marker: str = ""
    extras: tuple[str, ...] = ()
    optional: bool = False


@dataclass
class _Walk:
    packages: dict[str, list[dict[str, Any]]]
    environment: dict[str, str]
    chosen: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen_extras: set[tuple[str, str]] = field(default_factory=set)

    def follow(self, edges: list[_Edge]) -> None:
        waiting = list(edges)
        while waiting:
            edge = waiting.pop()
            if edge.optional or not self._holds(edge.marker):
                continue
            package = self._pick(edge)
            if package is None:
                continue
            if edge.name not in self.chosen:
                self.chosen[edge.name] = package
                waiting += _dependencies(package)
            for extra in edge.extras:
                if (edge.name, extra) not in self.seen_extras:
                    self.seen_extras.add((edge.name, extra))
                    waiting += _of_extra(package, extra)

    def _holds(self, marker: str) -> bool:
        if not marker:
            return True
        try:
            return Marker(marker).evaluate({**self.environment, "extra": ""})
        except (InvalidMarker, UndefinedEnvironmentName):
            return True

    def _pick(self, edge: _Edge) -> dict[str, Any] | None:
        options = self.packages.get(edge.name, [])
        if len(options) <= 1:
            return options[0] if options else None
        python = self.environment["python_full_version"]
        fitting = [
            package
            for package in options
            if allows(alternatives(edge.constraint), str(package["version"]))
            and allows(alternatives(str(package.get("python-versions", "*"))), python)
            and self._holds(_marker_of(package))
        ]
        return (fitting or options)[0]


def plan_poetry_lock(
    export: Path, source: Source, requirements: Requirements, python: Interpreter, env: dict[str, str]
) -> Plan:
    """Plan the installation of a poetry.lock: the main dependencies, the named groups and extras.

    Without a pyproject.toml beside it everything that is not optional is installed.
    """
    assert source.path is not None  # noqa: S101  this kind has a file
    folder = source.path.parent
    data = read_toml(source.path)
    packages = [p for p in data.get("package", []) if isinstance(p, dict) and p.get("name") and p.get("version")]
    by_name: dict[str, list[dict[str, Any]]] = {}
    for package in packages:
        by_name.setdefault(normal(package["name"]), []).append(package)
    walk = _Walk(by_name, python.markers)
    notes: list[str] = []
    files = [source.path]
    if (folder / "pyproject.toml").is_file():
        files.append(folder / "pyproject.toml")
        project = read_toml(folder / "pyproject.toml")
        walk.follow(_roots(project, set(requirements.groups), requirements.extras))
        if "alembic" not in walk.chosen and "alembic" in by_name and not requirements.groups:
            walk.follow(_roots(project, None, requirements.extras))
            notes.append("Alembic is in none of the chosen groups: all groups of the lock are installed.")
    else:
        walk.follow([_Edge(normal(p["name"])) for p in packages if not p.get("optional")])
    old_files = table(data, "metadata", "files")
    lines: list[str] = []
    local: list[Path] = []
    for package in walk.chosen.values():
        if table(package, "source").get("type") in ("directory", "file"):
            path = inside(export, folder / str(package["source"].get("url", "")))
            if path is not None and path != source.project:
                local.append(path)
        else:
            lines.append(_line(package, old_files))
    return Plan(
        lines=tuple(sorted(lines)),
        options=() if has_own_index(env) else tuple(_indexes(packages)),
        resolve=False,
        locals=tuple(local),
        pins={name: str(found[0]["version"]) for name, found in by_name.items() if len(found) == 1},
        files=tuple(files),
        notes=tuple(notes),
    )


def _roots(data: dict[str, Any], groups: set[str] | None, extras: tuple[str, ...]) -> list[_Edge]:
    """List what the project itself asks for; `groups` None: the wishes of all groups."""
    poetry = table(data, "tool", "poetry")
    edges = _edges(table(poetry, "dependencies"))
    legacy = {"dev": {"dependencies": table(poetry, "dev-dependencies")}}
    for name, group in {**legacy, **table(poetry, "group")}.items():
        if groups is None or name in groups:
            edges += _edges(table(group, "dependencies"))
    for name, items in table(data, "dependency-groups").items():
        if groups is None or name in groups:
            edges += _from_strings(strings(items))
    edges += _from_strings(strings(table(data, "project").get("dependencies")))
    for extra in extras:
        named = {normal(name) for name in strings(table(poetry, "extras").get(extra))}
        edges += [_Edge(e.name, e.constraint, e.marker, e.extras) for e in edges if e.name in named]
        edges += _from_strings(strings(table(data, "project", "optional-dependencies").get(extra)))
    return [edge for edge in edges if edge.name != "python"]


def _dependencies(package: dict[str, Any]) -> list[_Edge]:
    return _edges(table(package, "dependencies"))


def _of_extra(package: dict[str, Any], extra: str) -> list[_Edge]:
    listed = {normal(name): value for name, value in table(package, "extras").items()}
    wanted = _from_strings(strings(listed.get(normal(extra))))
    markers = {edge.name: edge for edge in _dependencies(package)}
    return [
        _Edge(edge.name, edge.constraint, "" if edge.name in markers else edge.marker, edge.extras) for edge in wanted
    ]


def _edges(dependencies: dict[str, Any]) -> list[_Edge]:
    edges: list[_Edge] = []
    for name, wish in dependencies.items():
        for one in wish if isinstance(wish, list) else [wish]:
            if isinstance(one, str):
                edges.append(_Edge(normal(name), one))
            elif isinstance(one, dict):
                extras = tuple(strings(one.get("extras")))
                marker = _with_python(str(one.get("markers", "")), one.get("python"))
                edges.append(
                    _Edge(normal(name), str(one.get("version", "")), marker, extras, bool(one.get("optional")))
                )
    return edges


def _with_python(marker: str, python: object) -> str:
    if not isinstance(python, str) or not (sets := alternatives(python)):
        return marker
    parts = [" and ".join(f"python_full_version {s.operator} '{s.version}'" for s in one) for one in sets]
    told = " or ".join(f"({part})" for part in parts if part)
    if not told:
        return marker
    return f"({marker}) and ({told})" if marker else told


def _from_strings(texts: list[str]) -> list[_Edge]:
    edges: list[_Edge] = []
    for text in texts:
        try:
            wish = Requirement(text)
        except InvalidRequirement:
            # Old locks write `name (>=1.2,<2.0)`, Poetry's own spelling inside the brackets.
            name, _, constraint = text.partition(" ")
            edges.append(_Edge(normal(name.partition("[")[0]), constraint.partition(";")[0].strip(" ()")))
        else:
            marker = str(wish.marker) if wish.marker and "extra" not in str(wish.marker) else ""
            edges.append(_Edge(normal(wish.name), str(wish.specifier), marker, tuple(wish.extras)))
    return edges


def _marker_of(package: dict[str, Any]) -> str:
    marker = package.get("markers", "")
    if isinstance(marker, dict):
        parts = [f"({text})" for text in marker.values() if isinstance(text, str) and text]
        return " or ".join(parts)
    return marker if isinstance(marker, str) else ""


def _line(package: dict[str, Any], old_files: dict[str, Any]) -> str:
    name, version = str(package["name"]), str(package["version"])
    source = table(package, "source")
    if source.get("type") == "git":
        revision = str(source.get("resolved_reference") or source.get("reference") or "HEAD")
        return from_git(name, str(source.get("url")), revision, folder=str(source.get("subdirectory", "")))
    if source.get("type") == "url":
        return from_url(name, str(source.get("url")))
    files = package.get("files") or old_files.get(name) or []
    hashes = [str(file["hash"]) for file in files if isinstance(file, dict) and file.get("hash")]
    return pinned(name, version, hashes=hashes)


def _indexes(packages: list[dict[str, Any]]) -> list[str]:
    urls = {str(p["source"].get("url")) for p in packages if table(p, "source").get("type") == "legacy"}
    return [f"--extra-index-url {url}" for url in sorted(urls)]
