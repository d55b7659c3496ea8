"""What I am told of by e-mail, in each organization and project."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from stillroom_api.authorization import Person
from stillroom_api.context import Transaction
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.repository import actor_in, actors_of
from stillroom_core.happenings.kinds import Happening
from stillroom_core.mail.service import can_mail
from stillroom_core.notifications import service
from stillroom_core.tenancy import narrow

router = APIRouter(prefix="/api/me/notifications", tags=["notifications"])


class NotifiedPlace(BaseModel):
    """A project by its names."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    slug: str
    name: str


class ChoiceRead(BaseModel):
    """What I am told of in a project, or (without one) in all that have no choice of their own."""

    project: NotifiedPlace | None
    events: list[Happening]
    own_jobs_only: bool
    chosen: bool = Field(description="by me; else it follows from the choice for all, or is what everybody begins with")


class NotifiedOrganization(BaseModel):
    """My choices in one organization; the first is for all its projects."""

    slug: str
    name: str
    choices: list[ChoiceRead]


class Notifications(BaseModel):
    """My choices everywhere, and whether this installation sends e-mail at all."""

    mail: bool
    events: list[Happening] = Field(description="what can be chosen")
    organizations: list[NotifiedOrganization]


class ChoiceNew(BaseModel):
    """A choice to keep; without events what was chosen is forgotten."""

    model_config = ConfigDict(extra="forbid")

    organization: Annotated[str, Field(max_length=63)]
    project: Annotated[str | None, Field(max_length=63)] = None
    events: frozenset[Happening] | None = None
    own_jobs_only: bool = False


@router.get("")
async def list_notifications(session: Transaction, person: Person) -> Notifications:
    """What I am told of."""
    return await _all(session, await actors_of(session, person))


@router.put("")
async def choose_notification(body: ChoiceNew, session: Transaction, person: Person) -> Notifications:
    """Keeps or forgets one choice; answers with all of them."""
    actor = await actor_in(session, person, slug=body.organization)
    await service.choose(session, actor, body.project, body.events, own_jobs_only=body.own_jobs_only)
    found = await _all(session, await actors_of(session, person))
    await narrow(session, actor.organization_id)  # where the act is told
    return found


async def _all(session: Transaction, actors: list[Actor]) -> Notifications:
    found = []
    for actor in actors:
        await narrow(session, actor.organization_id)
        choices = await service.choices_of(session, actor)
        found.append(
            NotifiedOrganization(
                slug=actor.organization_slug,
                name=actor.organization_name,
                choices=[
                    ChoiceRead(
                        project=NotifiedPlace.model_validate(choice.project) if choice.project else None,
                        events=[Happening(one) for one in choice.events],
                        own_jobs_only=choice.own_jobs_only,
                        chosen=choice.chosen,
                    )
                    for choice in choices
                ],
            )
        )
    return Notifications(mail=can_mail(), events=list(service.BY_MAIL), organizations=found)
