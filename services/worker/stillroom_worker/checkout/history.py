"""Who added each file, in which commit, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stillroom_worker.checkout.hardening import environment, reading_settings
from stillroom_worker.checkout.limits import FetchLimits
from stillroom_worker.checkout.metadata import clean_line
from stillroom_worker.checkout.process import git, reading
from stillroom_worker.checkout.repository import FileCommit
from stillroom_worker.checkout.sha import SHA

_TIME = timedelta(seconds=60)
_MOST_MOVES = 6
_MOST_IN_ARGV = 2000
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class _Addition:
    commit: FileCommit
    has_parent: bool


def file_history(mirror: Path, sha: str, paths: Sequence[str]) -> dict[str, FileCommit]:
    """Find the commit that added each of the paths (relative to the repository's root).

    One walk of the history for all paths; where a commit only moved files unchanged, a further walk
    follows them to their old place, so that moving a folder does not make its mover the author of all.
    Paths whose addition lies beyond a shallow mirror's edge, or that are unknown, are left out.
    """
    if not SHA.fullmatch(sha):
        return {}
    edge = _shallow_edge(mirror)
    found: dict[str, FileCommit] = {}
    pending = {path: path for path in paths if path and not path.startswith("/") and "\0" not in path}
    tip = sha
    for _ in range(_MOST_MOVES):
        additions = _walk(mirror, tip, set(pending.values()))
        moves = _moves(mirror, {a.commit.sha for a in additions.values() if a.has_parent} - edge)
        following: dict[str, str] = {}
        for path, place in pending.items():
            addition = additions.get(place)
            if addition is None or addition.commit.sha in edge:
                continue
            found[path] = addition.commit
            old = moves.get((addition.commit.sha, place))
            if old is not None:
                following[path] = old
        if not following:
            break
        pending = following
    return found


def _shallow_edge(mirror: Path) -> set[str]:
    try:
        return set((mirror / "shallow").read_text().split())
    except FileNotFoundError:
        return set()


def _walk(mirror: Path, tip: str, places: set[str]) -> dict[str, _Addition]:
    """Give the earliest addition of each place in the history of `tip`."""
    ordered = sorted(places)
    additions: dict[str, _Addition] = {}
    for start in range(0, len(ordered), _MOST_IN_ARGV):
        additions |= _walk_some(mirror, tip, set(ordered[start : start + _MOST_IN_ARGV]))
    return additions


def _walk_some(mirror: Path, tip: str, places: set[str]) -> dict[str, _Addition]:
    words = ["log", "-z", "--no-renames", "--diff-filter=A", "--name-only", "--no-notes"]
    words += ["--format=%x01%H%x02%P%x02%an%x02%ae%x02%at%x02", "--end-of-options", tip]
    output = _output(mirror, [*words, "--", *(f":(literal,top){place}" for place in sorted(places))])
    additions: dict[str, _Addition] = {}
    for record in output.split("\x01")[1:]:
        fields = record.split("\x02", 5)
        if len(fields) != 6 or not SHA.fullmatch(fields[0]):
            continue  # an author's name may hold anything, also our separators
        sha, parents, name, email, seconds, rest = fields
        addition = _Addition(
            FileCommit(
                sha=sha,
                author_name=clean_line(name),
                author_email=clean_line(email),
                authored_at=_when(seconds),
            ),
            bool(parents),
        )
        for place in rest.replace("\n", "\0").split("\0"):
            if place in places:
                additions[place] = addition  # the log goes back in time: the last one stays
    return additions


def _moves(mirror: Path, shas: Iterable[str]) -> dict[tuple[str, str], str]:
    """Give the old places of files that the commits moved without changing them (needs no contents)."""
    moves: dict[tuple[str, str], str] = {}
    ordered = sorted(shas)
    if not ordered:
        return moves
    words = ["diff-tree", "--stdin", "-r", "-z", "-M100%", "-l0", "--diff-filter=R", "--name-status"]
    output = _output(mirror, words, stdin="".join(f"{sha}\n" for sha in ordered).encode())
    fields = iter(output.replace("\n", "\0").split("\0"))
    commit = ""
    for field in fields:
        if SHA.fullmatch(field):
            commit = field
        elif field == "R100":
            old, new = next(fields, ""), next(fields, "")
            moves[commit, new] = old
    return moves


def _output(mirror: Path, words: Sequence[str], stdin: bytes = b"") -> str:
    argv = git(mirror, *words, settings=reading_settings())
    with reading(argv, env=environment(mirror), limits=FetchLimits(), time=_TIME) as process:
        assert process.stdin and process.stdout  # noqa: S101  pipes were asked for
        process.stdin.write(stdin)
        process.stdin.close()
        return process.stdout.read(_MOST_BYTES).decode("utf-8", "replace")


def _when(seconds: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), tz=UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, tz=UTC)
