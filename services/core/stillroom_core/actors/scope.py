"""What an API token may do at most: its owner's rights, cut down to its projects, environments and permissions."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from stillroom_core.actors.permissions import OF_ENVIRONMENT, Permission
from stillroom_core.environments.models import Environment

_P = Permission

# What a token can be given at all: to look, and to move databases. It never rules over people, secrets or approvals.
FOR_TOKENS = frozenset(
    {
        _P.PROJECT_READ,
        _P.JOB_READ,
        _P.JOB_PLAN,
        _P.JOB_REQUEST,
        _P.JOB_UPGRADE,
        _P.JOB_DOWNGRADE,
        _P.JOB_STAMP,
        _P.JOB_CANCEL,
    }
)
# Going back, and writing where a database stands, is for people where it counts.
_NEVER_PROTECTED = frozenset({_P.JOB_DOWNGRADE, _P.JOB_STAMP})


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The bounds of one token; None means no bound of that sort."""

    token_id: UUID
    token_name: str
    permissions: frozenset[Permission]
    project_ids: frozenset[UUID] | None
    environment_ids: frozenset[UUID] | None

    def cut(
        self, granted: frozenset[Permission], project_id: UUID | None, environment: Environment | None
    ) -> frozenset[Permission]:
        """What is left of what the owner may do at a place.

        A token for single environments sees the whole project, and does the rest there only.
        """
        if self.project_ids is not None and project_id not in self.project_ids:
            return frozenset()
        # Whoever may start may ask: tokens were made before there was anything to ask for.
        asks = {_P.JOB_REQUEST} if _P.JOB_UPGRADE in self.permissions else set()
        left = granted & (self.permissions | asks)
        if self.environment_ids is not None and (environment is None or environment.id not in self.environment_ids):
            left -= OF_ENVIRONMENT
        if environment is not None and environment.protected:
            left -= _NEVER_PROTECTED
        return left

    def only(self, projects: Collection[UUID] | None) -> frozenset[UUID] | None:
        """Those of the owner's projects that it may list; None means all of the organization's."""
        if Permission.PROJECT_READ not in self.permissions:
            return frozenset()
        if self.project_ids is None:
            return None if projects is None else frozenset(projects)
        return self.project_ids if projects is None else self.project_ids & frozenset(projects)
