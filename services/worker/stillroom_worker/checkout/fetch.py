"""Fetch one ref of a repository into its mirror and say which commit it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from stillroom_core.projects.git_address import GitUrl
from stillroom_worker.checkout.address import Network, Resolver, pin, resolve_by_system
from stillroom_worker.checkout.failure import CheckoutFailed
from stillroom_worker.checkout.handover import Handover, handed_over
from stillroom_worker.checkout.hardening import (
    environment,
    fetch_environment,
    fetching_settings,
    reading_settings,
)
from stillroom_worker.checkout.limits import FetchLimits
from stillroom_worker.checkout.location import locate
from stillroom_worker.checkout.metadata import read_commit
from stillroom_worker.checkout.mirror import commit_of, forget, keep, locked, tidy
from stillroom_worker.checkout.process import Finished, git, run
from stillroom_worker.checkout.repository import FetchedCommit, Repository
from stillroom_worker.checkout.sha import SHA, may_be_sha
from stillroom_worker.checkout.snapshot import is_repository, is_snapshot_wanted, take_snapshot
from stillroom_worker.checkout.words import explain

_QUIET = ("-q", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance")
# One name for whatever was asked for: names of branches could get into each other's way (a, then a/b).
_FETCHED = "refs/stillroom/fetched"
_BRANCHES = "refs/stillroom/branches/"


async def fetch(
    repository: Repository,
    mirror: Path,
    *,
    allowed_networks: Sequence[Network] = (),
    limits: FetchLimits | None = None,
    resolve: Resolver = resolve_by_system,
) -> FetchedCommit:
    """Fetch the ref with its history into the mirror and give its commit.

    A branch goes before a tag, a tag before a sha of the same name. Where the whole history is too large or
    too slow, the commit alone is fetched. `allowed_networks` are the operator's private networks.
    Raises CheckoutFailed; the credential appears in no argv, environment or message.
    """
    limits = limits or FetchLimits()
    location = locate(repository)
    if location.folder is not None and await is_snapshot_wanted(location, repository.ref):
        async with locked(mirror, limits.time):
            sha = await take_snapshot(location.folder, mirror, limits)
            await keep(mirror, sha)
        return await asyncio.to_thread(read_commit, mirror, sha, repository.ref)
    address = None if location.scheme == "file" else await pin(location, allowed_networks, resolve)
    with handed_over(location, address, repository.credential) as handover:
        async with locked(mirror, limits.time):
            visit = Visit(repository, location, address, handover, mirror, limits)
            sha = await visit.bring(repository.ref)
            await visit.complete(sha)
            await keep(mirror, sha)
            await tidy(mirror)
    return await asyncio.to_thread(read_commit, mirror, sha, repository.ref)


async def default_branch(
    repository: Repository,
    mirror: Path,
    *,
    allowed_networks: Sequence[Network] = (),
    limits: FetchLimits | None = None,
    resolve: Resolver = resolve_by_system,
) -> str:
    """Name the branch that the server gives to whoever names none; raises CheckoutFailed.

    A folder without git has no branches: whatever its files are is called `main`.
    """
    limits = limits or FetchLimits()
    location = locate(repository)
    if location.folder is not None and not is_repository(location.folder):
        return "main"
    address = None if location.scheme == "file" else await pin(location, allowed_networks, resolve)
    with handed_over(location, address, repository.credential) as handover:
        async with locked(mirror, limits.time):
            return await Visit(repository, location, address, handover, mirror, limits).head()


@dataclass
class Visit:
    """One visit at one server: the same address, credential and deadline for each of its commands."""

    repository: Repository
    location: GitUrl
    address: str | None
    handover: Handover
    mirror: Path
    limits: FetchLimits
    asked_for: str = ""
    started: float = field(default_factory=time.monotonic)

    async def bring(self, ref: str) -> str:
        """Fetch what a member's ref stands for and give the commit's sha."""
        await forget(self.mirror, _FETCHED)
        name = await self._full_name(ref)
        if name is not None:
            await self._with_history(f"+{name}:{_FETCHED}")
            sha = await commit_of(self.mirror, _FETCHED)
        elif SHA.fullmatch(ref.lower()):
            sha = await self._by_sha(ref.lower())
        else:
            sha = await self._in_branches(ref.lower())
        if sha is None:
            raise CheckoutFailed(
                "unknown_ref",
                "The ref is not a commit",
                f"{ref} names something else.",
                "Name a branch or a tag.",
            )
        return sha

    async def head(self) -> str:
        """Ask the server which branch its HEAD is."""
        finished = await self._git("ls-remote", "-q", "--symref", "--end-of-options", "origin", "HEAD")
        for line in finished.output.decode("utf-8", "replace").splitlines():
            target, _, name = line.partition("\t")
            if name == "HEAD" and target.startswith("ref: refs/heads/"):
                return target.removeprefix("ref: refs/heads/")
        raise CheckoutFailed(
            "unknown_ref",
            "The repository has no default branch",
            "The server does not say which branch its HEAD is; an empty repository has none.",
            "Name the branch or tag to migrate from.",
        )

    async def push(self, sha: str, branch: str, *, onto_existing: bool) -> None:
        """Push a commit of the mirror as a branch; a new one must be new, an existing one is only gone forward on."""
        name = f"refs/heads/{branch}"
        words = ["push", "-q", "--no-follow-tags", "--no-recurse-submodules", "--no-signed"]
        if not onto_existing:
            words.append(f"--force-with-lease={name}:")  # an empty expectation: it must not be there
        try:
            await self._git(*words, "--end-of-options", "origin", f"{sha}:{name}")
        except CheckoutFailed as failure:
            # Perhaps we pushed it before, and died before we could say so.
            if failure.code != "branch_taken":
                raise
            there = await self._git("ls-remote", "-q", "--end-of-options", "origin", name)
            if there.output.decode("ascii", "replace").split("\t")[0] != sha:
                raise

    async def _full_name(self, ref: str) -> str | None:
        """Ask the server for the ref's full name. None: it has no branch or tag of that name.

        Always asked, also for a sha that the mirror has: it proves that this credential may read.
        """
        if ref.startswith(("refs/heads/", "refs/tags/")) or ref == "HEAD":
            candidates = [ref]
        else:
            candidates = [f"refs/heads/{ref}", f"refs/tags/{ref}"]
        finished = await self._git("ls-remote", "-q", "--end-of-options", "origin", *candidates)
        lines = finished.output.decode("utf-8", "replace").splitlines()
        listed = {line.partition("\t")[2] for line in lines}
        for candidate in candidates:
            if candidate in listed:
                return candidate
        if may_be_sha(ref):
            return None
        raise CheckoutFailed(
            "unknown_ref",
            "The repository has no such branch, tag or commit",
            f"There is no branch and no tag {ref}.",
            "Check the spelling; the branch may have been deleted or renamed.",
        )

    async def _by_sha(self, sha: str) -> str | None:
        """Fetch a commit by its sha; servers that give only what they list are asked for all branches."""
        try:
            await self._with_history(f"+{sha}:{_FETCHED}")
        except CheckoutFailed as failure:
            if failure.code != "unknown_ref":
                raise
            return await self._in_branches(sha)
        return await commit_of(self.mirror, _FETCHED)

    async def _in_branches(self, sha: str) -> str:
        """Find a (shortened) sha: in what the mirror has, else in the history of all branches."""
        found = await commit_of(self.mirror, sha)
        if found is None:
            await self._with_history(f"+refs/heads/*:{_BRANCHES}*", "--prune")
            found = await commit_of(self.mirror, sha)
        if found is None:
            raise CheckoutFailed(
                "unknown_ref",
                "The repository has no such branch, tag or commit",
                f"{sha} is no commit of any branch, or the beginning of several.",
                "Write the commit's full sha.",
            )
        return found

    async def _with_history(self, refspec: str, *options: str) -> None:
        """Fetch with the whole history, or the tip alone when that is too much."""
        self.asked_for = refspec
        remaining = self._remaining()
        patience = max(remaining - self.limits.tip_time, remaining / 2)
        try:
            await self._fetch(refspec, patience, *options)
        except CheckoutFailed as failure:
            if failure.code not in ("timeout", "too_large"):
                raise
            await self._fetch(refspec, self._remaining(), *options, "--depth=1")

    async def complete(self, sha: str) -> None:
        """Fetch the contents of the commit's files that the mirror has not got yet."""
        argv = git(
            self.mirror,
            "rev-list",
            "--objects",
            "--no-walk",
            "--missing=print",
            sha,
            settings=reading_settings(),
        )
        finished = await run(argv, env=environment(self.mirror), limits=self.limits, time=self._remaining())
        if finished.code != 0:
            raise explain(finished.words, finished.code)
        missing = [line[1:] for line in finished.output.split(b"\n") if line.startswith(b"?")]
        if not missing:
            return
        words = ("-c", "fetch.negotiationAlgorithm=noop", "fetch", *_QUIET, "--filter=blob:none", "--stdin")
        try:
            await self._git(*words, "--end-of-options", "origin", stdin=b"\n".join(missing) + b"\n")
        except CheckoutFailed as failure:
            if failure.code != "unknown_ref":
                raise
            # Over ssh some servers speak the old protocol: they can leave contents out and not send them later.
            self._whole_mark.write_text("this server sends contents with their commits only\n")
            await self._fetch(self.asked_for, self._remaining(), "--refetch")

    @property
    def _whole_mark(self) -> Path:
        return self.mirror / "whole"

    async def _fetch(self, refspec: str, patience: timedelta, *options: str) -> None:
        await self._git(
            "fetch",
            *_QUIET,
            "--no-filter" if self._whole_mark.exists() else "--filter=blob:none",
            # A clone without history may be the source: git would skip its refs and call that success.
            "--update-shallow",
            *options,
            "--end-of-options",
            "origin",
            refspec,
            patience=patience,
        )

    async def _git(self, *words: str, stdin: bytes = b"", patience: timedelta | None = None) -> Finished:
        finished = await self._once(words, stdin, patience)
        if finished.code == 0:
            return finished
        failure = explain(finished.words, finished.code, self.repository.credential)
        url = self.location.url
        if failure.code == "bad_url" and not url.endswith(".git"):
            # Some hosts answer an address without .git by a redirect, which is not followed.
            self.location = _with_suffix(self.location)
            finished = await self._once(words, stdin, patience)
            if finished.code == 0:
                return finished
        raise failure

    async def _once(self, words: Sequence[str], stdin: bytes, patience: timedelta | None) -> Finished:
        settings = fetching_settings(self.location, self.address)
        env = fetch_environment(
            self.handover.home,
            self.location,
            askpass=self.handover.askpass,
            ssh_command=self.handover.ssh_command,
        )
        return await run(
            git(self.mirror, *words, settings=settings),
            env=env,
            limits=self.limits,
            time=patience or self._remaining(),
            stdin=stdin,
        )

    def _remaining(self) -> timedelta:
        left = self.limits.time - timedelta(seconds=time.monotonic() - self.started)
        return max(left, timedelta(seconds=1))


def _with_suffix(location: GitUrl) -> GitUrl:
    return replace(location, url=location.url.rstrip("/") + ".git")
