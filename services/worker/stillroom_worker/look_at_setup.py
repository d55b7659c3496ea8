"""Looks at the repository of a project to be: which Alembic projects it holds, and what each of them needs.

Nothing of it is run: files are fetched, exported and read, as they are for the graph.
"""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

from stillroom_core.masking import masked
from stillroom_core.outbound.addresses import operator_networks
from stillroom_core.revisions.chains import Chain, ChainKind, find_chains
from stillroom_core.revisions.source import Source as RevisionSource
from stillroom_core.revisions.source import Tree
from stillroom_core.setups.commands import flask_command
from stillroom_core.setups.find_reads import find_reads
from stillroom_core.setups.models import Setup
from stillroom_core.setups.proposals import drivers_locked, propose
from stillroom_core.setups.service import credential_of_setup
from stillroom_worker import checkout
from stillroom_worker import code as codes
from stillroom_worker.checkout import Credential, FetchedCommit, Repository
from stillroom_worker.errand import Errand, run_errand
from stillroom_worker.failure import JobFailed
from stillroom_worker.room import Room
from stillroom_worker.virtualenv.detect import detect, folders_upwards
from stillroom_worker.virtualenv.documents import read_text
from stillroom_worker.virtualenv.failure import VirtualenvFailed
from stillroom_worker.virtualenv.interpreters import Interpreter, installed
from stillroom_worker.virtualenv.model import Source
from stillroom_worker.virtualenv.python_choice import candidates

_ERRAND = Errand(model=Setup, state="look_state", asked_at="look_requested_at", error="look_error")


async def look_at_setup(room: Room, setup_id: UUID) -> None:
    """Looks once and stores what was found or why not; does nothing when nobody asked."""

    async def look(setup: Setup) -> dict[str, Any]:
        return {"findings": masked(await _look(room, setup))}

    await run_errand(room, _ERRAND, setup_id, look)


async def _look(room: Room, setup: Setup) -> dict[str, Any]:
    given = credential_of_setup(setup)
    networks, level = operator_networks(room.settings), room.isolation()
    mirror = codes.mirror_at(room, setup.organization_id, setup.git_url)

    def repository(ref: str) -> Repository:
        return Repository(
            url=setup.git_url,
            ref=ref,
            credential=Credential(**given) if given else None,
            allow_local=room.settings.development,
        )

    ref = setup.git_ref or await checkout.default_branch(
        repository("HEAD"), mirror, level=level, allowed_networks=networks
    )
    fetched = await checkout.fetch(repository(ref), mirror, level=level, allowed_networks=networks)
    export = codes.export_folder(room, mirror, fetched.sha)
    await asyncio.to_thread(checkout.export, mirror, fetched.sha, export)
    pythons = await installed()
    chains = await asyncio.to_thread(find_chains, export)
    if not chains:
        raise JobFailed(
            "no_alembic",
            "This commit holds no Alembic project.",
            f"Looked for alembic.ini, pyproject.toml and folders with env.py and versions in {ref} "
            f"({fetched.sha[:12]}).",
            "Choose the branch that has the migrations; a project that is built in another way is added by hand.",
        )
    return {
        "commit": _commit(fetched, ref),
        "chains": [await asyncio.to_thread(_chain, export, chain, pythons) for chain in chains],
    }


def _commit(fetched: FetchedCommit, ref: str) -> dict[str, Any]:
    return {
        "sha": fetched.sha,
        "ref": ref,
        "author": fetched.author_name,
        "authored_at": fetched.authored_at.isoformat(),
        "subject": fetched.subject,
    }


def _chain(export: Path, chain: Chain, pythons: list[Interpreter]) -> dict[str, Any]:
    """What one Alembic project is set up with, and what its code seems to need."""
    packages, python, error = _packages(export, chain, pythons)
    tree = Tree(RevisionSource(export=export, subdirectory=chain.subdirectory))
    lock = read_text(packages.path) if packages and packages.path and packages.path.is_file() else ""
    locked = drivers_locked(lock)
    reads = find_reads(tree, tree.root / chain.script_location / "env.py")
    proposals = [proposal.as_dict() for proposal in propose(reads, locked)]
    needs_command = chain.kind is ChainKind.FLASK_MIGRATE
    return {
        "subdirectory": chain.subdirectory,
        "config_file": chain.config_file,
        "section": chain.section,
        "kind": chain.kind.value,
        "script_location": chain.script_location,
        "files": chain.files,
        # Without a configuration nothing but an override can say where the scripts are.
        "ini_overrides": [{"name": "script_location", "value": _from(chain)}] if chain.config_file is None else [],
        "command": flask_command(tree) if needs_command else None,
        "packages": packages.label if packages else None,
        "locked": bool(packages and packages.kind not in ("default", "pyproject.toml", "setup.py")),
        "drivers": list(locked),
        # A lock that names no driver cannot reach PostgreSQL; the usual packages bring several.
        "extra_packages": ["psycopg[binary]"] if lock and not locked else [],
        "python": python,
        "packages_error": error,
        "takes_ini_url": reads.takes_ini_url,
        "proposals": proposals,
    }


def _packages(
    export: Path, chain: Chain, pythons: list[Interpreter]
) -> tuple[Source | None, str | None, dict[str, str] | None]:
    """Where the packages come from, the Python that fits, or why there is none."""
    source = None
    try:
        folders = folders_upwards(export, chain.subdirectory)
        source = detect(export, folders, None)
        fitting, _ = candidates(pythons, source, folders, None)
    except VirtualenvFailed as failure:
        return source, None, JobFailed.of(failure).as_dict()
    return source, fitting[0].version, None


def _from(chain: Chain) -> str:
    """The script location as Alembic is told it, from the working directory."""
    prefix = f"{chain.subdirectory}/" if chain.subdirectory else ""
    return chain.script_location.removeprefix(prefix) or "."
