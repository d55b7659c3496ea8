"""Where a fetch lands: a repository for one command, from which only what proves itself goes into the mirror.

The git that talks to a server may be made to do anything by that server, should git have a hole. So it never
writes into the mirror. It sees the mirror's objects, read-only, and leaves a folder. Of that folder we take the
packs, as bytes (a new index is computed from them, so that each object has the name that its content gives it),
the tips that it names, and the list of commits without parents; never a setting, a hook, an index or a link.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stillroom_worker.checkout.failure import CheckoutFailed
from stillroom_worker.checkout.sha import SHA

CONFIG = """[core]
\trepositoryformatversion = 1
\tfilemode = true
\tbare = true
[extensions]
\tpartialClone = origin
[remote "origin"]
\tpromisor = true
\tpartialCloneFilter = blob:none
"""
FETCHED = "refs/stillroom/fetched"
BRANCHES = "refs/stillroom/branches"
_PACK = re.compile(r"pack-[0-9a-f]{40}\.pack")
_MOST_PACKS, _MOST_TIPS = 100, 50_000
_MOST_SHALLOW_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Landing:
    """The folders of one command: `repository` for git, `packs` and `indexes` for what is taken over."""

    folder: Path

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    @property
    def packs(self) -> Path:
        return self.folder / "packs"

    @property
    def indexes(self) -> Path:
        return self.folder / "indexes"

    def collect(self, most_bytes: int) -> list[str]:
        """Move what may be packs out of git's reach and give their names; raises CheckoutFailed for anything odd."""
        with _inside(self.repository, "objects", "pack") as folder:
            names = [name for name in os.listdir(folder) if name.endswith(".pack")]  # noqa: PTH208  a descriptor
            if len(names) > _MOST_PACKS:
                raise _odd("It left very many packs.")
            for name in names:
                _check(folder, name, most_bytes)
                if not _PACK.fullmatch(name):
                    raise _odd("A pack has no pack's name.")
                os.rename(name, self.packs / name, src_dir_fd=folder)
        return names

    def left(self) -> tuple[dict[str, str], str | None]:
        """What the fetch says of the packs: the refs that it wrote, and which commits have no parents there."""
        return self._tips(), self._shallow()

    def take_over(self, mirror: Path, names: Sequence[str], shallow: str | None, most_bytes: int) -> None:
        """Move packs whose indexes were made anew into the mirror."""
        target = mirror / "objects" / "pack"
        target.mkdir(exist_ok=True)
        for name in names:
            index = name.removesuffix(".pack") + ".idx"
            with _inside(self.indexes) as folder:
                _check(folder, index, most_bytes)
            if (target / index).exists():
                continue
            (self.packs / name).chmod(0o444)
            (self.indexes / index).chmod(0o444)
            (self.packs / name).rename(target / name)
            (target / name).with_suffix(".promisor").touch()
            (self.indexes / index).rename(target / index)  # last: by it git finds the pack
        # Only now: what it says of commits is about those that came just now, too.
        if shallow is None:
            (mirror / "shallow").unlink(missing_ok=True)
        else:
            written = self.folder / "shallow"
            written.write_text(shallow)
            written.rename(mirror / "shallow")

    def _tips(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if os.path.lexists(self.repository / "refs" / "stillroom"):
            with _inside(self.repository, "refs", "stillroom") as folder:
                _read_refs(folder, "refs/stillroom", found)
        return found

    def _shallow(self) -> str | None:
        with _inside(self.repository) as folder:
            if "shallow" not in os.listdir(folder):  # noqa: PTH208  a descriptor
                return None
            text = _read(folder, "shallow", _MOST_SHALLOW_BYTES)
        lines = text.split()
        if not all(SHA.fullmatch(line) for line in lines):
            raise _odd("The list of commits without parents is none.")
        return "".join(f"{line}\n" for line in lines)


@contextlib.contextmanager
def landing(mirror: Path, refs: str) -> Iterator[Landing]:
    """Make a place for one command beside the mirror, gone with the block; `refs` as in git's packed-refs."""
    place = Landing(Path(tempfile.mkdtemp(prefix=f"{mirror.name}.landing-", dir=mirror.parent)))
    try:
        for folder in (place.packs, place.indexes, place.repository):
            folder.mkdir()
        for name in ("refs", "objects/info", "objects/pack"):
            (place.repository / name).mkdir(parents=True)
        (place.repository / "config").write_text(CONFIG)
        (place.repository / "HEAD").write_text("ref: refs/heads/main\n")
        (place.repository / "packed-refs").write_text(refs)
        (place.repository / "objects" / "info" / "alternates").write_text(f"{mirror.absolute() / 'objects'}\n")
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(mirror / "shallow", place.repository / "shallow")
        yield place
    finally:
        shutil.rmtree(place.folder, ignore_errors=True)


def clear_landings(mirror: Path) -> None:
    """Remove what killed workers left beside a mirror. Call it as the only writer."""
    for left in mirror.parent.glob(f"{mirror.name}.landing-*"):
        shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def _inside(folder: Path, *names: str) -> Iterator[int]:
    """A descriptor of a folder below one of ours, reached without following a link."""
    with contextlib.ExitStack() as stack:
        here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        stack.callback(os.close, here)
        for name in names:
            try:
                here = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            except OSError:
                raise _odd("A folder of it is missing, or is none.") from None
            stack.callback(os.close, here)
        yield here


def _check(folder: int, name: str, most_bytes: int) -> None:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        raise _odd("A file that belongs to a pack is missing.") from None
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_uid != os.geteuid():
        raise _odd("A file of it is a link, or nobody's.")
    if found.st_size > most_bytes:
        raise CheckoutFailed("too_large", "The repository is too large", "A pack is larger than a fetch may write.")


def _read(folder: int, name: str, most_bytes: int) -> str:
    _check(folder, name, most_bytes)
    with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder), "rb") as file:
        return file.read(most_bytes).decode("ascii", "replace")


def _read_refs(folder: int, name: str, found: dict[str, str], depth: int = 0) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if depth > 50:
                    raise _odd("Its refs are nested very deeply.")
                inner = os.open(entry.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
                try:
                    _read_refs(inner, f"{name}/{entry.name}", found, depth + 1)
                finally:
                    os.close(inner)
                continue
            sha = _read(folder, entry.name, 64).strip()
            if not SHA.fullmatch(sha) or len(found) >= _MOST_TIPS:
                raise _odd("A ref of it names no commit.")
            found[f"{name}/{entry.name}"] = sha


def _odd(detail: str) -> CheckoutFailed:
    return CheckoutFailed(
        "git_failed",
        "What git left behind is not what a fetch leaves",
        detail,
        "Nothing of it was used. Try again; if it happens again, tell the operator: the git server may mean harm.",
    )
