"""Which role may do what: the one table that checks, documents and the web derive from."""

from enum import StrEnum


class Permission(StrEnum):
    """Everything that can be allowed."""

    ORGANIZATION_READ = "organization.read"
    ORGANIZATION_MANAGE = "organization.manage"
    ORGANIZATION_TRANSFER = "organization.transfer"
    ORGANIZATION_DELETE = "organization.delete"
    PROVIDER_MANAGE = "provider.manage"
    MEMBER_MANAGE = "member.manage"
    AUDIT_READ = "audit.read"
    PROJECT_CREATE = "project.create"
    PROJECT_DELETE = "project.delete"
    PROJECT_READ = "project.read"
    PROJECT_UPDATE = "project.update"
    PROJECT_MEMBER_MANAGE = "project.member.manage"
    TOKEN_MANAGE = "token.manage"  # noqa: S105 - the name of a permission
    ENVIRONMENT_WRITE = "environment.write"
    SECRET_WRITE = "secret.write"  # noqa: S105
    REVISION_WRITE = "revision.write"
    REVISION_PUSH = "revision.push"
    JOB_READ = "job.read"
    JOB_PLAN = "job.plan"
    JOB_REQUEST = "job.request"
    JOB_UPGRADE = "job.upgrade"
    JOB_DOWNGRADE = "job.downgrade"
    JOB_STAMP = "job.stamp"
    JOB_CANCEL = "job.cancel"
    JOB_CANCEL_ANY = "job.cancel.any"
    JOB_APPROVE = "job.approve"
    JOB_OVERRIDE = "job.override"
    ACTIVITY_READ = "activity.read"
    ACTIVITY_CANCEL = "activity.cancel"
    DATA_READ = "data.read"
    DATA_UNMASKED = "data.unmasked"
    SQL_READ = "sql.read"
    SQL_WRITE = "sql.write"


class OrganizationRole(StrEnum):
    """A member's role in the whole organization."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


# Whoever manages members does so up to their own rank.
RANKS = {OrganizationRole.MEMBER: 0, OrganizationRole.ADMIN: 1, OrganizationRole.OWNER: 2}


class ProjectRole(StrEnum):
    """A role in one project, or in one environment of it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    MAINTAINER = "maintainer"
    ADMIN = "admin"


_P = Permission

# What each permission allows, in words: for the documents and for the page that explains.
MEANINGS: dict[Permission, str] = {
    _P.ORGANIZATION_READ: "see the organization and who belongs to it",
    _P.ORGANIZATION_MANAGE: "rename the organization and change its settings",
    _P.ORGANIZATION_TRANSFER: "hand the organization over to another member",
    _P.ORGANIZATION_DELETE: "delete the organization",
    _P.PROVIDER_MANAGE: "say how members sign in: the identity provider, and whether a second factor is demanded",
    _P.MEMBER_MANAGE: "invite and remove members, change their roles up to one's own, keep groups",
    _P.AUDIT_READ: "read the audit log",
    _P.PROJECT_CREATE: "add projects, also from another organization",
    _P.PROJECT_DELETE: "delete projects, and move them to another organization",
    _P.PROJECT_READ: "see the project, its history and where its databases stand",
    _P.PROJECT_UPDATE: "change the project's repository and settings",
    _P.PROJECT_MEMBER_MANAGE: "give and take roles in the project, up to one's own",
    _P.TOKEN_MANAGE: "make and revoke API tokens, within one's own rights",
    _P.ENVIRONMENT_WRITE: "add, change, protect and remove environments and databases",
    _P.SECRET_WRITE: "set secrets and the addresses of databases; nobody can read a secret",
    _P.REVISION_WRITE: "have drafts of revisions written: runs the project's code, changes nothing",
    _P.REVISION_PUSH: "push drafts of revisions as branches of the repository",
    _P.JOB_READ: "see jobs and their logs",
    _P.JOB_PLAN: "plan, check and fetch: runs the project's code, changes no database",
    _P.JOB_REQUEST: "ask for upgrades, which start once others have approved them",
    _P.JOB_UPGRADE: "start upgrades",
    _P.JOB_DOWNGRADE: "start downgrades",
    _P.JOB_STAMP: "write the version table",
    _P.JOB_CANCEL: "cancel one's own jobs",
    _P.JOB_CANCEL_ANY: "cancel anybody's jobs",
    _P.JOB_APPROVE: "approve and reject what others ask for",
    _P.JOB_OVERRIDE: "start without the approvals or outside the window, with a reason that is kept",
    _P.ACTIVITY_READ: "see the sessions and statements of a database",
    _P.ACTIVITY_CANCEL: "cancel and end sessions of a database",
    _P.DATA_READ: "look at rows of tables",
    _P.DATA_UNMASKED: "see what the project's masks hide",
    _P.SQL_READ: "run SQL that reads",
    _P.SQL_WRITE: "run SQL that changes data",
}

_VIEWER = frozenset({_P.PROJECT_READ, _P.JOB_READ})
_OPERATOR = _VIEWER | {
    _P.JOB_PLAN,
    _P.JOB_REQUEST,
    _P.JOB_UPGRADE,
    _P.JOB_CANCEL,
    _P.REVISION_WRITE,
    _P.ACTIVITY_READ,
    _P.DATA_READ,
    _P.SQL_READ,
}
_MAINTAINER = _OPERATOR | {
    _P.REVISION_PUSH,
    _P.JOB_DOWNGRADE,
    _P.JOB_STAMP,
    _P.JOB_CANCEL_ANY,
    _P.JOB_APPROVE,
    _P.ACTIVITY_CANCEL,
    _P.DATA_UNMASKED,
    _P.SQL_WRITE,
}
_PROJECT_ADMIN = _MAINTAINER | {
    _P.PROJECT_UPDATE,
    _P.PROJECT_MEMBER_MANAGE,
    _P.TOKEN_MANAGE,
    _P.ENVIRONMENT_WRITE,
    _P.SECRET_WRITE,
    _P.JOB_OVERRIDE,
}
_ADMIN = _PROJECT_ADMIN | {
    _P.ORGANIZATION_READ,
    _P.ORGANIZATION_MANAGE,
    _P.MEMBER_MANAGE,
    _P.AUDIT_READ,
    _P.PROJECT_CREATE,
    _P.PROJECT_DELETE,
}
# Who rules over the identity provider can be anybody of its domains, owners too.
_OWNER = _ADMIN | {_P.ORGANIZATION_TRANSFER, _P.ORGANIZATION_DELETE, _P.PROVIDER_MANAGE}

ORGANIZATION_ROLES: dict[OrganizationRole, frozenset[Permission]] = {
    OrganizationRole.OWNER: _OWNER,
    OrganizationRole.ADMIN: _ADMIN,
    OrganizationRole.MEMBER: frozenset({_P.ORGANIZATION_READ}),
}

PROJECT_ROLES: dict[ProjectRole, frozenset[Permission]] = {
    ProjectRole.VIEWER: _VIEWER,
    ProjectRole.OPERATOR: _OPERATOR,
    ProjectRole.MAINTAINER: _MAINTAINER,
    ProjectRole.ADMIN: _PROJECT_ADMIN,
}

# What a role gives on unprotected environments only.
UNPROTECTED_ONLY: dict[ProjectRole, frozenset[Permission]] = {
    ProjectRole.VIEWER: frozenset(),
    ProjectRole.OPERATOR: frozenset({_P.JOB_UPGRADE, _P.DATA_READ, _P.SQL_READ}),
    ProjectRole.MAINTAINER: frozenset({_P.DATA_UNMASKED, _P.SQL_WRITE}),
    ProjectRole.ADMIN: frozenset(),
}

# What is done to one environment, so that a role for a single environment can give it.
OF_ENVIRONMENT = frozenset(
    {
        _P.ENVIRONMENT_WRITE,
        _P.SECRET_WRITE,
        _P.JOB_PLAN,
        _P.JOB_REQUEST,
        _P.JOB_UPGRADE,
        _P.JOB_DOWNGRADE,
        _P.JOB_STAMP,
        _P.JOB_CANCEL,
        _P.JOB_CANCEL_ANY,
        _P.JOB_APPROVE,
        _P.JOB_OVERRIDE,
        _P.ACTIVITY_READ,
        _P.ACTIVITY_CANCEL,
        _P.DATA_READ,
        _P.DATA_UNMASKED,
        _P.SQL_READ,
        _P.SQL_WRITE,
    }
)


def granted_by(role: ProjectRole, *, protected: bool) -> frozenset[Permission]:
    """What a role in a project gives on its environments that are, or are not, protected."""
    return PROJECT_ROLES[role] - UNPROTECTED_ONLY[role] if protected else PROJECT_ROLES[role]
