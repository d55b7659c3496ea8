"""Fetch one ref of a repository into its mirror and say which commit it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from stillroom_core.outbound.addresses import Network, Resolver, resolve_by_system
from stillroom_worker.checkout.limits import FetchLimits
from stillroom_worker.checkout.location import locate
from stillroom_worker.checkout.metadata import read_commit
from stillroom_worker.checkout.mirror import keep, locked, tidy
from stillroom_worker.checkout.repository import FetchedCommit, Repository
from stillroom_worker.checkout.snapshot import is_repository, is_snapshot_wanted, take_snapshot
from stillroom_worker.checkout.visit import Terms, visiting
from stillroom_worker.sandbox import Level


async def fetch(
    repository: Repository,
    mirror: Path,
    *,
    level: Level = Level.BWRAP,
    allowed_networks: Sequence[Network] = (),
    limits: FetchLimits | None = None,
    resolve: Resolver = resolve_by_system,
) -> FetchedCommit:
    """Fetch the ref with its history into the mirror and give its commit.

    A branch goes before a tag, a tag before a sha of the same name. Where the whole history is too large or
    too slow, the commit alone is fetched. Whatever reads a server's answers runs in a cell at `level`.
    `allowed_networks` are the operator's private networks.
    Raises CheckoutFailed; the credential appears in no argv, environment or message.
    """
    terms = Terms(level=level, networks=allowed_networks, limits=limits or FetchLimits(), resolve=resolve)
    location = locate(repository)
    if location.folder is not None and await is_snapshot_wanted(location, repository.ref):
        async with locked(mirror, terms.limits.time):
            sha = await take_snapshot(location.folder, mirror, terms.limits)
            await keep(mirror, sha)
        return await asyncio.to_thread(read_commit, mirror, sha, repository.ref)
    async with visiting(repository, mirror, terms) as visit:
        sha = await visit.bring(repository.ref)
        await visit.complete(sha)
        await keep(mirror, sha)
        await tidy(mirror)
    return await asyncio.to_thread(read_commit, mirror, sha, repository.ref)


async def default_branch(
    repository: Repository,
    mirror: Path,
    *,
    level: Level = Level.BWRAP,
    allowed_networks: Sequence[Network] = (),
    limits: FetchLimits | None = None,
    resolve: Resolver = resolve_by_system,
) -> str:
    """Name the branch that the server gives to whoever names none; raises CheckoutFailed.

    A folder without git has no branches: whatever its files are is called `main`.
    """
    terms = Terms(level=level, networks=allowed_networks, limits=limits or FetchLimits(), resolve=resolve)
    location = locate(repository)
    if location.folder is not None and not is_repository(location.folder):
        return "main"
    async with visiting(repository, mirror, terms) as visit:
        return await visit.head()
