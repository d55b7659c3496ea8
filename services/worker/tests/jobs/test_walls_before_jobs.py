"""No job runs behind weaker walls than the operator asked for, and none beside another organization's without any."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from stillroom_core.errors import Conflict
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.presence import isolation_of_workers
from stillroom_core.jobs.queue import RUN_JOB, CeleryQueue, Ring
from stillroom_core.keys import new_key
from stillroom_core.organizations.models import Organization
from stillroom_core.organizations.service import create_organization
from stillroom_core.settings import get_settings
from stillroom_testing.jobs_scene import revision, two_tables
from stillroom_worker.sandbox import Level


async def test_a_worker_below_its_level_ends_with_words_and_takes_nothing_from_the_queue(
    scene: Any, installation: dict[str, str], tmp_path: Path
) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    await CeleryQueue(get_settings()).send([Ring(RUN_JOB, key)])
    waiting = await scene.room.redis.llen("stillroom")
    assert waiting > 0
    words = ("-m", "celery", "-A", "stillroom_worker.app", "worker", "--concurrency", "1")
    worker = subprocess.run(
        [sys.executable, *words],
        # Nothing on PATH: no bubblewrap.
        env={**os.environ, **installation, "STILLROOM_SANDBOX": "bwrap", "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert worker.returncode == 1
    assert "bwrap: bubblewrap is not installed. Install bubblewrap" in worker.stderr
    assert await scene.room.redis.llen("stillroom") == waiting
    async with scene.room.database.everything() as session:
        assert (await session.get_one(Job, key)).state == "queued"
    assert (await isolation_of_workers(scene.room.redis))["refused"] >= 1
    await scene.room.redis.delete("stillroom")


async def test_a_second_organization_is_refused_where_jobs_may_run_without_walls(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "sandbox", "bare")
    async with scene.room.database.everything() as session:
        with pytest.raises(Conflict, match="for one organization") as refused:
            await create_organization(session, "second", "Second")
        assert "STILLROOM_SANDBOX" in refused.value.fix
        assert len(list(await session.scalars(select(Organization)))) == 1
    monkeypatch.setattr(get_settings(), "sandbox", "landlock")
    async with scene.room.database.everything() as session:
        made = await create_organization(session, "second", "Second")
        await session.delete(made)


async def test_a_worker_without_walls_runs_no_code_where_there_are_two_organizations(scene: Any) -> None:
    trap = 'open("/tmp/stillroom-walls-trap", "w").close()'
    computed = revision("aaa1", None, "pass", head=trap).replace("revision = 'aaa1'", "revision = 'a' * 4")
    scene.commit(two_tables())
    await scene.fetch()
    scene.room.level = Level.BARE
    async with scene.room.database.everything() as session:
        session.add(Organization(id=new_key(), slug="second", name="Second"))
    try:
        done = await scene.run("upgrade", "head")
        assert (done.job.state, done.code) == ("failed", "isolation_too_weak")
        assert done.job.outcome["code"] == "failed_before_start"
        scene.commit({"aaa1": computed})
        project = await scene.fetch()
        assert project.fetch_error["code"] == "isolation_too_weak"
    finally:
        async with scene.room.database.everything() as session:
            await session.execute(delete(Organization).where(Organization.slug == "second"))
    assert not Path("/tmp/stillroom-walls-trap").exists()
    assert (await scene.run("upgrade", "head")).job.state == "succeeded"
