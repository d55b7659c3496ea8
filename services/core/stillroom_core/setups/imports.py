"""Which files of the same repository a module imports."""

import ast
from collections.abc import Iterator
from pathlib import Path


def imported(module: ast.Module, path: Path, roots: tuple[Path, ...]) -> Iterator[Path]:
    """The files of the repository that a module's imports lead to, packages' own files included."""
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield from _places(roots, alias.name.split("."))
            case ast.ImportFrom(module=name, names=names, level=level):
                words = name.split(".") if name else []
                places = roots if level == 0 else (path.parents[min(level, len(path.parents)) - 1],)
                yield from _places(places, words)
                for alias in names:
                    yield from _places(places, [*words, alias.name])
            case _:
                pass


def _places(roots: tuple[Path, ...], words: list[str]) -> Iterator[Path]:
    if not words or len(words) > 20 or any(not word.isidentifier() for word in words):
        return
    for root in roots:
        if not (root / words[0]).is_dir() and not (root / f"{words[0]}.py").is_file():
            continue
        for end in range(1, len(words) + 1):
            folder = root.joinpath(*words[:end])
            for place in (folder / "__init__.py", folder.with_name(f"{folder.name}.py")):
                if place.is_file() and not place.is_symlink():
                    yield place
        return
