"""However much is printed, the beginning and the end are kept, and the middle is counted; old logs are removed."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from stillroom_core.jobs.feed import read_events
from stillroom_core.jobs.models import Job, JobEvent
from stillroom_core.jobs.retention import remove_old_logs
from stillroom_core.tables import now
from stillroom_testing.jobs_scene import Finished, Scene, revision, two_tables
from stillroom_worker import job_lines
from stillroom_worker.excerpt import Bounds
from stillroom_worker.sweep import sweep

LINES = 100_000
LOUD = f"""
    op.execute("create table a ()")
    for number in range({LINES}):
        print(number)
    op.execute("create table b ()")
"""


def printed(done: Finished) -> list[int]:
    return [int(event.data["text"]) for event in done.events if event.data.get("stream") == "stdout"]


async def test_the_beginning_and_the_end_are_kept_and_the_middle_is_counted(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_lines, "_OUTPUT", Bounds(1000, 1_000_000, 200, 100_000))
    scene.commit({"aaa1": revision("aaa1", None, LOUD)})
    await scene.fetch()
    done = await scene.run("upgrade", "head")
    assert done.job.state == "succeeded", done.job.error
    # Other output, such as the installation's, has its part in both ends.
    [middle] = [event.data for event in done.events if event.data.get("code") == "middle_left_out"]
    first, last = printed(done)[:900], printed(done)[-150:]
    assert (first, last) == ([*range(900)], [*range(LINES - 150, LINES)])
    output = [event for event in done.events if event.type == "output"]
    assert len(output) == 1200
    assert len(printed(done)) + middle["lines"] == LINES
    assert middle["bytes"] == sum(len(str(number)) for number in {*range(LINES)} - {*printed(done)})
    assert [event.seq for event in done.events] == list(range(1, done.job.last_seq + 1))
    # Printing hides no statement.
    assert "create table a ()" in done.told
    assert "create table b ()" in done.told


async def test_many_statements_are_bounded_too_and_the_end_of_the_job_is_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_lines, "_STATEMENTS", Bounds(100, 1_000_000, 50, 100_000))
    monkeypatch.setattr(job_lines, "MAX_EVENTS", 120)
    body = 'for number in range(500):\n    op.execute(f"select {number}")'
    scene.commit({"aaa1": revision("aaa1", None, body)})
    await scene.fetch()
    done = await scene.run("upgrade", "head")
    assert done.job.state == "succeeded", done.job.error
    assert (done.events[-1].type, done.events[-1].data["state"]) == ("state", "succeeded")
    assert len(done.events) == 122


async def test_the_log_of_a_job_that_ended_long_ago_is_removed_and_the_job_stays(scene: Scene) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    old, young = await scene.run("upgrade", "aaa1"), await scene.run("upgrade", "head")
    async with scene.room.database.everything() as session:
        many = "insert into job_events select :job, g, :org, now(), 'output', '{}' from generate_series(1000, 9000) g"
        await session.execute(text(many), {"job": old.job.id, "org": old.job.organization_id})
        long_ago = now() - scene.room.settings.log_life - timedelta(hours=1)
        await session.execute(update(Job).where(Job.id == old.job.id).values(finished_at=long_ago))

    # Half of it is gone, and nobody is shown the other half.
    assert 0 < await remove_old_logs(scene.room.database, scene.room.settings.log_life, batches=1) < 8000
    half = await scene.finished(old.job.id)
    assert (half.events, half.job.log_stored) == ([], True)
    assert half.job.log_removed_at is not None

    await sweep(scene.room)
    after = await scene.finished(old.job.id)
    assert (after.events, after.job.log_stored) == ([], False)
    assert (after.job.state, after.job.outcome, len(after.steps)) == ("succeeded", old.job.outcome, len(old.steps))
    assert (await scene.finished(young.job.id)).events == young.events
    async with scene.room.database.everything() as session:
        left = await session.scalar(select(func.count()).where(JobEvent.job_id == old.job.id))
        assert left == 0
        assert await read_events(session, old.job.organization_id, old.job.id, after=0) == []
