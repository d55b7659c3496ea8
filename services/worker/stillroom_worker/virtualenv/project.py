"""Does a project have to be installed itself, or is it enough to install what it needs?"""

from __future__ import annotations

import configparser
import re
from pathlib import Path

from stillroom_worker.virtualenv.documents import read_text, read_toml, table

_PACKAGE_LOCATION = re.compile(r"^\s*script_location\s*=\s*[\"']?[A-Za-z_][\w.]*:", re.MULTILINE)


def why_install(project: Path | None, folder: Path) -> str | None:
    """Say why the project must be installed as a package; None: its folder on the path is enough.

    `folder` is where the migrations run. Entry points are found only in installed packages, a package below
    `src/` is not importable from the project's folder, and `script_location = package:path` asks the import
    system for the package.
    """
    if project is None or not _is_package(project):
        return None
    pyproject = read_toml(project / "pyproject.toml") if (project / "pyproject.toml").is_file() else {}
    if _entry_points(project, pyproject):
        return "it has entry points"
    if any((project / "src").glob("*/__init__.py")):
        return "its package stands in src/"
    places = dict.fromkeys((folder, project))
    if any(_asks_for_package(place) for place in places):
        return "its script_location names a package"
    return None


def _is_package(project: Path) -> bool:
    if (project / "setup.py").is_file():
        return True
    path = project / "pyproject.toml"
    if not path.is_file():
        return (project / "setup.cfg").is_file()
    data = read_toml(path)
    if table(data, "tool", "uv").get("package") is False:
        return False
    if table(data, "tool", "poetry").get("package-mode") is False:
        return False
    return "build-system" in data


def _entry_points(project: Path, pyproject: dict[str, object]) -> bool:
    metadata, poetry = table(pyproject, "project"), table(pyproject, "tool", "poetry")
    if any((table(metadata, "entry-points"), table(metadata, "scripts"), table(poetry, "plugins"))):
        return True
    if table(poetry, "scripts"):
        return True
    if (project / "setup.cfg").is_file():
        config = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            config.read_string(read_text(project / "setup.cfg"))
        except configparser.Error:
            return False
        if config.has_section("options.entry_points"):
            return True
    path = project / "setup.py"
    return path.is_file() and "entry_points" in read_text(path)


def _asks_for_package(folder: Path) -> bool:
    names = [*folder.glob("*.ini"), folder / "pyproject.toml"]
    return any(path.is_file() and _PACKAGE_LOCATION.search(read_text(path)) for path in names)
