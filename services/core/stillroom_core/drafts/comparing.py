"""The database that models are compared with: its code runs against it, so that takes a right there."""

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.databases.service import find_database
from stillroom_core.drafts.models import DraftKind
from stillroom_core.environments.service import find_environment
from stillroom_core.projects.models import Project


async def database_to_compare(
    session: Session, actor: Actor, project: Project, kind: DraftKind, environment: str | None, database: str | None
) -> Database | None:
    """The named database, or the only one of the environment; None where nothing is compared or named.

    Raises NotFound, Invalid, and Forbidden for who may not check databases there.
    """
    if kind is not DraftKind.AUTOGENERATE or environment is None:
        return None
    place = await find_environment(session, actor, project, environment)
    actor.check(Permission.JOB_PLAN, project.id, place)
    return await find_database(session, actor, place, database)
