"""Setups: a project to be, step by step; the workers look, the api only asks and shows."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from stillroom_api.authorization import in_organization
from stillroom_api.context import ContextOf, Transaction
from stillroom_api.environments.looking import host_keys
from stillroom_api.environments.schemas import HostKeys, HostKeysAsk
from stillroom_api.projects.schemas import ProjectRead
from stillroom_api.setups.schemas import FinishRequest, SetupChanges, SetupNew, SetupRead, Setups, TestRequest
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.setups import service

router = APIRouter(prefix="/api/orgs/{org}/setups", tags=["setups"])

Adding = Annotated[Actor, in_organization(Permission.PROJECT_CREATE)]


@router.get("")
async def list_setups(session: Transaction, actor: Adding) -> Setups:
    """What I have begun here and not finished, the latest first."""
    return Setups(items=[SetupRead.of(setup) for setup in await service.open_setups(session, actor)])


@router.post("", status_code=201)
async def begin_setup(body: SetupNew, session: Transaction, actor: Adding) -> SetupRead:
    """Begins to add a project: a worker looks at the repository at once; poll the setup to see what it found."""
    made = await service.begin_setup(session, actor, body.model_dump())
    await session.refresh(made)
    return SetupRead.of(made)


@router.get("/{setup}")
async def read_setup(setup: UUID, session: Transaction, actor: Adding) -> SetupRead:
    """One setup of mine."""
    return SetupRead.of(await service.find_setup(session, actor, setup))


@router.patch("/{setup}")
async def change_setup(setup: UUID, body: SetupChanges, session: Transaction, actor: Adding) -> SetupRead:
    """Keeps what was typed; another address, ref or credential is looked at anew."""
    found = await service.find_setup(session, actor, setup, held=True)
    await service.change_setup(session, found, body.given())
    await session.refresh(found)
    return SetupRead.of(found)


@router.delete("/{setup}", status_code=204)
async def discard_setup(setup: UUID, session: Transaction, actor: Adding) -> None:
    """Forgets a setup; a project that was made of it stays."""
    await service.discard_setup(session, actor, await service.find_setup(session, actor, setup))


@router.post("/{setup}/look", status_code=202)
async def look_setup(setup: UUID, session: Transaction, actor: Adding) -> SetupRead:
    """Looks at the repository again."""
    found = await service.find_setup(session, actor, setup, held=True)
    service.request_look(session, found)
    await session.flush()
    await session.refresh(found)
    return SetupRead.of(found)


@router.post("/{setup}/test", status_code=202)
async def test_database(setup: UUID, body: TestRequest, session: Transaction, actor: Adding) -> SetupRead:
    """Signs in to a database and reads what it is and what the user may do there; nothing is changed in it."""
    found = await service.find_setup(session, actor, setup, held=True)
    await service.request_test(session, found, body.model_dump())
    await session.flush()
    await session.refresh(found)
    return SetupRead.of(found)


@router.post("/{setup}/host-keys", response_model=HostKeys)
async def ask_host_keys(
    setup: UUID, body: HostKeysAsk, session: Transaction, context: ContextOf, actor: Adding
) -> Response:
    """Asks an SSH server for its host keys, to be compared by a person; nothing is stored or trusted by asking."""
    await service.find_setup(session, actor, setup)
    return await host_keys(context, actor, body)


@router.post("/{setup}/key")
async def make_setup_key(setup: UUID, session: Transaction, actor: Adding) -> SetupRead:
    """Makes a key for an SSH server, in the place of one that was there; its public half is to be put there."""
    found = await service.find_setup(session, actor, setup, held=True)
    await service.make_key(session, found)
    await session.refresh(found)
    return SetupRead.of(found)


@router.post("/{setup}/finish", status_code=201)
async def finish_setup(setup: UUID, body: FinishRequest, session: Transaction, actor: Adding) -> ProjectRead:
    """Makes the project, its first environment and its database, all or none; its first fetch starts at once."""
    found = await service.find_setup(session, actor, setup, held=True)
    project = await service.finish_setup(
        session,
        actor,
        found,
        project=body.project.model_dump(),
        environment=body.environment.model_dump() if body.environment else None,
        database=body.database,
    )
    await session.refresh(project)
    return ProjectRead.of(project, None, actor)
