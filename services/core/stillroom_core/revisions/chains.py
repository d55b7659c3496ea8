"""The Alembic projects that a repository holds, as the wizard offers them."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from stillroom_core.revisions.locations import find_locations, walk_folders
from stillroom_core.revisions.revision_file import counts_as_revision
from stillroom_core.revisions.settings import CONFIG_BYTES, Unreadable, parse_ini, read_settings
from stillroom_core.revisions.source import OutsideExport, Source, Tree, read_limited

_FOLDERS = 20_000
_CHAINS = 50
_LOGGING = ("logger", "handler", "formatter", "post_write_hooks")


class ChainKind(StrEnum):
    """How a chain was recognised."""

    INI = "ini"
    PYPROJECT = "pyproject"
    FLASK_MIGRATE = "flask_migrate"
    FOLDER = "folder"
    """env.py and versions without a configuration: something in the code builds it."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """One Alembic project; the first three fields are what a project of ours is set up with."""

    subdirectory: str
    config_file: str | None
    section: str
    kind: ChainKind
    script_location: str
    files: int
    """Revision files in its version folders."""


def find_chains(export: Path) -> list[Chain]:
    """Every chain in an export, by path; bare folders only where no configuration leads there."""
    tree = Tree(Source(export=export))
    chains: list[Chain] = []
    folders: list[Path] = []
    for folder, entries in walk_folders(tree.root, _FOLDERS):
        names = {entry.name for entry in entries if entry.is_file(follow_symlinks=False)}
        for name in sorted(names):
            if name.endswith(".ini") or name == "pyproject.toml":
                chains += _configured(tree, folder, name)
        if "env.py" in names and (folder / "versions").is_dir():
            folders.append(folder)
        if len(chains) >= _CHAINS:
            break
    led_to = {chain.script_location for chain in chains}
    for folder in folders:
        if tree.relative(folder) not in led_to and not _is_template(folder):
            chains.append(_folder_chain(tree, folder))
    return sorted(chains[:_CHAINS], key=lambda chain: (chain.script_location, chain.section))


def _configured(tree: Tree, folder: Path, name: str) -> list[Chain]:
    data = read_limited(folder / name, CONFIG_BYTES)
    if not data or len(data) > CONFIG_BYTES:
        return []
    if name == "pyproject.toml":
        sections = ["alembic"] if b"tool.alembic" in data else []
    else:
        try:
            parser = parse_ini(data.decode(errors="replace"), folder.as_posix())
        except Unreadable:
            return []
        sections = [
            section
            for section in parser.sections()
            if parser.has_option(section, "script_location") or (section == "alembic" and (folder / "env.py").is_file())
        ]
    found = (_chain(tree, folder, name, section) for section in sections if not section.startswith(_LOGGING))
    return [chain for chain in found if chain is not None]


def _chain(tree: Tree, folder: Path, name: str, section: str) -> Chain | None:
    """The working directory is the nearest folder, from the file upwards, in which the location is found."""
    cwd = folder
    while True:
        source = Source(
            export=tree.root,
            subdirectory=tree.relative(cwd),
            config_file=os.path.relpath(folder / name, cwd),
            section=section,
        )
        try:
            here = Tree(source)
            settings = read_settings(source, here)
            locations = find_locations(settings, here)
        except (Unreadable, OutsideExport):
            return None
        script = locations.script
        if script is not None and (script / "env.py").is_file():
            break
        if cwd == tree.root:
            return None
        cwd = cwd.parent
    kind = ChainKind.INI
    if settings.script_location is None:
        kind = ChainKind.FLASK_MIGRATE if _mentions(script / "env.py", b"current_app") else ChainKind.FOLDER
    elif name == "pyproject.toml":
        kind = ChainKind.PYPROJECT
    return Chain(
        subdirectory="" if cwd == tree.root else tree.relative(cwd),
        config_file=source.config_file,
        section=section,
        kind=kind,
        script_location=tree.relative(script),
        files=sum(_count(place, recursive=settings.recursive) for place in locations.versions),
    )


def _folder_chain(tree: Tree, folder: Path) -> Chain:
    flask = _mentions(folder / "env.py", b"current_app")
    return Chain(
        subdirectory="" if folder.parent == tree.root else tree.relative(folder.parent),
        config_file=None,
        section="alembic",
        kind=ChainKind.FLASK_MIGRATE if flask else ChainKind.FOLDER,
        script_location=tree.relative(folder),
        files=_count(folder / "versions", recursive=False),
    )


def _count(place: Path, *, recursive: bool) -> int:
    return sum(
        counts_as_revision(entry.name) and entry.is_file(follow_symlinks=False)
        for _, entries in walk_folders(place, _FOLDERS if recursive else 1)
        for entry in entries
    )


def _mentions(path: Path, word: bytes) -> bool:
    return word in (read_limited(path, CONFIG_BYTES) or b"")


def _is_template(folder: Path) -> bool:
    """A vendored copy of Alembic or Flask-Migrate carries env.py templates that are nobody's chain."""
    return "templates" in folder.parts
