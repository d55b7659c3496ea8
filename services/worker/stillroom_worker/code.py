"""A project's code and virtualenv on this worker's disk: from the mirror, by commit, by lock."""

import asyncio
import hashlib
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from stillroom_core.outbound.addresses import operator_networks
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import credential_of
from stillroom_worker import checkout
from stillroom_worker.checkout import Credential, Exported, FetchedCommit, Repository
from stillroom_worker.room import Room
from stillroom_worker.virtualenv import Confinement, Requirements, Virtualenv, ensure


@dataclass(frozen=True)
class Code:
    """An exported commit and the folder in it where Alembic is started."""

    export: Path
    working: Path
    exported: Exported


def mirror_of(room: Room, project: Project) -> Path:
    """The mirror of a repository, shared by the projects of one organization that name the same URL.

    Not shared between organizations: what one may fetch says nothing about another.
    """
    return mirror_at(room, project.organization_id, project.git_url)


def mirror_at(room: Room, organization_id: UUID, git_url: str) -> Path:
    """The same for a repository that no project names yet."""
    name = hashlib.sha256(f"{organization_id}|{git_url}".encode()).hexdigest()[:32]
    return room.folder("mirrors") / name


async def fetch(room: Room, project: Project, ref: str | None = None) -> FetchedCommit:
    """Fetches the project's ref (or another) into its mirror; raises CheckoutFailed."""
    given = credential_of(project)
    repository = Repository(
        url=project.git_url,
        ref=ref or project.git_ref,
        credential=Credential(**given) if given else None,
        allow_local=room.settings.development,
    )
    return await checkout.fetch(
        repository,
        mirror_of(room, project),
        level=room.isolation(),
        allowed_networks=operator_networks(room.settings),
    )


def export_folder(room: Room, mirror: Path, sha: str) -> Path:
    """Where a commit's files are kept on this worker."""
    return room.folder("checkouts") / f"{mirror.name[:12]}-{sha}"


async def export(room: Room, project: Project, sha: str) -> Code:
    """The commit's files on disk, cached; fetched first where this worker has never seen the commit."""
    mirror = mirror_of(room, project)
    destination = export_folder(room, mirror, sha)
    try:
        exported = await asyncio.to_thread(checkout.export, mirror, sha, destination)
    except checkout.CheckoutFailed:
        # Another worker may have fetched it: ask for the very commit, then the ref as a last resort.
        await fetch(room, project, sha)
        exported = await asyncio.to_thread(checkout.export, mirror, sha, destination)
    working = (destination / project.subdirectory).resolve()
    if not working.is_relative_to(destination.resolve()) or not working.is_dir():
        raise checkout.CheckoutFailed(
            "unknown_ref",
            "The project's subdirectory does not exist in this commit.",
            project.subdirectory,
            "Correct the subdirectory in the project's settings.",
        )
    return Code(destination, working, exported)


async def virtualenv(room: Room, project: Project, code: Code, on_line: Callable[[str], Awaitable[None]]) -> Virtualenv:
    """The project's virtualenv, cached by what decides its content; raises VirtualenvFailed."""
    requirements = Requirements(
        python=project.python,
        extra_packages=tuple(project.extra_packages),
        groups=tuple(project.groups),
        extras=tuple(project.extras),
        install_project=project.install_project,
        source=project.requirements_file,
    )
    cache = room.folder("virtualenvs")
    if not room.settings.development:
        # Building a package runs its code, which could leave something behind for the next: not across tenants.
        cache /= str(project.organization_id)
    confinement = Confinement(
        level=room.isolation(), hosts=room.settings.package_hosts, networks=operator_networks(room.settings)
    )
    return await ensure(code.export, project.subdirectory, requirements, cache, on_line, confinement=confinement)


def forget(folder: Path) -> None:
    """Removes a job's own folder; what is gone already is no error."""
    shutil.rmtree(folder, ignore_errors=True)
