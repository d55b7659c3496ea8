"""Which role may do what: the one table that checks, documents and the web derive from."""

from enum import StrEnum


class Permission(StrEnum):
    """Everything that can be allowed."""

    ORGANIZATION_READ = "organization.read"
    ORGANIZATION_MANAGE = "organization.manage"
    MEMBER_MANAGE = "member.manage"
    PROJECT_CREATE = "project.create"
    PROJECT_DELETE = "project.delete"
    PROJECT_READ = "project.read"
    PROJECT_UPDATE = "project.update"
    ENVIRONMENT_WRITE = "environment.write"
    SECRET_WRITE = "secret.write"  # noqa: S105 - the name of a permission
    JOB_READ = "job.read"
    JOB_PLAN = "job.plan"
    JOB_UPGRADE = "job.upgrade"
    JOB_DOWNGRADE = "job.downgrade"
    JOB_STAMP = "job.stamp"
    JOB_CANCEL = "job.cancel"


class OrganizationRole(StrEnum):
    """A member's role in the whole organization."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class ProjectRole(StrEnum):
    """A member's role in one project."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    MAINTAINER = "maintainer"
    ADMIN = "admin"


_P = Permission

_VIEWER = frozenset({_P.PROJECT_READ, _P.JOB_READ})
_OPERATOR = _VIEWER | {_P.JOB_PLAN, _P.JOB_UPGRADE, _P.JOB_CANCEL}
_MAINTAINER = _OPERATOR | {_P.JOB_DOWNGRADE, _P.JOB_STAMP}
_PROJECT_ADMIN = _MAINTAINER | {_P.PROJECT_UPDATE, _P.ENVIRONMENT_WRITE, _P.SECRET_WRITE}
_ADMIN = _PROJECT_ADMIN | {
    _P.ORGANIZATION_READ,
    _P.ORGANIZATION_MANAGE,
    _P.MEMBER_MANAGE,
    _P.PROJECT_CREATE,
    _P.PROJECT_DELETE,
}

ORGANIZATION_ROLES: dict[OrganizationRole, frozenset[Permission]] = {
    OrganizationRole.OWNER: _ADMIN,
    OrganizationRole.ADMIN: _ADMIN,
    OrganizationRole.MEMBER: frozenset({_P.ORGANIZATION_READ}),
}

PROJECT_ROLES: dict[ProjectRole, frozenset[Permission]] = {
    ProjectRole.VIEWER: _VIEWER,
    ProjectRole.OPERATOR: _OPERATOR,
    ProjectRole.MAINTAINER: _MAINTAINER,
    ProjectRole.ADMIN: _PROJECT_ADMIN,
}
