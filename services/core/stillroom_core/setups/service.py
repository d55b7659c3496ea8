"""A project to be: looked at by the workers, its database tested, and made in one step at the end."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func

from stillroom_core.actors.actor import Actor
from stillroom_core.database import Session
from stillroom_core.databases.client_certificate import check_pair, check_sslmode
from stillroom_core.databases.service import check_place, create_database
from stillroom_core.environments.service import create_environment
from stillroom_core.errors import Conflict, Throttled
from stillroom_core.jobs.queue import LOOK_AT_SETUP, TEST_DATABASE, Ring, ring_after_commit
from stillroom_core.keys import new_key
from stillroom_core.projects.git_address import check_git_ref, parse_git_url
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import create_project
from stillroom_core.sealing import Address, seal, unseal
from stillroom_core.settings import get_settings
from stillroom_core.setups.models import Setup
from stillroom_core.setups.repository import SetupRepository
from stillroom_core.setups.tunnel import make_tunnel_key, take_tunnel, tunnel_for_project

# Each may have a repository fetched and a database signed in to: nobody needs more at once. The page lists them all.
MOST_OF_PERSON = 20
MOST_OF_ORGANIZATION = 100
_LOOK_AGAIN = frozenset({"git_url", "git_ref", "credential"})


async def open_setups(session: Session, actor: Actor) -> Sequence[Setup]:
    """What this person has begun and not finished."""
    return await SetupRepository(session, actor.organization_id, actor.user_id).open_ones(MOST_OF_PERSON)


async def find_setup(session: Session, actor: Actor, key: UUID, *, held: bool = False) -> Setup:
    """One setup of this person; raises NotFound."""
    return await SetupRepository(session, actor.organization_id, actor.user_id).by_id(key, held=held)


async def begin_setup(session: Session, actor: Actor, content: Mapping[str, Any]) -> Setup:
    """Begins a setup and asks a worker to look at the repository.

    Raises Invalid for what git must not get, Throttled where too many were begun and not finished.
    """
    repository = SetupRepository(session, actor.organization_id, actor.user_id)
    _check_room(*await repository.count_open())
    setup = Setup(id=new_key(), choices={}, test_state="idle")
    repository.add(setup)
    _apply(setup, content)
    request_look(session, setup)
    await session.flush()
    return setup


async def change_setup(session: Session, setup: Setup, changes: Mapping[str, Any]) -> Setup:
    """Keeps what was typed; another address, ref or credential is looked at anew."""
    _check_open(setup)
    _apply(setup, changes)
    setup.touched_at = func.now()
    if _LOOK_AGAIN & changes.keys():
        setup.findings = None
        request_look(session, setup)
    await session.flush()
    return setup


def request_look(session: Session, setup: Setup) -> None:
    """Asks the workers to fetch the repository and see what it holds; asking twice looks once."""
    _check_open(setup)
    setup.look_state = "waiting"
    setup.look_error = None
    setup.look_requested_at = func.clock_timestamp()
    ring_after_commit(session, Ring(LOOK_AT_SETUP, setup.id))


async def request_test(session: Session, setup: Setup, database: Mapping[str, Any]) -> None:
    """Asks the workers to sign in to a database and say what they find.

    A password that is left out is kept, and so are the keys of a client certificate and of an SSH server.
    """
    _check_open(setup)
    plain = dict(database)
    tunnel = plain.pop("tunnel", None)
    await check_place(database["host"], database["port"], database["database"], tunnelled=tunnel is not None)
    await take_tunnel(setup, tunnel)
    password = plain.pop("password", None)
    if password is not None:
        setup.password_sealed = seal(setup_address(setup, "password"), password) if password else None
    key = plain.pop("client_key", None) or client_key_of_setup(setup)
    if certificate := plain.get("client_certificate"):
        check_pair(certificate, key)
        check_sslmode(plain["sslmode"])
    setup.client_key_sealed = seal(setup_address(setup, "client_key"), key) if certificate else None
    setup.database = plain
    setup.server = None
    setup.test_state = "waiting"
    setup.test_error = None
    setup.test_requested_at = func.clock_timestamp()
    ring_after_commit(session, Ring(TEST_DATABASE, setup.id))


async def make_key(session: Session, setup: Setup) -> None:
    """Makes the key for an SSH server; its public half is for whoever runs that server."""
    _check_open(setup)
    make_tunnel_key(setup)
    setup.touched_at = func.now()
    await session.flush()


async def finish_setup(
    session: Session,
    actor: Actor,
    setup: Setup,
    *,
    project: Mapping[str, Any],
    environment: Mapping[str, Any] | None,
    database: str | None,
) -> Project:
    """Makes the project, and with it its first environment and database, in one transaction.

    The database is the one that was sent to be tested last, under the name `database`; None leaves it out. It is
    reached as it was for the test.
    Raises Conflict where the setup has ended already or the repository was not read, and what the makers raise.
    """
    _check_open(setup)
    if setup.findings is None:
        raise Conflict(
            "not_looked_at",
            "The repository was not read yet.",
            fix="Wait until it was, or correct its address.",
        )
    commit = setup.findings["commit"]
    made = await create_project(
        session,
        actor,
        {
            **project,
            "git_url": setup.git_url,
            "git_ref": setup.git_ref or commit["ref"],
            "credential": credential_of_setup(setup),
        },
    )
    if environment is not None:
        tested = database is not None and setup.database is not None
        tunnel = tunnel_for_project(setup, environment.get("tunnel"), tested=tested)
        place = await create_environment(session, actor, made, {**environment, "tunnel": tunnel})
        if database is not None and setup.database is not None:
            secrets = {"password": password_of_setup(setup), "client_key": client_key_of_setup(setup)}
            content = {**setup.database, "name": database, **secrets}
            await create_database(session, actor, place, content)
    setup.project_id = made.id
    setup.touched_at = func.now()
    # The project has its own copies now.
    setup.credential_sealed = setup.password_sealed = setup.client_key_sealed = setup.tunnel_key_sealed = None
    await session.flush()
    return made


async def discard_setup(session: Session, actor: Actor, setup: Setup) -> None:
    """Forgets what was typed."""
    await SetupRepository(session, actor.organization_id, actor.user_id).delete(setup)


def credential_of_setup(setup: Setup) -> dict[str, str] | None:
    """The git credential in clear, for the worker and for the project to be; never for the API's answers."""
    if setup.credential_sealed is None:
        return None
    content: dict[str, str] = json.loads(unseal(setup_address(setup, "git_credential"), setup.credential_sealed))
    return content


def password_of_setup(setup: Setup) -> str:
    """The database's password in clear, likewise."""
    if setup.password_sealed is None:
        return ""
    return unseal(setup_address(setup, "password"), setup.password_sealed)


def client_key_of_setup(setup: Setup) -> str:
    """The key of the database's client certificate in clear, likewise."""
    if setup.client_key_sealed is None:
        return ""
    return unseal(setup_address(setup, "client_key"), setup.client_key_sealed)


def _check_room(mine: int, all_of_them: int) -> None:
    if mine >= MOST_OF_PERSON:
        raise Throttled(
            "too_many_setups",
            f"You have begun {mine} projects and not finished them.",
            detail=f"One person may have {MOST_OF_PERSON} open at once.",
            fix="Finish or discard some of them; what nobody touches is forgotten after 30 days.",
            params={"most": MOST_OF_PERSON},
        )
    if all_of_them >= MOST_OF_ORGANIZATION:
        raise Throttled(
            "too_many_setups",
            f"{all_of_them} projects of this organization were begun and not finished.",
            detail=f"An organization may have {MOST_OF_ORGANIZATION} open at once.",
            fix="Ask your colleagues to finish or discard theirs; what nobody touches is forgotten after 30 days.",
            params={"most": MOST_OF_ORGANIZATION},
        )


def _check_open(setup: Setup) -> None:
    if setup.project_id is not None:
        raise Conflict(
            "setup_ended",
            "This project was added already.",
            fix="Open the project; its settings are where it is changed now.",
            params={"project": str(setup.project_id)},
        )


def _apply(setup: Setup, changes: Mapping[str, Any]) -> None:
    if "git_url" in changes:
        parse_git_url(changes["git_url"], allow_local=get_settings().development)
        setup.git_url = changes["git_url"]
    if "git_ref" in changes:
        setup.git_ref = check_git_ref(changes["git_ref"]) if changes["git_ref"] else None
    if "choices" in changes:
        setup.choices = changes["choices"]
    if "credential" in changes:
        value = changes["credential"]
        setup.credential_sealed = seal(setup_address(setup, "git_credential"), json.dumps(value)) if value else None


def setup_address(setup: Setup, field: str) -> Address:
    """What a sealed field is bound to: `git_credential`, `password` or `client_key`."""
    return Address(setup.organization_id, setup.id, f"setup_{field}")
