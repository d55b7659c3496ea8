"""Which environment variables, -x arguments and attributes a project's code reads, found without running it.

Looked at are env.py and what it imports from its own repository. Known are `os.environ` and `os.getenv`, settings
classes of pydantic, and the callables of decouple, Starlette, environs and django-environ. What code computes is
not found: this is a proposal for a person, who can add to it.
"""

from dataclasses import replace
from pathlib import Path

from stillroom_core.revisions.source import Tree, read_limited
from stillroom_core.revisions.syntax import NotRead, decode, parse
from stillroom_core.setups.imports import imported
from stillroom_core.setups.module_reads import ModuleReads
from stillroom_core.setups.reads import Read, Reads
from stillroom_core.setups.settings_classes import SettingsClass, is_settings, settings_of

FILES = 400
_FILE_BYTES = 256 * 1024
_READS = 400


def find_reads(tree: Tree, env_py: Path, more_roots: tuple[Path, ...] = ()) -> Reads:
    """Reads env.py and, breadth first, the modules of the repository that it imports; never raises for content."""
    found = Reads()
    classes: dict[str, SettingsClass] = {}
    settings: list[tuple[SettingsClass, str]] = []
    todo, seen = [env_py], {env_py}
    roots = tuple(dict.fromkeys([*more_roots, tree.cwd, tree.cwd / "src", tree.root, tree.root / "src", env_py.parent]))
    while todo and len(seen) <= FILES:
        path = todo.pop(0)
        data = read_limited(path, _FILE_BYTES)
        if not data or len(data) > _FILE_BYTES:
            continue
        try:
            text = decode(data)
            module = parse(text)
            visitor = ModuleReads(tree.relative(path), module)
            before = len(found.variables)
            visitor.collect(found, is_env=path == env_py)
        except (NotRead, RecursionError):
            continue
        for name, one in visitor.classes.items():
            classes.setdefault(name, one)
        settings += [(one, one.path) for one in visitor.classes.values()]
        if len(found.variables) > before or visitor.classes or path == env_py:
            found.texts.append(text)
        for place in imported(module, path, roots):
            if place not in seen and len(seen) <= FILES and place.is_relative_to(tree.root):
                seen.add(place)
                todo.append(place)
    for one, _ in settings:
        if is_settings(one, classes):
            found.variables += settings_of(one, classes)
    found.variables = _once(found.variables)
    return found


def _once(reads: list[Read]) -> list[Read]:
    """Each name once: the first place, required where any is, with the first default that there is."""
    kept: dict[str, Read] = {}
    for read in reads[: _READS * 4]:
        before = kept.get(read.name)
        if before is None:
            kept[read.name] = read
        else:
            kept[read.name] = replace(
                before,
                required=before.required or read.required,
                default=before.default if before.default is not None else read.default,
                annotation=before.annotation or read.annotation,
            )
    return list(kept.values())[:_READS]
