"""Every table in one import, for the migrations and for whoever must see all of them."""

from stillroom_core.audit.models import AuditEntry
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.jobs.models import Job, JobEvent, JobStep
from stillroom_core.members.models import EnvironmentMembership, Membership, ProjectMembership, User
from stillroom_core.organizations.models import Organization
from stillroom_core.plans.models import Plan
from stillroom_core.projects.models import Commit, Project, RevisionSource
from stillroom_core.sessions.models import RefreshToken
from stillroom_core.setups.models import Setup

__all__ = [
    "AuditEntry",
    "Commit",
    "Database",
    "Environment",
    "EnvironmentMembership",
    "Job",
    "JobEvent",
    "JobStep",
    "Membership",
    "Organization",
    "Plan",
    "Project",
    "ProjectMembership",
    "RefreshToken",
    "RevisionSource",
    "Setup",
    "User",
]
