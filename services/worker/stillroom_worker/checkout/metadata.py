"""What a fetched commit says about itself, taken apart by GitPython.

The only place that uses GitPython, and only to understand objects of a mirror that we fetched. It starts no
git of its own (that one would inherit the worker's environment): the object's bytes come from a git under our
settings, and no user's value reaches it, because the sha was checked and goes through the standard input.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from stillroom_worker.checkout.failure import CheckoutFailed
from stillroom_worker.checkout.hardening import environment, reading_settings
from stillroom_worker.checkout.limits import FetchLimits
from stillroom_worker.checkout.process import git as git_argv
from stillroom_worker.checkout.process import reading
from stillroom_worker.checkout.repository import FetchedCommit
from stillroom_worker.checkout.sha import SHA

# Its import looks for the git program, and must not fail without one.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import git
from gitdb.base import OInfo, OStream  # type: ignore[import-untyped]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_MOST_BYTES = 1024 * 1024
_TIME = timedelta(seconds=30)


class _MirrorObjects:
    """The object database that GitPython asks: one object, read by a git under our settings."""

    def __init__(self, objects: str) -> None:
        self._mirror = Path(objects).parent

    def info(self, binsha: bytes) -> OInfo:
        """Tell an object's kind and size."""
        kind, content = self._read(binsha)
        return OInfo(binsha, kind, len(content))

    def stream(self, binsha: bytes) -> OStream:
        """Give an object's content."""
        kind, content = self._read(binsha)
        return OStream(binsha, kind, len(content), BytesIO(content))

    def _read(self, binsha: bytes) -> tuple[bytes, bytes]:
        argv = git_argv(self._mirror, "cat-file", "--batch", settings=reading_settings())
        with reading(argv, env=environment(self._mirror), limits=FetchLimits(), time=_TIME) as process:
            assert process.stdin and process.stdout  # noqa: S101  pipes were asked for
            process.stdin.write(binsha.hex().encode() + b"\n")
            process.stdin.close()
            header = process.stdout.readline(200).split()
            if len(header) != 3 or not header[2].isdigit() or int(header[2]) > _MOST_BYTES:
                raise _not_readable(binsha.hex())
            return header[1], process.stdout.read(int(header[2]))


def read_commit(mirror: Path, sha: str, ref: str) -> FetchedCommit:
    """Read author, date and subject of a commit of the mirror.

    Raises CheckoutFailed(git_failed) when the mirror has no such commit.
    """
    if not SHA.fullmatch(sha):
        raise CheckoutFailed("unknown_ref", "The commit's sha is not one", "A sha has 40 hexadecimal digits.")
    repo = git.Repo(mirror, odbt=_MirrorObjects, expand_vars=False)
    try:
        commit = repo.commit(sha)
        subject = commit.summary
        return FetchedCommit(
            sha=sha,
            ref=ref,
            author_name=clean_line(commit.author.name or ""),
            author_email=clean_line(commit.author.email or ""),
            authored_at=_utc(commit.authored_date),
            subject=clean_line(subject if isinstance(subject, str) else subject.decode("utf-8", "replace")),
        )
    except (ValueError, KeyError, IndexError, AttributeError, UnicodeError) as error:
        raise _not_readable(sha) from error
    finally:
        repo.close()


def _not_readable(sha: str) -> CheckoutFailed:
    return CheckoutFailed(
        "git_failed", "The commit is not in the mirror", f"{sha} cannot be read.", "Fetch the project again."
    )


def _utc(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, tz=UTC)
    except (OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(0, tz=UTC)


def clean_line(text: str) -> str:
    """Make one line of what an author wrote: no control characters, at most 300 characters."""
    return _CONTROL.sub(" ", text).strip()[:300]
