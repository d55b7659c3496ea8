"""The worker looks at the repository of a project to be, and tests its database."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from stillroom_core.actors.repository import actor_in
from stillroom_core.jobs.queue import LOOK_AT_SETUP, TEST_DATABASE
from stillroom_core.members.models import User
from stillroom_core.projects.models import Project
from stillroom_core.setups import service
from stillroom_core.setups.models import Setup
from stillroom_testing.jobs_scene import two_tables
from stillroom_testing.ssh_server import needs_sshd, serving_ssh, tunnels
from stillroom_testing.waiting import until
from stillroom_worker.look_at_setup import look_at_setup
from stillroom_worker.sweep import sweep
from stillroom_worker.try_database import try_database


async def began(scene: Any, **content: Any) -> Setup:
    async with scene.room.database.everything() as session:
        person = (await session.scalars(select(User))).one()
        actor = await actor_in(session, person, slug="demo")
        return await service.begin_setup(session, actor, {"git_url": str(scene.repository), **content})


async def now(scene: Any, key: UUID) -> Setup:
    async with scene.room.database.everything() as session:
        return await session.get_one(Setup, key)


async def looked(scene: Any, **content: Any) -> Setup:
    setup = await began(scene, **content)
    await look_at_setup(scene.room, setup.id)
    return await now(scene, setup.id)


async def with_database(scene: Any, setup: Setup, **database: Any) -> Setup:
    target = scene.target
    content = {
        "host": target.host,
        "port": target.port,
        "database": target.database,
        "username": target.user,
        "password": target.password,
        "sslmode": "disable",
        **database,
    }
    async with scene.room.database.everything() as session:
        await service.request_test(session, await session.get_one(Setup, setup.id), content)
    await try_database(scene.room, setup.id)
    return await now(scene, setup.id)


async def test_chain_packages_python_and_templates_are_found_on_the_default_branch(scene: Any) -> None:
    scene.commit(two_tables())
    setup = await looked(scene)
    assert setup.look_state == "idle", setup.look_error
    assert setup.findings is not None
    assert setup.findings["commit"]["ref"] == "main"
    (chain,) = setup.findings["chains"]
    assert (chain["kind"], chain["config_file"], chain["files"]) == ("ini", "alembic.ini", 2)
    assert (chain["packages"], chain["drivers"], chain["packages_error"]) == ("requirements.txt", ["psycopg"], None)
    assert chain["python"]
    (proposal,) = chain["proposals"]
    assert (proposal["name"], proposal["value"]) == ("DATABASE_URL", "{{url:psycopg}}")
    assert proposal["path"] == "migrations/env.py"


async def test_a_failed_look_says_why_and_a_corrected_address_is_looked_at_anew(scene: Any) -> None:
    scene.commit(two_tables())
    setup = await looked(scene, git_ref="nowhere")
    assert setup.look_error is not None
    assert (setup.look_state, setup.look_error["code"]) == ("failed", "unknown_ref")
    assert setup.look_error["fix"]
    async with scene.room.database.everything() as session:
        await service.change_setup(session, await session.get_one(Setup, setup.id), {"git_ref": None})
    assert [ring.key for ring in scene.queue.rings if ring.task == LOOK_AT_SETUP] == [setup.id, setup.id]
    await look_at_setup(scene.room, setup.id)
    assert (await now(scene, setup.id)).findings is not None


async def test_a_repository_without_alembic_is_told(scene: Any) -> None:
    scene.repository.joinpath("README.md").write_text("nothing here")
    setup = await looked(scene)
    assert setup.look_error is not None
    assert setup.look_error["code"] == "no_alembic"


async def test_a_lost_ring_or_worker_is_made_good_by_the_sweeper(scene: Any) -> None:
    from sqlalchemy import func, update

    scene.commit(two_tables())
    setup = await began(scene)
    async with scene.room.database.everything() as session:
        long_ago = func.now() - func.make_interval(0, 0, 0, 0, 1)
        await session.execute(update(Setup).values(look_state="running", look_requested_at=long_ago))
    scene.queue.rings.clear()
    await sweep(scene.room)
    assert (LOOK_AT_SETUP, setup.id) in [(ring.task, ring.key) for ring in scene.queue.rings]
    async with scene.room.database.everything() as session:
        await session.execute(update(Setup).values(touched_at=func.now() - func.make_interval(0, 0, 0, 31)))
    await sweep(scene.room)
    async with scene.room.database.everything() as session:
        assert (await session.scalars(select(Setup))).all() == []


async def test_the_database_says_what_it_is_and_what_the_user_may_do(scene: Any) -> None:
    scene.commit(two_tables())
    setup = await with_database(scene, await looked(scene))
    assert setup.test_state == "idle", setup.test_error
    assert setup.server is not None
    assert setup.server["creates_tables"] is True
    assert setup.server["version"]
    assert "plpgsql" in [extension["name"] for extension in setup.server["extensions"]]
    assert (TEST_DATABASE, setup.id) in [(ring.task, ring.key) for ring in scene.queue.rings]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"password": "no"}, "auth_failed"),
        ({"database": "nowhere"}, "no_such_database"),
        ({"port": 1}, "connect_failed"),
    ],
)
async def test_a_database_that_cannot_be_used_is_told_with_the_way_out(
    scene: Any, wrong: dict[str, Any], code: str
) -> None:
    scene.commit(two_tables())
    setup = await with_database(scene, await looked(scene), **wrong)
    assert setup.test_error is not None
    assert (setup.test_state, setup.test_error["code"]) == ("failed", code)
    assert setup.test_error["fix"]
    assert scene.target.password not in str(setup.test_error)


async def test_the_project_the_environment_and_the_database_are_made_together(scene: Any) -> None:
    scene.commit(two_tables())
    setup = await with_database(scene, await looked(scene))
    async with scene.room.database.everything() as session:
        person = (await session.scalars(select(User))).one()
        actor = await actor_in(session, person, slug="demo")
        made = await service.finish_setup(
            session,
            actor,
            await session.get_one(Setup, setup.id),
            project={"slug": "second", "name": "Second", "config_file": "alembic.ini", "config_section": "alembic"},
            environment={
                "slug": "dev",
                "name": "Dev",
                "variables": [{"name": "DATABASE_URL", "value": "{{url:psycopg}}"}],
            },
            database="main",
        )
    ended = await now(scene, setup.id)
    assert (ended.project_id, ended.password_sealed) == (made.id, None)
    async with scene.room.database.everything() as session:
        await session.delete(await session.get_one(Project, made.id))


async def with_key(scene: Any, setup: Setup) -> str:
    """Makes a key for an SSH server; gives its public half."""
    async with scene.room.database.everything() as session:
        row = await session.get_one(Setup, setup.id)
        await service.make_key(session, row)
        assert row.tunnel_public_key is not None
        return row.tunnel_public_key


@needs_sshd
async def test_a_database_behind_an_ssh_server_is_tested_through_it_once_the_made_key_is_let_in(
    scene: Any, tmp_path: Path
) -> None:
    scene.commit(two_tables())
    setup = await looked(scene)
    public = await with_key(scene, setup)
    with serving_ssh(tmp_path / "sshd") as server:
        tunnel = {"host": "127.0.0.1", "port": server.port, "user": server.user, "host_key": server.host_key}
        early = await with_database(scene, setup, host="localhost", tunnel=tunnel)
        assert early.test_error is not None
        assert (early.test_state, early.test_error["code"]) == ("failed", "tunnel_key_refused")
        assert "authorized_keys" in early.test_error["fix"]
        with (tmp_path / "sshd" / "authorized_keys").open("a") as keys:
            keys.write(f"restrict,port-forwarding {public}\n")
        found = await with_database(scene, setup, host="localhost", tunnel=tunnel)
    assert found.test_state == "idle", found.test_error
    assert found.server is not None
    assert found.server["heads"] == []
    await until(lambda: tunnels() == [])


async def test_an_ssh_server_that_is_not_there_is_told_as_that_and_the_database_is_not_sought_elsewhere(
    scene: Any,
) -> None:
    scene.commit(two_tables())
    setup = await looked(scene)
    await with_key(scene, setup)
    host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    tunnel = {"host": "127.0.0.1", "port": 1, "user": "nobody", "host_key": host_key}
    found = await with_database(scene, setup, tunnel=tunnel)
    assert found.test_error is not None
    assert (found.test_state, found.test_error["code"]) == ("failed", "tunnel_unreachable")
    assert found.server is None
