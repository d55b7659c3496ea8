"""Every table in one import, for the migrations and for whoever must see all of them."""

from stillroom_core.accounts.models import AccountEvent, AccountToken
from stillroom_core.approvals.models import ApprovalDecision, ApprovalRequest
from stillroom_core.audit.models import AuditEntry
from stillroom_core.automatic.models import AutomaticUpgrade
from stillroom_core.catalogues.models import Catalogue, CatalogueObject
from stillroom_core.changes.models import SchemaChange
from stillroom_core.databases.models import Database
from stillroom_core.drafts.models import Draft
from stillroom_core.environments.models import Environment
from stillroom_core.freezes.models import Freeze
from stillroom_core.groups.models import Group, GroupMember, GroupRole
from stillroom_core.invitations.models import Invitation
from stillroom_core.jobs.models import Job, JobEvent, JobStep
from stillroom_core.mail.models import Mail
from stillroom_core.masks.models import Mask
from stillroom_core.members.models import EnvironmentMembership, Membership, ProjectMembership, User
from stillroom_core.notifications.models import NotificationChoice
from stillroom_core.organizations.models import Organization
from stillroom_core.passkeys.models import Passkey
from stillroom_core.plans.models import Plan
from stillroom_core.projects.models import Commit, Project, RevisionSource
from stillroom_core.providers.models import Identity, IdentityProvider, ProviderDomain
from stillroom_core.queries.models import SavedQuery
from stillroom_core.samples.models import Sample
from stillroom_core.sessions.models import RefreshToken
from stillroom_core.setups.models import Setup
from stillroom_core.staff.models import Staff
from stillroom_core.terminals.models import Terminal
from stillroom_core.tokens.models import ApiToken
from stillroom_core.trusts.models import Trust
from stillroom_core.webhooks.models import Webhook, WebhookDelivery
from stillroom_core.writes.models import Write

__all__ = [
    "AccountEvent",
    "AccountToken",
    "ApiToken",
    "ApprovalDecision",
    "ApprovalRequest",
    "AuditEntry",
    "AutomaticUpgrade",
    "Catalogue",
    "CatalogueObject",
    "Commit",
    "Database",
    "Draft",
    "Environment",
    "EnvironmentMembership",
    "Freeze",
    "Group",
    "GroupMember",
    "GroupRole",
    "Identity",
    "IdentityProvider",
    "Invitation",
    "Job",
    "JobEvent",
    "JobStep",
    "Mail",
    "Mask",
    "Membership",
    "NotificationChoice",
    "Organization",
    "Passkey",
    "Plan",
    "Project",
    "ProjectMembership",
    "ProviderDomain",
    "RefreshToken",
    "RevisionSource",
    "Sample",
    "SavedQuery",
    "SchemaChange",
    "Setup",
    "Staff",
    "Terminal",
    "Trust",
    "User",
    "Webhook",
    "WebhookDelivery",
    "Write",
]
