"""The signed-in person: who they are and how they like the pages."""

from fastapi import APIRouter

from stillroom_api.authorization import Caller, Person
from stillroom_api.context import Transaction
from stillroom_api.members.schemas import Me, MeChanges, OrganizationOfMine
from stillroom_core.actors.repository import actors_of
from stillroom_core.database import Session
from stillroom_core.members.models import User
from stillroom_core.members.service import change_person
from stillroom_core.staff.service import is_staff

router = APIRouter(prefix="/api/me", tags=["members"])


@router.get("")
async def me(person: Caller, session: Transaction) -> Me:
    """Who I am, and the organizations that I belong to."""
    return await _me(session, person)


@router.patch("")
async def change_me(body: MeChanges, person: Person, session: Transaction) -> Me:
    """Changes my name, language or theme."""
    await change_person(session, person, body.model_dump(exclude_unset=True))
    return await _me(session, person)


async def _me(session: Session, person: User) -> Me:
    return Me.model_validate(
        {
            "id": person.id,
            "email": person.email,
            "name": person.name,
            "locale": person.locale,
            "theme": person.theme,
            "staff": await is_staff(session, person),
            "organizations": [
                OrganizationOfMine(
                    id=actor.organization_id,
                    slug=actor.organization_slug,
                    name=actor.organization_name,
                    role=actor.role,
                    second_factor_missing=actor.barred,
                    permissions=sorted(actor.permissions()),
                )
                for actor in await actors_of(session, person)
            ],
        }
    )
