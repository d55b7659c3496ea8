"""A folder of the developer's own machine, pinned: its files become a commit in the mirror.

A folder that is no git repository, or has changes that are not committed, has no sha to pin a job
to. So its files are written into the mirror as a commit of their own; the same files give the same commit.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from stillroom_core.projects.git_address import GitUrl
from stillroom_worker.checkout.failure import CheckoutFailed
from stillroom_worker.checkout.hardening import environment, reading_settings
from stillroom_worker.checkout.limits import FetchLimits
from stillroom_worker.checkout.process import Finished, git, run
from stillroom_worker.checkout.words import explain

_LEFT_OUT = (
    ".git",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    "*.pyc",
    ".stillroom",
    ".mypy_cache",
    ".tox",
)
_UNTRUSTED = ("-c", "safe.directory=*", "-c", "safe.bareRepository=all")
_TIME = timedelta(minutes=2)
_MOST_FILES = 60_000


async def is_snapshot_wanted(location: GitUrl, ref: str) -> bool:
    """Tell whether the folder's files as they stand are meant, rather than a commit.

    So it is for a plain folder, and for a work tree with changes whose checked-out branch is the ref.
    An address that begins with file:// always means what is committed.
    """
    folder = location.folder
    if folder is None or location.committed_only:
        return False
    if not is_repository(folder):
        return True
    if not (folder / ".git").exists():
        return False  # a bare one has no files that could have changed
    head = await _there(folder, "symbolic-ref", "-q", "--short", "HEAD")
    checked_out = head.output.decode("utf-8", "replace").strip()
    if ref not in ("HEAD", checked_out, f"refs/heads/{checked_out}"):
        return False
    status = await _there(folder, "status", "--porcelain", "-z", "--ignore-submodules=all", "--untracked-files=normal")
    return bool(status.output)


def is_repository(folder: Path) -> bool:
    """Tell whether a folder is a git repository, with files or bare."""
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


async def take_snapshot(folder: Path, mirror: Path, limits: FetchLimits) -> str:
    """Write the folder's files as a commit into the mirror and give its sha. Call it as the only writer."""
    parent = await _parent(folder, mirror, limits)
    names = await _names(folder, mirror)
    index = mirror / "snapshot.index"
    index.unlink(missing_ok=True)
    try:
        tree = await _tree(folder, mirror, index, names)
    finally:
        index.unlink(missing_ok=True)
    known = f"refs/stillroom/snapshots/{tree}" + (f"-{parent}" if parent else "")
    found = await _here(mirror, "rev-parse", "--verify", "-q", known, check=False)
    if found.code == 0:
        return found.output.decode().strip()
    subject = re.sub(r"[\x00-\x1f]", " ", f"Files of the folder {folder.name} as they were")
    arguments = ["-p", parent] if parent else []
    author = {"NAME": "Local folder", "EMAIL": "folder@localhost"}
    env = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in author.items()}
    made = await _here(mirror, "commit-tree", tree, *arguments, "-m", subject, env=env)
    sha = made.output.decode().strip()
    await _here(mirror, "update-ref", known, sha)
    return sha


async def _parent(folder: Path, mirror: Path, limits: FetchLimits) -> str | None:
    """Bring the commit below the changes, so that the files' history is known."""
    if not (folder / ".git").exists():
        return None
    head = await _there(folder, "rev-parse", "--verify", "-q", "HEAD^{commit}")
    sha = head.output.decode("ascii", "replace").strip()
    if head.code != 0:
        return None
    trust = mirror / "snapshot.gitconfig"
    trust.write_text("[safe]\n\tdirectory = *\n")
    env = {"GIT_ALLOW_PROTOCOL": "file", "GIT_CONFIG_GLOBAL": str(trust)}
    settings = [
        "-c",
        "protocol.allow=never",
        "-c",
        "protocol.file.allow=always",
        "-c",
        f"remote.origin.url=file://{quote(str(folder))}",
    ]
    target = f"+{sha}:refs/stillroom/commits/{sha}"
    words = ("fetch", "-q", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "origin", target)
    argv = git(mirror, *words, settings=[*reading_settings(), *settings])
    finished = await run(argv, env=environment(mirror) | env, limits=limits, time=limits.time)
    trust.unlink(missing_ok=True)
    if finished.code != 0:
        raise explain(finished.words, finished.code)
    return sha


async def _names(folder: Path, mirror: Path) -> list[str]:
    excluded = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
    if (folder / ".git").exists():
        listed = await _there(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard", *excluded)
    else:
        words = ("ls-files", "-z", "--others", "--exclude-standard", *excluded)
        listed = await _here(mirror, f"--work-tree={folder}", "-c", "core.bare=false", *words, folder=folder)
    if listed.code != 0:
        raise explain(listed.words, listed.code)
    names = sorted({os.fsdecode(name) for name in listed.output.split(b"\0") if name})
    files = [name for name in names if _is_plain(folder, name)]
    if len(files) > _MOST_FILES:
        raise CheckoutFailed("too_large", "The folder has too many files", f"{len(files)} files.")
    return files


def _is_plain(folder: Path, name: str) -> bool:
    path = folder / name
    return path.is_file() and not path.is_symlink() and not any(ord(character) < 0x20 for character in name)


async def _tree(folder: Path, mirror: Path, index: Path, names: list[str]) -> str:
    paths = b"".join(os.fsencode(str(folder / name)) + b"\n" for name in names)
    hashed = await _here(mirror, "hash-object", "-w", "--no-filters", "--stdin-paths", stdin=paths)
    shas = hashed.output.decode("ascii").split()
    lines = b"".join(
        f"{_mode(folder / name)} {sha}\t".encode() + os.fsencode(name) + b"\0"
        for name, sha in zip(names, shas, strict=True)
    )
    env = {"GIT_INDEX_FILE": str(index)}
    await _here(mirror, "update-index", "-z", "--index-info", stdin=lines, env=env)
    written = await _here(mirror, "write-tree", env=env)
    return written.output.decode().strip()


def _mode(path: Path) -> str:
    return "100755" if path.stat().st_mode & 0o100 else "100644"


async def _there(folder: Path, *words: str) -> Finished:
    """Run git in the developer's own repository, with what could start a program switched off."""
    argv = ["git", "-C", str(folder), *reading_settings(), *_UNTRUSTED, *words]
    return await run(argv, env=environment(folder), limits=FetchLimits(), time=_TIME)


async def _here(
    mirror: Path,
    *words: str,
    stdin: bytes = b"",
    env: dict[str, str] | None = None,
    check: bool = True,
    folder: Path | None = None,
) -> Finished:
    argv = git(mirror, *words, settings=reading_settings())
    if folder is not None:
        argv = ["git", "-C", str(folder), *argv[1:]]
    finished = await run(argv, env=environment(mirror) | (env or {}), limits=FetchLimits(), time=_TIME, stdin=stdin)
    if check and finished.code != 0:
        raise explain(finished.words, finished.code)
    return finished
