"""First data of an installation: `python -m stillroom_core.bootstrap`, with JSON on standard input.

{"administrator": {"email", "name", "password"}, "sample": {"organization": {"slug", "name"},
 "project": {…fields of a project…}, "environments": [{…fields of an environment…, "databases": [{…}]}]}}

What exists already stays as it is, so every start may run it. Secrets come on standard input because
arguments are readable by every process of the machine.
"""

import asyncio
import json
import sys
from typing import Any

from sqlalchemy import select

from stillroom_core.actors.repository import actor_in
from stillroom_core.database import Database, Session
from stillroom_core.databases.service import create_database
from stillroom_core.environments.service import create_environment
from stillroom_core.jobs.queue import take_rings
from stillroom_core.keys import new_key
from stillroom_core.members.models import Membership, User
from stillroom_core.organizations.models import Organization
from stillroom_core.organizations.service import create_organization
from stillroom_core.projects.repository import ProjectRepository
from stillroom_core.projects.service import create_project
from stillroom_core.sessions.passwords import hash_password
from stillroom_core.sessions.service import normalized_email
from stillroom_core.staff.service import begin_with


async def bootstrap(session: Session, content: dict[str, Any]) -> dict[str, bool]:
    """Creates what is missing; tells what was created."""
    person, made_person = await _administrator(session, content["administrator"])
    await begin_with(session, person)
    made_project = False
    if sample := content.get("sample"):
        organization = await _organization(session, sample["organization"], person)
        actor = await actor_in(session, person, key=organization.id, even_barred=True)
        repository = ProjectRepository(session, organization.id)
        if not await repository.taken(sample["project"]["slug"]):
            made_project = True
            project = await create_project(session, actor, sample["project"])
            for fields in sample["environments"]:
                plain = {name: value for name, value in fields.items() if name != "databases"}
                environment = await create_environment(session, actor, project, plain)
                for database in fields.get("databases", []):
                    await create_database(session, actor, environment, database)
    take_rings(session)  # no worker runs yet: the sweeper finds what waits
    return {"administrator": made_person, "sample": made_project}


async def _administrator(session: Session, fields: dict[str, Any]) -> tuple[User, bool]:
    email = normalized_email(fields["email"])
    found = await session.scalar(select(User).where(User.email == email))
    if found is not None:
        return found, False
    person = User(
        id=new_key(),
        email=email,
        name=fields.get("name") or email.partition("@")[0],
        password_hash=await hash_password(fields["password"]),
        theme="system",
        token_version=0,
        recovery_hashes=[],
    )
    session.add(person)
    await session.flush()
    return person, True


async def _organization(session: Session, fields: dict[str, Any], owner: User) -> Organization:
    found = await session.scalar(select(Organization).where(Organization.slug == fields["slug"]))
    if found is None:
        found = await create_organization(session, fields["slug"], fields["name"])
    if await session.get(Membership, (found.id, owner.id)) is None:
        session.add(Membership(organization_id=found.id, user_id=owner.id, role="owner"))
        await session.flush()
    return found


async def _main() -> None:
    content = json.load(sys.stdin)
    database = Database.from_settings(pool_size=1)
    try:
        async with database.everything() as session:
            made = await bootstrap(session, content)
    finally:
        await database.close()
    sys.stdout.write(json.dumps(made) + "\n")


if __name__ == "__main__":
    asyncio.run(_main())
