"""Make one commit in a mirror and push it: one new file, on top of a commit that the server has.

The argv is fixed like that of a fetch; a name, an address or a message reaches git only through its environment or
standard input, or behind `--end-of-options` after a grammar has judged it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from stillroom_core.outbound.addresses import Network, Resolver, resolve_by_system
from stillroom_core.projects.git_address import GitUrl, check_git_ref
from stillroom_worker.checkout.failure import CheckoutFailed
from stillroom_worker.checkout.hardening import environment, reading_settings
from stillroom_worker.checkout.limits import FetchLimits
from stillroom_worker.checkout.location import locate
from stillroom_worker.checkout.process import Finished, git, run
from stillroom_worker.checkout.repository import Repository
from stillroom_worker.checkout.sha import SHA
from stillroom_worker.checkout.snapshot import is_repository, is_snapshot_wanted
from stillroom_worker.checkout.visit import Terms, visiting
from stillroom_worker.checkout.words import explain
from stillroom_worker.sandbox import Level

_SHORT = timedelta(seconds=60)
_COMMITTER = ("Stillroom", "stillroom@localhost")
_UNFIT = re.compile(r"[\x00-\x1f\x7f<>]+")
_PATH = re.compile(r"[^\x00-\x1f\x7f\\]{1,3000}")


@dataclass(frozen=True, kw_only=True)
class NewCommit:
    """What is committed: one file, that was not there, on top of `parent`."""

    parent: str
    path: str
    content: bytes
    author_name: str
    author_email: str
    message: str
    at: datetime  # so that a push that is tried again makes the same commit


async def push(
    repository: Repository,
    mirror: Path,
    commit: NewCommit,
    *,
    onto_existing: bool = False,
    allow_default: bool = False,
    level: Level = Level.BWRAP,
    allowed_networks: Sequence[Network] = (),
    limits: FetchLimits | None = None,
    resolve: Resolver = resolve_by_system,
) -> str:
    """Commit and push to the branch `repository.ref`, which must not exist unless `onto_existing`; gives the sha.

    Never forces: a branch that exists is only gone forward on. The server's default branch is refused unless
    `allow_default`. Raises CheckoutFailed(push_refused | branch_taken | …) with the server's own words.
    """
    terms = Terms(level=level, networks=allowed_networks, limits=limits or FetchLimits(), resolve=resolve)
    location = locate(repository)
    branch = check_git_ref(repository.ref)
    await _check_local(location, repository, branch)
    async with visiting(repository, mirror, terms) as visit:
        if not allow_default and await visit.head() == branch:
            raise CheckoutFailed(
                "push_refused",
                "This is the repository's default branch",
                f"{branch} is where HEAD of the server points.",
                "Push to a branch of its own and merge it as usual, or allow it in the project's settings.",
            )
        sha = await _commit(mirror, commit, terms.limits)
        try:
            await visit.push(sha, branch, onto_existing=onto_existing)
        except CheckoutFailed as failure:
            raise _may_only_read(failure) if failure.code == "auth_refused" else failure from None
    return sha


def _may_only_read(failure: CheckoutFailed) -> CheckoutFailed:
    """What a refused credential means where the same one was let in a moment ago, to ask for HEAD or to fetch."""
    return CheckoutFailed(
        "push_refused",
        "The project's credential may read the repository and not write to it",
        failure.detail,
        "Store a credential that may push: a token with write access to the code, or a deploy key that is allowed to.",
    )


async def _check_local(location: GitUrl, repository: Repository, branch: str) -> None:
    if location.folder is None:
        return
    if not is_repository(location.folder):
        raise CheckoutFailed(
            "push_refused",
            "A folder without git has no branches",
            str(location.folder),
            "Copy the text into a file, or put the folder under git.",
        )
    if await is_snapshot_wanted(location, "HEAD"):
        raise CheckoutFailed(
            "push_refused",
            "The folder has changes that are not committed",
            "What the revision stands on is no commit of the repository yet.",
            "Commit them and fetch the project, or copy the text into a file.",
        )


async def _commit(mirror: Path, new: NewCommit, limits: FetchLimits) -> str:
    if not SHA.fullmatch(new.parent) or not _PATH.fullmatch(new.path) or ".." in new.path.split("/"):
        raise CheckoutFailed("git_failed", "The commit cannot be made", "Its parent or its path is not one.")
    with tempfile.TemporaryDirectory(prefix="stillroom-push-") as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        blob = await _here(mirror, limits, "hash-object", "-w", "--no-filters", "--stdin", stdin=new.content)
        await _here(mirror, limits, "read-tree", new.parent, env=index)
        entry = f"100644 {blob}\t{new.path}".encode() + b"\0"
        await _here(mirror, limits, "update-index", "-z", "--add", "--index-info", stdin=entry, env=index)
        # A partial mirror lacks the contents of other files, which are not needed to name them.
        tree = await _here(mirror, limits, "write-tree", "--missing-ok", env=index)
        people = {
            "GIT_AUTHOR_NAME": _plain(new.author_name) or "Somebody",
            "GIT_AUTHOR_EMAIL": _plain(new.author_email),
            "GIT_AUTHOR_DATE": f"@{int(new.at.timestamp())} +0000",
            "GIT_COMMITTER_DATE": f"@{int(new.at.timestamp())} +0000",
            "GIT_COMMITTER_NAME": _COMMITTER[0],
            "GIT_COMMITTER_EMAIL": _COMMITTER[1],
        }
        words = ("commit-tree", tree, "-p", new.parent, "-F", "-")
        return await _here(mirror, limits, *words, stdin=new.message.encode(), env=people)


def _plain(text: str) -> str:
    """A name or address as git takes it: nothing that could begin another field of the commit."""
    return _UNFIT.sub(" ", text).strip()[:200]


async def _here(
    mirror: Path, limits: FetchLimits, *words: str, stdin: bytes = b"", env: dict[str, str] | None = None
) -> str:
    argv = git(mirror, *words, settings=reading_settings())
    finished: Finished = await run(argv, env=environment(mirror) | (env or {}), limits=limits, time=_SHORT, stdin=stdin)
    if finished.code != 0:
        raise explain(finished.words, finished.code)
    return finished.output.decode("ascii", "replace").strip()
