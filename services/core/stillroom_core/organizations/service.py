"""Making organizations: the one place, because the first rule of having several is that walls stand between them."""

from sqlalchemy import func, select

from stillroom_core.database import Session
from stillroom_core.errors import Conflict
from stillroom_core.keys import new_key
from stillroom_core.organizations.models import Organization
from stillroom_core.settings import get_settings
from stillroom_core.tenancy import everything


async def create_organization(session: Session, slug: str, name: str) -> Organization:
    """Adds an organization; raises Conflict where jobs may run without walls and there is one already."""
    if get_settings().sandbox == "bare" and await count_organizations(session):
        raise Conflict(
            "single_tenant",
            "This installation is for one organization.",
            detail="Its jobs may run without isolation (STILLROOM_SANDBOX=bare): code of one organization could read "
            "the secrets of another.",
            fix="Set STILLROOM_SANDBOX to bwrap or landlock for every process, and start them again.",
        )
    made = Organization(id=new_key(), slug=slug, name=name)
    session.add(made)
    await session.flush()
    return made


async def count_organizations(session: Session) -> int:
    """How many there are, in the whole installation."""
    async with everything(session):
        return int(await session.scalar(select(func.count()).select_from(Organization)) or 0)
