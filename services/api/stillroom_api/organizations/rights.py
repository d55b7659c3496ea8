"""Why may I, why may somebody not: every permission at one place with where it comes from."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from stillroom_api.authorization import in_organization
from stillroom_api.context import Transaction
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.explanation import Verdict, explain
from stillroom_core.actors.permissions import MEANINGS, Permission
from stillroom_core.members.service import place_of, subject_of

router = APIRouter(prefix="/api/orgs/{org}/rights", tags=["organizations"])


class SourceRead(BaseModel):
    """A role at the organization, a project or an environment, perhaps through a group."""

    model_config = ConfigDict(from_attributes=True)

    level: Literal["organization", "project", "environment"]
    role: str
    group: str | None


class RightRead(BaseModel):
    """One permission: allowed through these roles, or not, and which would give it."""

    permission: Permission
    meaning: str
    allowed: bool
    because: list[SourceRead]
    protected: bool
    would_give: list[SourceRead]

    @classmethod
    def of(cls, verdict: Verdict) -> "RightRead":
        """From what was found."""
        content: dict[str, Any] = {
            "permission": verdict.permission,
            "meaning": MEANINGS[verdict.permission],
            "allowed": verdict.allowed,
            "because": [SourceRead.model_validate(source) for source in verdict.sources],
            "protected": verdict.held_back,
            "would_give": [SourceRead.model_validate(source) for source in verdict.would_give],
        }
        return cls.model_validate(content)


class Rights(BaseModel):
    """Everything that can be allowed, for one person at one place."""

    person: UUID
    name: str
    role: str
    items: list[RightRead]


@router.get("")
async def rights(
    session: Transaction,
    actor: Annotated[Actor, in_organization(Permission.ORGANIZATION_READ)],
    person: Annotated[UUID | None, Query(description="another member, for who may manage members")] = None,
    project: Annotated[str | None, Query(max_length=200)] = None,
    environment: Annotated[str | None, Query(max_length=63)] = None,
) -> Rights:
    """Why I may or may not, in the organization, in a project, or in an environment of it."""
    subject = await subject_of(session, actor, person)
    place, stage = await place_of(session, actor, project, environment)
    verdicts = explain(subject, place.id if place else None, stage)
    return Rights(
        person=subject.user_id, name=subject.name, role=subject.role, items=[RightRead.of(each) for each in verdicts]
    )
