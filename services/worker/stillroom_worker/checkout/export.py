"""Write one commit's files into a folder: regular files only, by our own hand.

git never makes a work tree here: no symlink, no submodule, no filter, no `.git` reaches the disk. Names and
sizes are judged before a byte is written.
"""

from __future__ import annotations

import fcntl
import glob
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from stillroom_worker.checkout.failure import CheckoutFailed
from stillroom_worker.checkout.hardening import environment, reading_settings
from stillroom_worker.checkout.limits import ExportLimits, FetchLimits
from stillroom_worker.checkout.process import git, reading
from stillroom_worker.checkout.repository import Dropped, DropReason, Exported
from stillroom_worker.checkout.sha import SHA

_LFS = b"version https://git-lfs.github.com/spec/"
_MOST_DROPPED = 1000
_REGULAR = (b"100644", b"100755", b"100664")


@dataclass(frozen=True)
class _Entry:
    path: bytes
    oid: bytes
    size: int
    executable: bool


def export(mirror: Path, sha: str, destination: Path, *, limits: ExportLimits | None = None) -> Exported:
    """Write the commit's regular files below `destination`, read-only, and say what was left out.

    The folder appears at once and complete; it is kept for the next job of the same commit. Any commit that
    was fetched once can be exported. Raises CheckoutFailed(too_large | timeout | git_failed).
    """
    limits = limits or ExportLimits()
    if not SHA.fullmatch(sha):
        raise CheckoutFailed("unknown_ref", "The commit's sha is not one", "A sha has 40 hexadecimal digits.")
    note = destination.with_name(destination.name + ".export.json")
    if (kept := _kept(note, destination, sha)) is not None:
        return kept
    destination.parent.mkdir(parents=True, exist_ok=True)
    with _only_writer(destination):
        if (kept := _kept(note, destination, sha)) is not None:
            return kept
        return _export(mirror, sha, destination, note, limits)


@contextmanager
def _only_writer(destination: Path) -> Iterator[None]:
    """Wait for a worker that exports to the same place, and clear what a killed one left."""
    lock = os.open(destination.with_name(destination.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in destination.parent.glob(f".{glob.escape(destination.name)}.*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield
    finally:
        os.close(lock)


def _export(mirror: Path, sha: str, destination: Path, note: Path, limits: ExportLimits) -> Exported:
    work = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", dir=destination.parent))
    try:
        root = work / "files"
        root.mkdir(mode=0o755)
        entries, dropped = _list(mirror, sha, limits)
        dropped += _write_files(mirror, root, entries, limits)
        done = Exported(
            sha=sha,
            files=len(entries),
            bytes=sum(entry.size for entry in entries),
            dropped=tuple(dropped[:_MOST_DROPPED]),
        )
        work.chmod(0o755)
        _place(root, destination, work, note, done)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return done


def _kept(note: Path, destination: Path, sha: str) -> Exported | None:
    try:
        data = json.loads(note.read_text())
    except (OSError, ValueError):
        return None
    if data.get("sha") != sha or not destination.is_dir():
        return None
    dropped = tuple(Dropped(**item) for item in data["dropped"])
    return Exported(sha=sha, files=data["files"], bytes=data["bytes"], dropped=dropped)


def _place(root: Path, destination: Path, work: Path, note: Path, done: Exported) -> None:
    """Put the finished folder at its place; the note says last that it is whole."""
    note.unlink(missing_ok=True)
    if destination.exists():
        destination.rename(work / "replaced")
    root.rename(destination)
    written = work / "note"
    written.write_text(json.dumps(asdict(done)))
    written.replace(note)


def _list(mirror: Path, sha: str, limits: ExportLimits) -> tuple[list[_Entry], list[Dropped]]:
    entries: list[_Entry] = []
    dropped: list[Dropped] = []
    total = 0
    for count, (mode, oid, size, path) in enumerate(_ls_tree(mirror, sha, limits), start=1):
        if count > limits.entries:
            raise _too_large(f"The commit has more than {limits.entries} entries.")
        reason = _reason(mode, path)
        if reason is not None:
            if len(dropped) < _MOST_DROPPED:
                dropped.append(Dropped(path=_shown(path), reason=reason))
            continue
        if size > limits.file_bytes:
            raise _too_large(f"{_shown(path)} has {size} bytes; {limits.file_bytes} are allowed.")
        if len(entries) == limits.files:
            raise _too_large(f"The commit has more than {limits.files} files.")
        total += size
        if total > limits.total_bytes:
            raise _too_large(f"The commit's files have more than {limits.total_bytes} bytes together.")
        entries.append(_Entry(path, oid, size, mode == b"100755"))
    if not entries and not dropped and not _is_commit(mirror, sha):
        raise _not_there(sha)
    return entries, dropped


def _ls_tree(mirror: Path, sha: str, limits: ExportLimits) -> Iterator[tuple[bytes, bytes, int, bytes]]:
    words = ("ls-tree", "-r", "-z", "-l", "--full-tree", f"{sha}^{{commit}}")
    argv = git(mirror, *words, settings=reading_settings())
    with reading(argv, env=environment(mirror), limits=FetchLimits(), time=limits.time) as process:
        assert process.stdin and process.stdout  # noqa: S101  pipes were asked for
        process.stdin.close()
        for record in _records(process.stdout):
            head, _, path = record.partition(b"\t")
            mode, _, oid, size = head.split()
            yield mode, oid, int(size) if size.isdigit() else 0, path
        if process.wait() != 0:
            raise _not_there(sha)


def _records(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := stream.read1(65536) if hasattr(stream, "read1") else stream.read(65536):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole
        if len(rest) > 65536:
            raise _too_large("A path is longer than 65536 bytes.")


def _reason(mode: bytes, path: bytes) -> DropReason | None:
    if mode == b"160000":
        return "submodule"
    if mode == b"120000":
        return "symlink"
    if mode not in _REGULAR or not _is_plain_path(path):
        return "name"
    return None


def _is_plain_path(path: bytes) -> bool:
    if len(path) > 3000 or any(byte < 0x20 or byte == 0x7F for byte in path) or b"\\" in path:
        return False
    return all(
        part not in (b"", b".", b"..") and len(part) <= 255 and part.lower() not in (b".git", b"git~1")
        for part in path.split(b"/")
    )


def _write_files(mirror: Path, root: Path, entries: list[_Entry], limits: ExportLimits) -> list[Dropped]:
    """Stream the contents out of one `git cat-file` and write them; give the LFS pointers among them."""
    argv = git(mirror, "cat-file", "--batch", settings=reading_settings())
    pointers: list[Dropped] = []
    folders: set[bytes] = set()
    base = os.fsencode(root)
    with reading(argv, env=environment(mirror), limits=FetchLimits(), time=limits.time) as process:
        assert process.stdin and process.stdout  # noqa: S101  pipes were asked for
        for entry, content in _contents(process.stdin, process.stdout, entries):
            _make_folder(base, entry.path, folders)
            _write_file(base + b"/" + entry.path, content, 0o555 if entry.executable else 0o444)
            if content.startswith(_LFS) and len(content) < 1024:
                pointers.append(Dropped(path=_shown(entry.path), reason="lfs"))
    return pointers


def _contents(ask: IO[bytes], answer: IO[bytes], entries: list[_Entry]) -> Iterator[tuple[_Entry, bytes]]:
    # Asked in small groups, so that neither side can fill its pipe while the other one waits.
    for start in range(0, len(entries), 256):
        group = entries[start : start + 256]
        ask.write(b"".join(entry.oid + b"\n" for entry in group))
        ask.flush()
        for entry in group:
            header = answer.readline(200).split()
            if header != [entry.oid, b"blob", str(entry.size).encode()]:
                raise _not_there(_shown(entry.path))
            content = answer.read(entry.size + 1)
            if len(content) != entry.size + 1:
                raise _not_there(_shown(entry.path))
            yield entry, content[:-1]


def _make_folder(base: bytes, path: bytes, made: set[bytes]) -> None:
    folder = path.rpartition(b"/")[0]
    if folder and folder not in made:
        os.makedirs(base + b"/" + folder, mode=0o755, exist_ok=True)  # noqa: PTH103  names are bytes
        made.add(folder)


def _write_file(path: bytes, content: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except (FileExistsError, NotADirectoryError):
        raise CheckoutFailed(
            "git_failed", "The commit names a path twice", "Two entries of its tree stand at one place."
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        os.fchmod(file.fileno(), mode)


def _is_commit(mirror: Path, sha: str) -> bool:
    argv = git(mirror, "cat-file", "-t", sha, settings=reading_settings())
    with reading(argv, env=environment(mirror), limits=FetchLimits(), time=ExportLimits().time) as process:
        assert process.stdout  # noqa: S101  a pipe was asked for
        return process.stdout.read(64).strip() == b"commit"


def _shown(path: bytes) -> str:
    """Spell a path so that no character of it acts on a screen."""
    text = path.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)[:500]


def _too_large(detail: str) -> CheckoutFailed:
    return CheckoutFailed(
        "too_large",
        "The commit is too large",
        detail,
        "Take large files out of the repository, or ask the operator for higher limits.",
    )


def _not_there(what: str) -> CheckoutFailed:
    return CheckoutFailed(
        "git_failed",
        "The mirror does not have the whole commit",
        f"{what} is missing.",
        "Fetch the project again.",
    )
