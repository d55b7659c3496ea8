"""One visit at one git server: what a ref stands for there, its history and its files; and a branch pushed."""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from stillroom_core.outbound.addresses import Network, Resolver, resolve_by_system
from stillroom_core.projects.git_address import GitUrl
from stillroom_worker.checkout.address import pin
from stillroom_worker.checkout.confined import Walls, run_confined
from stillroom_worker.checkout.failure import CheckoutFailed
from stillroom_worker.checkout.handover import Handover, hand_over
from stillroom_worker.checkout.hardening import (
    authorities,
    environment,
    fetching_settings,
    folder_environment,
    reading_settings,
    server_environment,
)
from stillroom_worker.checkout.landing import BRANCHES, FETCHED, Landing, landing
from stillroom_worker.checkout.limits import FetchLimits
from stillroom_worker.checkout.location import locate
from stillroom_worker.checkout.mirror import commit_of, keep_tips, locked, refs_of
from stillroom_worker.checkout.process import Finished, git, run
from stillroom_worker.checkout.repository import Repository
from stillroom_worker.checkout.sha import SHA, may_be_sha
from stillroom_worker.checkout.way_out import WayToServer
from stillroom_worker.checkout.words import explain
from stillroom_worker.sandbox import Endpoint, Level, address

_QUIET = ("-q", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance")
_MISSING = ("rev-list", "--objects", "--no-walk", "--missing=print")
_CONTENTS = (
    *("-c", "fetch.negotiationAlgorithm=noop", "fetch", *_QUIET, "--filter=blob:none", "--stdin"),
    *("--end-of-options", "origin"),
)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """On what terms servers are visited: by whose leave, behind which walls, for how long.

    `level` is the room's proven one. `networks` are the operator's private networks.
    """

    level: Level = Level.BWRAP
    networks: Sequence[Network] = ()
    limits: FetchLimits = field(default_factory=FetchLimits)
    resolve: Resolver = resolve_by_system


@asynccontextmanager
async def visiting(repository: Repository, mirror: Path, terms: Terms) -> AsyncIterator[Visit]:
    """Be at the repository's server, as the only writer of its mirror. Raises CheckoutFailed.

    A name is resolved once: the answer that was judged is the only place to which the way out leads.
    """
    location = locate(repository)
    async with AsyncExitStack() as stack:
        way = None
        endpoint = Endpoint(host="", port=0, socket_dir=None)
        if location.scheme != "file":
            pinned = await pin(location, terms.networks, terms.resolve)
            way = await stack.enter_async_context(WayToServer(location, pinned))
            endpoint = address(terms.level, database_port=way.port, database_socket=way.folder)
        handover = hand_over(location, repository.credential, endpoint)
        await stack.enter_async_context(locked(mirror, terms.limits.time))
        yield Visit(repository, location, way, handover, mirror, terms)


@dataclass(frozen=True)
class _Listed:
    """A ref as a server lists it; what it points at may be a tag, and is the server's word."""

    name: str
    sha: str


@dataclass
class Visit:
    """One visit at one server: the same address, credential and deadline for each of its commands.

    A folder of this machine (in development only, and the developer's own) has no way out and needs no walls.
    """

    repository: Repository
    location: GitUrl
    way: WayToServer | None
    handover: Handover
    mirror: Path
    terms: Terms
    asked_for: str = ""
    started: float = field(default_factory=time.monotonic)

    async def bring(self, ref: str) -> str:
        """Fetch what a member's ref stands for and give the commit's sha."""
        listed = await self._listed(ref)
        if listed is not None:
            # What the mirror has, with its history, need not be fetched: that the server lists it is enough.
            sha = await commit_of(self.mirror, listed.sha) or await self._one(listed.name)
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
        finished = await self._ask("ls-remote", "-q", "--symref", "--end-of-options", "origin", "HEAD")
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
            await self._ask(*words, "--end-of-options", "origin", f"{sha}:{name}")
        except CheckoutFailed as failure:
            # Perhaps we pushed it before, and died before we could say so.
            if failure.code != "branch_taken":
                raise
            there = await self._ask("ls-remote", "-q", "--end-of-options", "origin", name)
            if there.output.decode("ascii", "replace").split("\t")[0] != sha:
                raise

    async def _listed(self, ref: str) -> _Listed | None:
        """Ask the server for the ref's full name and what it points at. None: no branch or tag of that name.

        Always asked, also for a sha that the mirror has: it proves that this credential may read.
        """
        if ref.startswith(("refs/heads/", "refs/tags/")) or ref == "HEAD":
            candidates = [ref]
        else:
            candidates = [f"refs/heads/{ref}", f"refs/tags/{ref}"]
        finished = await self._ask("ls-remote", "-q", "--end-of-options", "origin", *candidates)
        lines = [line.partition("\t") for line in finished.output.decode("utf-8", "replace").splitlines()]
        listed = {name: sha for sha, _, name in lines if SHA.fullmatch(sha)}
        for candidate in candidates:
            if candidate in listed:
                return _Listed(candidate, listed[candidate])
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
            return await self._one(sha)
        except CheckoutFailed as failure:
            if failure.code != "unknown_ref":
                raise
            return await self._in_branches(sha)

    async def _one(self, name: str) -> str | None:
        """Fetch one full name or sha and give the commit that it stands for."""
        # One name for whatever was asked for: names of branches could get into each other's way (a, then a/b).
        tips = await self._with_history(f"+{name}:{FETCHED}")
        return await commit_of(self.mirror, tips[FETCHED]) if FETCHED in tips else None

    async def _in_branches(self, sha: str) -> str:
        """Find a (shortened) sha: in what the mirror has, else in the history of all branches."""
        found = await commit_of(self.mirror, sha)
        if found is None:
            tips = await self._with_history(f"+refs/heads/*:{BRANCHES}/*")
            await keep_tips(self.mirror, tips.values())
            found = await commit_of(self.mirror, sha)
        if found is None:
            raise CheckoutFailed(
                "unknown_ref",
                "The repository has no such branch, tag or commit",
                f"{sha} is no commit of any branch, or the beginning of several.",
                "Write the commit's full sha.",
            )
        return found

    async def _with_history(self, refspec: str) -> dict[str, str]:
        """Fetch with the whole history, or the tip alone when that is too much; gives the refs that it wrote."""
        self.asked_for = refspec
        remaining = self._remaining()
        patience = max(remaining - self.terms.limits.tip_time, remaining / 2)
        try:
            return await self._fetch(refspec, patience)
        except CheckoutFailed as failure:
            if failure.code not in ("timeout", "too_large"):
                raise
            return await self._fetch(refspec, self._remaining(), "--depth=1")

    async def complete(self, sha: str) -> None:
        """Fetch the contents of the commit's files that the mirror has not got yet."""
        argv = git(self.mirror, *_MISSING, sha, settings=reading_settings())
        finished = await run(argv, env=environment(self.mirror), limits=self.terms.limits, time=self._remaining())
        if finished.code != 0:
            raise explain(finished.words, finished.code)
        missing = [line[1:] for line in finished.output.split(b"\n") if line.startswith(b"?")]
        if not missing:
            return
        try:
            await self._bring_in(_CONTENTS, stdin=b"\n".join(missing) + b"\n")
        except CheckoutFailed as failure:
            if failure.code != "unknown_ref":
                raise
            # Over ssh some servers speak the old protocol: they can leave contents out and not send them later.
            self._whole_mark.write_text("this server sends contents with their commits only\n")
            await self._fetch(self.asked_for or f"+{sha}:{FETCHED}", self._remaining(), "--refetch")

    @property
    def _whole_mark(self) -> Path:
        return self.mirror / "whole"

    async def _fetch(self, refspec: str, patience: timedelta, *options: str) -> dict[str, str]:
        words = (
            "fetch",
            *_QUIET,
            "--no-filter" if self._whole_mark.exists() else "--filter=blob:none",
            # A clone without history may be the source: git would skip its refs and call that success.
            "--update-shallow",
            *options,
            "--end-of-options",
            "origin",
            refspec,
        )
        return await self._bring_in(words, patience=patience, contents_of=FETCHED if refspec.endswith(FETCHED) else "")

    async def _ask(self, *words: str) -> Finished:
        """A command of which nothing stays but its answer; it sees the mirror's objects."""
        with landing(self.mirror, "") as place:
            return await self._git(lambda: self._argv(place, words), place)

    async def _bring_in(
        self, words: Sequence[str], *, stdin: bytes = b"", patience: timedelta | None = None, contents_of: str = ""
    ) -> dict[str, str]:
        """Run a fetch and take what it brought into the mirror; gives the refs that it wrote.

        With `contents_of` the contents of that ref's files are fetched too, if the server gives them.
        """
        limits = self.terms.limits

        def argv() -> list[str]:
            fetch = self._argv(place, words)
            return self._with_contents(place, fetch, contents_of) if contents_of else fetch

        with landing(self.mirror, await refs_of(self.mirror)) as place:
            await self._git(argv, place, stdin=stdin, patience=patience)
            packs = await asyncio.to_thread(place.collect, limits.file_bytes)
            for pack in packs:
                await self._index(place, pack)
            tips, shallow = await asyncio.to_thread(place.left)
            await asyncio.to_thread(place.take_over, self.mirror, packs, shallow, limits.file_bytes)
        return tips

    def _with_contents(self, place: Landing, fetch: list[str], ref: str) -> list[str]:
        """Both fetches of a new commit behind the same walls: raising those costs more than a small fetch."""
        missing = shlex.quote(str(place.repository / "missing"))
        list_missing = shlex.join(self._argv(place, (*_MISSING, f"{ref}^{{commit}}")))
        contents = shlex.join(self._argv(place, _CONTENTS))
        # What cannot be had is asked for again afterwards, by itself, and then said.
        script = (
            f"{shlex.join(fetch)} || exit\n"
            f"{list_missing} 2>/dev/null | sed -n 's/^?//p' >{missing}\n"
            f"[ ! -s {missing} ] || {contents} <{missing} 2>/dev/null || :"
        )
        return ["sh", "-c", script]

    def _argv(self, place: Landing, words: Sequence[str]) -> list[str]:
        return git(place.repository, *words, settings=fetching_settings(self.location, self.handover.settings))

    async def _index(self, place: Landing, pack: str) -> None:
        """Compute the index of a pack anew, where there is neither a network nor a credential nor a mirror."""
        index = place.indexes / pack.replace(".pack", ".idx")
        words = ("index-pack", "-o", str(index), str(place.packs / pack))
        argv = ["git", *reading_settings(), *words]
        if self.way is None:
            env = environment(place.indexes)
            finished = await run(argv, env=env, limits=self.terms.limits, time=self._remaining())
        else:
            walls = self._walls(readable=(place.packs,), writable=(place.indexes,))
            finished = await run_confined(argv, walls, env=environment(None), time=self._remaining())
        if finished.code != 0:
            raise explain(finished.words, finished.code)

    async def _git(
        self, argv: Callable[[], list[str]], place: Landing, *, stdin: bytes = b"", patience: timedelta | None = None
    ) -> Finished:
        finished = await self._once(argv(), place, stdin, patience)
        if finished.code == 0:
            return finished
        failure = self._explain(finished)
        url = self.location.url
        if failure.code == "bad_url" and not url.endswith(".git"):
            # Some hosts answer an address without .git by a redirect, which is not followed.
            self.location = _with_suffix(self.location)
            finished = await self._once(argv(), place, stdin, patience)
            if finished.code == 0:
                return finished
        raise failure

    def _explain(self, finished: Finished) -> CheckoutFailed:
        unreached = self.way.failure if self.way else ""
        return explain(unreached or finished.words, finished.code, self.repository.credential)

    async def _once(self, argv: list[str], place: Landing, stdin: bytes, patience: timedelta | None) -> Finished:
        time = patience or self._remaining()
        if self.way is None:
            env = folder_environment(place.folder)
            return await run(argv, env=env, limits=self.terms.limits, time=time, stdin=stdin)
        env = server_environment(self.location, self.handover.ssh_command)
        files = dict(self.handover.files)
        bundle = await asyncio.to_thread(authorities) if self.location.scheme == "https" else None
        if bundle is not None:
            files["authorities.pem"] = bundle
            env["GIT_SSL_CAINFO"] = "{{files}}/authorities.pem"
        walls = self._walls(
            readable=(self.mirror.absolute() / "objects",),
            writable=(place.repository,),
            way=self.way,
            files=files,
        )
        return await run_confined(argv, walls, env=env, time=time, stdin=stdin)

    def _walls(
        self,
        *,
        readable: tuple[Path, ...],
        writable: tuple[Path, ...],
        way: WayToServer | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> Walls:
        return Walls(
            level=self.terms.level,
            limits=self.terms.limits,
            readable=readable,
            writable=writable,
            way=way,
            files=files or {},
        )

    def _remaining(self) -> timedelta:
        left = self.terms.limits.time - timedelta(seconds=time.monotonic() - self.started)
        return max(left, timedelta(seconds=1))


def _with_suffix(location: GitUrl) -> GitUrl:
    return replace(location, url=location.url.rstrip("/") + ".git")
