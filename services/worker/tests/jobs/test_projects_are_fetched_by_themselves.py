"""A project is fetched every so many minutes where its settings say so, a little later than set, and not else."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from stillroom_core.projects.models import Project
from stillroom_core.tables import now
from stillroom_testing.jobs_scene import Scene
from stillroom_worker.sweep import sweep


@pytest.mark.parametrize(
    ("minutes", "ago", "state", "then"),
    [
        (10, timedelta(minutes=13), "idle", "waiting"),
        (10, timedelta(minutes=13), "failed", "waiting"),
        (10, timedelta(minutes=9), "idle", "idle"),
        (0, timedelta(days=9), "idle", "idle"),
        (10, timedelta(minutes=13), "running", "running"),
    ],
)
async def test_it_is_fetched_again_after_the_time_that_is_set(
    scene: Scene, minutes: int, ago: timedelta, state: str, then: str
) -> None:
    values = {"poll_minutes": minutes, "fetch_state": state, "fetch_requested_at": now() - ago}
    async with scene.room.database.everything() as session:
        await session.execute(update(Project).values(**values))
    await sweep(scene.room)
    async with scene.room.database.everything() as session:
        assert await session.scalar(select(Project.fetch_state)) == then
