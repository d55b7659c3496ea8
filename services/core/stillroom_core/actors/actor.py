"""An actor: a person acting in one organization, with what they may do there."""

from dataclasses import dataclass
from uuid import UUID

from stillroom_core.actors.permissions import (
    OF_ENVIRONMENT,
    ORGANIZATION_ROLES,
    PROJECT_ROLES,
    RANKS,
    OrganizationRole,
    Permission,
    ProjectRole,
    granted_by,
)
from stillroom_core.actors.scope import Scope
from stillroom_core.environments.models import Environment
from stillroom_core.errors import Forbidden


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A role in one project, or in one environment of it; roles only ever add to each other."""

    project_id: UUID
    role: ProjectRole
    environment_id: UUID | None = None
    group: str | None = None  # through which it came; None when it was given to the person

    def permissions(self, environment: Environment | None) -> frozenset[Permission]:
        """What it gives in its project, or in one environment there.

        A role for one environment lets its holder see the whole project, and do the rest there only.
        """
        if self.environment_id is None:
            return granted_by(self.role, protected=environment is not None and environment.protected)
        seen = PROJECT_ROLES[ProjectRole.VIEWER]
        if environment is None or environment.id != self.environment_id:
            return seen
        return seen | (granted_by(self.role, protected=environment.protected) & OF_ENVIRONMENT)


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts, where, and in which roles."""

    user_id: UUID
    name: str
    organization_id: UUID
    organization_slug: str
    organization_name: str
    role: OrganizationRole
    grants: tuple[Grant, ...] = ()
    kind: str = "person"  # or service
    scope: Scope | None = None  # of the API token through which it acts
    barred: bool = False  # the organization demands a second factor, and the person has none: nothing is allowed

    def permissions(
        self, project_id: UUID | None = None, environment: Environment | None = None
    ) -> frozenset[Permission]:
        """Everything allowed in the organization, in one project of it, or in one environment of that."""
        if self.barred:
            return frozenset()
        granted = ORGANIZATION_ROLES[self.role].union(
            *(grant.permissions(environment) for grant in self.grants if grant.project_id == project_id)
        )
        return self.scope.cut(granted, project_id, environment) if self.scope else granted

    def may(
        self, permission: Permission, project_id: UUID | None = None, environment: Environment | None = None
    ) -> bool:
        """Whether the act is allowed."""
        return permission in self.permissions(project_id, environment)

    def sees_project(self, project_id: UUID) -> bool:
        """Whether the project exists at all for this actor."""
        return self.may(Permission.PROJECT_READ, project_id)

    def visible_projects(self) -> frozenset[UUID] | None:
        """The projects that may be listed; None means all of the organization's."""
        if self.barred:
            return frozenset()
        everywhere = Permission.PROJECT_READ in ORGANIZATION_ROLES[self.role]
        own = None if everywhere else frozenset(grant.project_id for grant in self.grants)
        return self.scope.only(own) if self.scope else own

    def check(
        self, permission: Permission, project_id: UUID | None = None, environment: Environment | None = None
    ) -> None:
        """Raises Forbidden that names the missing permission."""
        if self.may(permission, project_id, environment):
            return
        self.check_admitted()
        where = {"environment": environment.slug} if environment is not None else {}
        raise Forbidden(
            "permission_missing",
            f"This needs the permission {permission}, which you do not have here.",
            detail=f"The environment {environment.name} is protected: there it takes a higher role."
            if environment is not None and environment.protected and self._elsewhere(permission, environment)
            else "",
            fix="Ask an administrator of the organization for a role that has it.",
            params={"permission": str(permission), **where},
        )

    def check_admitted(self) -> None:
        """Raises Forbidden for who lacks the second factor that the organization demands."""
        if self.barred:
            raise Forbidden(
                "second_factor_demanded",
                f"{self.organization_name} demands a second factor of its members.",
                detail="Your account has neither an authenticator app nor a passkey; API tokens of yours wait too.",
                fix="Add one under Account, Password and second factor; then everything is open again.",
                params={"organization": self.organization_slug},
            )

    def check_rank(self, role: OrganizationRole) -> None:
        """Raises Forbidden for a role above the actor's own, which only a higher one may give, take or remove."""
        if RANKS[role] > RANKS[self.role]:
            raise Forbidden(
                "above_own_rank",
                f"Your own role does not reach as far as {role}.",
                fix="Ask somebody who has that role.",
                params={"role": str(role)},
            )

    def _elsewhere(self, permission: Permission, environment: Environment) -> bool:
        """Whether the same roles would do if the environment were not protected."""
        return any(
            permission in PROJECT_ROLES[grant.role]
            for grant in self.grants
            if grant.project_id == environment.project_id and grant.environment_id in (None, environment.id)
        )
