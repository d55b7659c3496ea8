"""Reads and writes the projects of one organization."""

import hashlib
import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import defer

from stillroom_core.database import Session
from stillroom_core.errors import not_found
from stillroom_core.projects.models import Commit, Project, RevisionSource

_DIGESTS = """
select path, files -> path ->> 'digest' as digest from commits, unnest(cast(:paths as text[])) path
where id = :commit and organization_id = :organization and files -> path ->> 'digest' is not null
"""


def configuration_of(project: Project) -> str:
    """A digest of what decides, besides the commit, which graph is read."""
    parts = [project.subdirectory, project.config_file, project.config_section]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class ProjectRepository:
    """The projects of one organization; there is none without."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def listing(self, only: Collection[UUID] | None) -> Sequence[Project]:
        """All projects by name, or those among `only`."""
        query = select(Project).where(Project.organization_id == self._organization_id).order_by(Project.name)
        if only is not None:
            query = query.where(Project.id.in_(only))
        return (await self._session.scalars(query)).all()

    async def by_slug(self, slug: str) -> Project:
        """One project; raises NotFound."""
        return self._found(await self._one(Project.slug == slug))

    async def by_id(self, key: UUID) -> Project:
        """One project; raises NotFound."""
        return self._found(await self._one(Project.id == key))

    async def taken(self, slug: str) -> bool:
        """Whether the organization has a project of this slug."""
        return await self._one(Project.slug == slug) is not None

    def add(self, project: Project) -> None:
        """Adds a project of this organization."""
        project.organization_id = self._organization_id
        self._session.add(project)

    async def delete(self, project: Project) -> None:
        """Removes the project with everything below it."""
        await self._session.delete(project)

    async def commit(self, key: UUID) -> Commit:
        """A commit that was read, without its files; raises NotFound."""
        found = await self._session.scalar(
            select(Commit)
            .where(Commit.id == key, Commit.organization_id == self._organization_id)
            .options(defer(Commit.files, raiseload=True))
        )
        if found is None:
            raise not_found("commit")
        return found

    async def files(self, key: UUID) -> dict[str, Any]:
        """What is known of a commit's revision files; apart from the row, because 10,000 of them take a while."""
        found = await self._session.scalar(
            select(Commit.files).where(Commit.id == key, Commit.organization_id == self._organization_id)
        )
        return found or {}

    async def digests(self, key: UUID, paths: Collection[str]) -> dict[str, str]:
        """The digests of some of a commit's revision files by path; picked out by PostgreSQL, for the same reason."""
        rows = await self._session.execute(
            text(_DIGESTS), {"commit": key, "organization": self._organization_id, "paths": list(paths)}
        )
        return {row.path: row.digest for row in rows}

    async def sources(self, project_id: UUID, digests: Collection[str], *, longest: int) -> dict[str, str]:
        """The texts of revision files by digest, without those of more characters."""
        rows = await self._session.execute(
            select(RevisionSource.digest, RevisionSource.text).where(
                RevisionSource.project_id == project_id,
                RevisionSource.organization_id == self._organization_id,
                RevisionSource.digest.in_(digests),
                func.length(RevisionSource.text) <= longest,
            )
        )
        return {row.digest: row.text for row in rows}

    async def commits(self, keys: Collection[UUID]) -> dict[UUID, Commit]:
        """Commits by key, without their graphs being parsed."""
        rows = await self._session.scalars(
            select(Commit)
            .where(Commit.id.in_(keys), Commit.organization_id == self._organization_id)
            .options(defer(Commit.files, raiseload=True), defer(Commit.graph, raiseload=True))
        )
        return {row.id: row for row in rows}

    async def commit_by_sha(self, project: Project, beginning: str) -> Commit | None:
        """The newest reading of the commit whose sha begins so; None where none does, or several do."""
        found = (
            await self._session.scalars(
                select(Commit)
                .where(
                    Commit.project_id == project.id,
                    Commit.organization_id == self._organization_id,
                    Commit.sha.startswith(beginning, autoescape=True),
                )
                .order_by(Commit.id.desc())
                .limit(10)
                .options(defer(Commit.files, raiseload=True))
            )
        ).all()
        return found[0] if len({commit.sha for commit in found}) == 1 else None

    async def commit_of(self, project: Project, sha: str) -> Commit | None:
        """The commit as it was read with the project's present configuration."""
        found: Commit | None = await self._session.scalar(
            select(Commit).where(
                Commit.project_id == project.id,
                Commit.organization_id == self._organization_id,
                Commit.sha == sha,
                Commit.configuration == configuration_of(project),
            )
        )
        return found

    async def keep_sources(self, project_id: UUID, texts: dict[str, str]) -> None:
        """Stores revision files by digest; those that are there already stay as they are."""
        for start in range(0, len(texts), 500):
            rows = [
                {
                    "organization_id": self._organization_id,
                    "project_id": project_id,
                    "digest": digest,
                    "text": text,
                }
                for digest, text in list(texts.items())[start : start + 500]
            ]
            await self._session.execute(insert(RevisionSource).values(rows).on_conflict_do_nothing())

    async def source(self, project_id: UUID, digest: str) -> str | None:
        """The text of one revision file."""
        found: str | None = await self._session.scalar(
            select(RevisionSource.text).where(
                RevisionSource.project_id == project_id,
                RevisionSource.organization_id == self._organization_id,
                RevisionSource.digest == digest,
            )
        )
        return found

    async def _one(self, condition: object) -> Project | None:
        found: Project | None = await self._session.scalar(
            select(Project).where(Project.organization_id == self._organization_id, condition)  # type: ignore[arg-type]
        )
        return found

    def _found(self, project: Project | None) -> Project:
        if project is None:
            raise not_found("project")
        return project
