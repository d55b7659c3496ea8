"""Why somebody may do a thing somewhere, or may not: the same table, read backwards."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import (
    OF_ENVIRONMENT,
    ORGANIZATION_ROLES,
    PROJECT_ROLES,
    Permission,
    granted_by,
)
from stillroom_core.environments.models import Environment


@dataclass(frozen=True)
class Source:
    """A role that the person has, which gives the permission here."""

    level: Literal["organization", "project", "environment"]
    role: str
    group: str | None = None


@dataclass(frozen=True)
class Verdict:
    """One permission at one place: where it comes from, or what would give it."""

    permission: Permission
    sources: tuple[Source, ...]
    # A role that the person has gives it on unprotected environments, and this one is protected.
    held_back: bool
    would_give: tuple[Source, ...]

    @property
    def allowed(self) -> bool:
        """Whether the act is allowed."""
        return bool(self.sources)


def explain(actor: Actor, project_id: UUID | None, environment: Environment | None) -> list[Verdict]:
    """Every permission in the organization, in a project, or in an environment of it."""
    return [_verdict(actor, permission, project_id, environment) for permission in Permission]


def _verdict(actor: Actor, permission: Permission, project_id: UUID | None, environment: Environment | None) -> Verdict:
    sources = []
    held_back = False
    if permission in ORGANIZATION_ROLES[actor.role]:
        sources.append(Source("organization", actor.role))
    for grant in actor.grants:
        if project_id is None or grant.project_id != project_id:
            continue
        level: Literal["project", "environment"] = "environment" if grant.environment_id else "project"
        if permission in grant.permissions(environment):
            sources.append(Source(level, grant.role, grant.group))
        elif (
            environment is not None
            and environment.protected
            and grant.environment_id in (None, environment.id)
            and permission in PROJECT_ROLES[grant.role]
        ):
            held_back = True
    would_give = () if sources else _would_give(permission, project_id, environment)
    return Verdict(permission, tuple(sources), held_back and not sources, would_give)


def _would_give(permission: Permission, project_id: UUID | None, environment: Environment | None) -> tuple[Source, ...]:
    """The roles that have it, from the narrowest place to the widest."""
    found: list[Source] = []
    protected = environment is not None and environment.protected
    roles = [role for role in PROJECT_ROLES if permission in granted_by(role, protected=protected)]
    if environment is not None and permission in OF_ENVIRONMENT:
        found += [Source("environment", role) for role in roles]
    if project_id is not None:
        found += [Source("project", role) for role in roles]
    found += [Source("organization", role) for role, granted in ORGANIZATION_ROLES.items() if permission in granted]
    return tuple(found)
