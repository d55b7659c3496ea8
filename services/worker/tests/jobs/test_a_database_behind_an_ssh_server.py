"""Whole jobs on a database that is reached through an SSH server, and whatever else looks at it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from stillroom_core.catalogues.models import Catalogue
from stillroom_core.databases.models import Database
from stillroom_core.jobs.lifecycle import JobState
from stillroom_testing.jobs_scene import revision, two_tables
from stillroom_testing.ssh_server import SshServer, make_key, needs_sshd, serving_ssh, tunnels
from stillroom_testing.waiting import until
from stillroom_worker.catalogue.keep import refresh_catalogue
from stillroom_worker.run_job import run_job

pytestmark = needs_sshd
LONG = revision("aaa1", None, 'op.execute("select pg_sleep(62)")')
WORKING = "select count(*) from pg_stat_activity where query like 'select pg_sleep(62)%' and state = 'active'"
# Only the SSH server takes this for itself.
UNKNOWN_HERE = "localhost"


@pytest.fixture
def ssh_server(tmp_path: Path) -> Iterator[SshServer]:
    with serving_ssh(tmp_path / "sshd") as server:
        yield server


async def tunnelled(scene: Any, server: SshServer, **changes: Any) -> None:
    """The environment's databases are reached through this server from now on."""
    place = {"host": "127.0.0.1", "port": server.port, "user": server.user, "host_key": server.host_key}
    await scene.set_environment(tunnel={**place, "private_key": server.private_key, **changes})
    async with scene.room.database.everything() as session:
        await session.execute(update(Database).values(host=UNKNOWN_HERE))


async def test_an_upgrade_runs_through_the_tunnel_and_leaves_no_ssh_and_no_word_of_the_key(
    scene: Any, ssh_server: SshServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await tunnelled(scene, ssh_server)
    assert (await scene.read()).heads == []
    done = await scene.run("upgrade", "head")
    assert done.job.state == JobState.SUCCEEDED, (done.job.error, done.told)
    assert done.job.heads_after == ["bbb2"]
    assert scene.ask("select to_regclass('b') is not null")
    await until(lambda: tunnels() == [])
    secret = ssh_server.private_key.splitlines()[2]
    assert secret not in done.told
    assert secret not in caplog.text + "".join(capfd.readouterr())


async def test_a_cancel_reaches_a_long_statement_through_the_tunnel(scene: Any, ssh_server: SshServer) -> None:
    scene.commit({"aaa1": LONG})
    await scene.fetch()
    await tunnelled(scene, ssh_server)
    key = await scene.queue_job("upgrade", "head")
    running = asyncio.create_task(run_job(scene.room, key))
    await until(lambda: scene.ask(WORKING) == 1)
    await scene.cancel(key)
    await asyncio.wait_for(running, 30)
    done = await scene.finished(key)
    assert done.job.state == JobState.CANCELLED, done.job.error
    await until(lambda: scene.ask(WORKING) == 0)
    await until(lambda: tunnels() == [])


async def test_an_ssh_server_that_dies_in_mid_migration_leaves_a_job_that_knows_what_it_does_not_know(
    scene: Any, tmp_path: Path
) -> None:
    scene.commit({"aaa1": two_tables()["aaa1"], "bbb2": LONG.replace("'aaa1'", "'bbb2'").replace("None", "'aaa1'", 1)})
    await scene.fetch()
    with serving_ssh(tmp_path / "mortal") as mortal:
        await tunnelled(scene, mortal)
        key = await scene.queue_job("upgrade", "head")
        running = asyncio.create_task(run_job(scene.room, key))
        await until(lambda: scene.ask(WORKING) == 1)
        mortal.break_off()
        await asyncio.wait_for(running, 60)
    done = await scene.finished(key)
    assert done.job.state == JobState.FAILED
    assert done.job.outcome["code"] == "unknown"
    assert "The SSH server is not reachable." in done.told
    assert not (await scene.database()).trusted
    assert tunnels() == []


@pytest.mark.parametrize(
    ("spoil", "code"),
    [("host_key", "tunnel_host_key"), ("private_key", "tunnel_key_refused"), ("port", "tunnel_unreachable")],
)
async def test_a_job_whose_tunnel_does_not_come_about_ends_before_it_has_touched_anything(
    scene: Any, ssh_server: SshServer, tmp_path: Path, spoil: str, code: str
) -> None:
    other = make_key(tmp_path / "other")
    spoilt = {
        "host_key": other.with_suffix(".pub").read_text(),
        "private_key": other.read_text(),
        "port": 1,
    }
    scene.commit(two_tables())
    await scene.fetch()
    await tunnelled(scene, ssh_server, **{spoil: spoilt[spoil]})
    done = await scene.run("upgrade", "head")
    assert (done.job.state, done.code) == (JobState.FAILED, code)
    assert done.job.outcome["code"] == "failed_before_start"
    assert (await scene.read()).read_error["code"] == code


async def test_an_ssh_server_in_a_network_that_is_not_allowed_is_refused(
    scene: Any, ssh_server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await tunnelled(scene, ssh_server)
    monkeypatch.setattr(scene.room.settings, "development", False)
    monkeypatch.setattr(scene.room.settings, "allowed_networks", "")
    database = await scene.read()
    assert database.read_error["code"] == "address_refused"
    assert "SSH server" in database.read_error["title"]


async def test_the_catalogue_is_read_through_the_tunnel(scene: Any, ssh_server: SshServer) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await tunnelled(scene, ssh_server)
    await refresh_catalogue(scene.room, (await scene.database()).id)
    async with scene.room.database.everything() as session:
        assert await session.scalar(select(Catalogue.id)) is not None
    await until(lambda: tunnels() == [])
