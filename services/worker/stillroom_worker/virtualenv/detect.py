"""Find the file in which a project says what it needs."""

from __future__ import annotations

from pathlib import Path

from stillroom_worker.virtualenv.documents import inside, read_toml, table
from stillroom_worker.virtualenv.failure import VirtualenvFailed
from stillroom_worker.virtualenv.model import Source

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock")
_REQUIREMENTS = (
    "requirements.txt",
    "requirements.lock",
    "requirements/production.txt",
    "requirements/prod.txt",
    "requirements/base.txt",
    "requirements/main.txt",
    "requirements/requirements.txt",
    "requirements-prod.txt",
    "requirements-base.txt",
    "requirements_prod.txt",
)


def folders_upwards(export: Path, subdirectory: str) -> list[Path]:
    """Give the project's folder and its parents up to the export's root.

    Raises VirtualenvFailed(lock_unsupported) when the folder is not in the export.
    """
    root = export.resolve()
    folder = inside(root, root / subdirectory)
    if folder is None or not folder.is_dir():
        raise VirtualenvFailed(
            "lock_unsupported",
            "The project's folder is not in the repository",
            f"There is no folder {subdirectory!r}.",
            "Correct the project's subdirectory.",
        )
    return [folder, *(parent for parent in folder.parents if parent.is_relative_to(root))]


def detect(export: Path, folders: list[Path], wanted: str | None) -> Source:
    """Find the source of a project: the nearest lock, else requirements, else the project's own metadata.

    `folders` go from the project's folder up to the export's root. `wanted` names a file, or `default`.
    """
    root = export.resolve()
    project = next((folder for folder in folders if _is_project(folder)), None)
    if wanted:
        return _named(root, folders, wanted, project)
    for folder in folders:
        for name in _LOCKS:
            if (folder / name).is_file() and _covers(folder / name, project):
                return _source(root, name, folder / name, project)
        for name in _REQUIREMENTS:
            if (folder / name).is_file():
                return _source(root, "requirements", folder / name, project)
        if folder == project and not _is_member(folders, project):
            break
    if project is not None:
        name = "pyproject.toml" if _has_metadata(project / "pyproject.toml") else "setup.py"
        path = project / name if (project / name).is_file() else project / "setup.cfg"
        return _source(root, name, path, project)
    return Source(kind="default", label="default")


def _named(root: Path, folders: list[Path], wanted: str, project: Path | None) -> Source:
    if wanted == "default":
        return Source(kind="default", label="default", project=project)
    for folder in dict.fromkeys([*folders, root]):
        path = inside(root, folder / wanted)
        if path is not None and path.is_file():
            kinds = (*_LOCKS, "pyproject.toml", "setup.py", "setup.cfg")
            kind = path.name if path.name in kinds else "requirements"
            return _source(root, "setup.py" if kind == "setup.cfg" else kind, path, project)
    raise VirtualenvFailed(
        "lock_unsupported",
        "The named requirements file is not in the repository",
        f"There is no {wanted!r} in the project's folder or above it.",
        "Correct the project's source, or leave it empty to have it detected.",
    )


def _source(root: Path, kind: str, path: Path, project: Path | None) -> Source:
    return Source(kind=kind, label=str(path.relative_to(root)), path=path, project=project)


def _is_project(folder: Path) -> bool:
    return _has_metadata(folder / "pyproject.toml") or (folder / "setup.py").is_file() or _has_setup_cfg(folder)


def _has_metadata(path: Path) -> bool:
    if not path.is_file():
        return False
    data = read_toml(path)
    return bool(table(data, "project") or table(data, "tool", "poetry"))


def _has_setup_cfg(folder: Path) -> bool:
    path = folder / "setup.cfg"
    return path.is_file() and "[metadata]" in path.read_text("utf-8", "replace")


def _is_member(folders: list[Path], project: Path) -> bool:
    """Tell whether a lock further up speaks for this project too."""
    above = folders[folders.index(project) + 1 :]
    return any((folder / name).is_file() for folder in above for name in _LOCKS)


def _covers(lock: Path, project: Path | None) -> bool:
    """Tell whether a lock is the project's: it stands in its folder, or is uv's and names it as a member."""
    if project is None or lock.parent == project or not project.is_relative_to(lock.parent):
        return True
    if lock.name != "uv.lock":
        return False
    place = project.relative_to(lock.parent).as_posix()
    for package in read_toml(lock).get("package", []):
        source = table(package, "source")
        if place in (source.get("editable"), source.get("virtual"), source.get("directory")):
            return True
    return False
