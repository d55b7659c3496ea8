"""An actor: a person acting in one organization, with what they may do there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from stillroom_core.actors.permissions import (
    ORGANIZATION_ROLES,
    PROJECT_ROLES,
    OrganizationRole,
    Permission,
    ProjectRole,
)
from stillroom_core.errors import Forbidden


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts, where, and in which roles."""

    user_id: UUID
    name: str
    organization_id: UUID
    organization_slug: str
    organization_name: str
    role: OrganizationRole
    project_roles: Mapping[UUID, ProjectRole] = field(default_factory=dict)

    def permissions(self, project_id: UUID | None = None) -> frozenset[Permission]:
        """Everything allowed in the organization, or in one project of it."""
        granted = ORGANIZATION_ROLES[self.role]
        role = self.project_roles.get(project_id) if project_id else None
        return granted | PROJECT_ROLES[role] if role else granted

    def may(self, permission: Permission, project_id: UUID | None = None) -> bool:
        """Whether the act is allowed."""
        return permission in self.permissions(project_id)

    def sees_project(self, project_id: UUID) -> bool:
        """Whether the project exists at all for this actor."""
        return self.may(Permission.PROJECT_READ, project_id)

    def visible_projects(self) -> frozenset[UUID] | None:
        """The projects that may be listed; None means all of the organization's."""
        if Permission.PROJECT_READ in ORGANIZATION_ROLES[self.role]:
            return None
        return frozenset(self.project_roles)

    def check(self, permission: Permission, project_id: UUID | None = None) -> None:
        """Raises Forbidden that names the missing permission."""
        if not self.may(permission, project_id):
            raise Forbidden(
                "permission_missing",
                f"This needs the permission {permission}, which you do not have here.",
                fix="Ask an administrator of the organization for a role that has it.",
                params={"permission": str(permission)},
            )
