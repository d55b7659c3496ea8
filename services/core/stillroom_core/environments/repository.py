"""Reads and writes the environments of one organization."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from stillroom_core.database import Session
from stillroom_core.environments.models import Environment
from stillroom_core.errors import not_found


class EnvironmentRepository:
    """The environments of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def listing(self, project_id: UUID) -> Sequence[Environment]:
        """The project's environments in their order."""
        return (
            await self._session.scalars(
                select(Environment)
                .where(Environment.organization_id == self._organization_id, Environment.project_id == project_id)
                .order_by(Environment.position, Environment.slug)
            )
        ).all()

    async def by_slug(self, project_id: UUID, slug: str) -> Environment:
        """One environment; raises NotFound."""
        return self._found(await self._one(project_id, Environment.slug == slug))

    async def by_id(self, project_id: UUID, key: UUID) -> Environment:
        """One environment; raises NotFound."""
        return self._found(await self._one(project_id, Environment.id == key))

    async def following(self, environment: Environment) -> Sequence[Environment]:
        """Those that run only what this one ran."""
        return (
            await self._session.scalars(
                select(Environment).where(
                    Environment.organization_id == self._organization_id,
                    Environment.predecessor_id == environment.id,
                )
            )
        ).all()

    async def taken(self, project_id: UUID, slug: str) -> bool:
        """Whether the project has an environment of this slug."""
        return await self._one(project_id, Environment.slug == slug) is not None

    async def next_position(self, project_id: UUID) -> int:
        """Behind the last one."""
        last = await self._session.scalar(
            select(func.max(Environment.position)).where(Environment.project_id == project_id)
        )
        return 0 if last is None else int(last) + 1

    def add(self, environment: Environment) -> None:
        """Adds an environment of this organization."""
        environment.organization_id = self._organization_id
        self._session.add(environment)

    async def delete(self, environment: Environment) -> None:
        """Removes the environment with its databases and their jobs."""
        await self._session.delete(environment)

    async def _one(self, project_id: UUID, condition: object) -> Environment | None:
        found: Environment | None = await self._session.scalar(
            select(Environment).where(
                Environment.organization_id == self._organization_id,
                Environment.project_id == project_id,
                condition,  # type: ignore[arg-type]
            )
        )
        return found

    def _found(self, environment: Environment | None) -> Environment:
        if environment is None:
            raise not_found("environment")
        return environment
