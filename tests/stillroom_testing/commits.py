"""A commit with a graph of the test's own, as a worker would have stored it."""

import secrets
from collections.abc import Mapping

from sqlalchemy import select

from stillroom_core.database import Database
from stillroom_core.keys import new_key
from stillroom_core.organizations.models import Organization
from stillroom_core.projects.graphs import pack
from stillroom_core.projects.models import Commit, Project
from stillroom_core.projects.repository import configuration_of
from stillroom_core.revisions.graph import Graph, Revision
from stillroom_core.tables import now


async def add_commit(
    database: Database,
    organization: str,
    parents: Mapping[str, tuple[str, ...]],
    contents: Mapping[str, str] | None = None,
) -> Commit:
    """Stores revisions {id: ids below it} as the newest commit of the organization's only project.

    `contents` are digests of their files, by revision.
    """
    graph = Graph(
        Revision(id=key, down=down, message=f"Revision {key}", doc=f"Revision {key}", path=f"versions/{key}.py")
        for key, down in parents.items()
    )
    async with database.everything() as session:
        project = (
            await session.scalars(
                select(Project)
                .join(Organization, Organization.id == Project.organization_id)
                .where(Organization.slug == organization)
            )
        ).one()
        commit = Commit(
            id=new_key(),
            organization_id=project.organization_id,
            project_id=project.id,
            sha=secrets.token_hex(20),
            configuration=configuration_of(project),
            ref="main",
            author_name="Ann",
            author_email="ann@example.com",
            authored_at=now(),
            subject="change",
            source="static",
            complete=True,
            graph=pack(graph),
            files={f"versions/{key}.py": {"digest": digest} for key, digest in (contents or {}).items()},
            notes=[],
        )
        session.add(commit)
        await session.flush()
        project.commit_id = commit.id
        project.fetch_state = "idle"
    return commit
