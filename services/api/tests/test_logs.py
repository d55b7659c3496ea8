"""The log as a text file: for whom, what it holds, and what it says when it was removed."""

from typing import Any

import pytest
from sqlalchemy import select, text, update

from stillroom_core.jobs import feed
from stillroom_core.jobs.models import Job
from stillroom_core.tables import now
from stillroom_testing.commits import add_commit

OWNER = "owner@own.example"


@pytest.fixture
async def job(api: Any) -> dict[str, Any]:
    """A job of 2,500 lines."""
    await add_commit(api.app.state.context.database, "own", {"aaa1": ()})
    move = {"project": "shop", "environment": "dev", "revision": "head"}
    made: dict[str, Any] = (await api.call(OWNER, "POST", "/api/migrations/upgrade", json=move)).json()
    async with api.app.state.context.database.everything() as session:
        row = (await session.scalars(select(Job))).one()
        line = {"stream": "stdout", "text": "\x1b[31mred\x1b[0m\x07 alert"}
        await feed.store(session, row.organization_id, row.id, [feed.Event(1, now(), "output", line)])
        many = (
            "insert into job_events (job_id, seq, organization_id, at, type, data) select :job, g, :org, now(), "
            "'note', jsonb_build_object('text', 'line ' || g) from generate_series(2, 2500) g"
        )
        await session.execute(text(many), {"job": row.id, "org": row.organization_id})
        row.last_seq = 2500
    return made


async def test_a_stranger_gets_no_log(api: Any, job: dict[str, Any]) -> None:
    assert (await api.call(None, "GET", f"/api/jobs/{job['id']}/log")).status_code == 401
    assert (await api.call("owner@other.example", "GET", f"/api/jobs/{job['id']}/log")).status_code == 404


async def test_the_whole_log_is_one_text_file_that_no_terminal_obeys(api: Any, job: dict[str, Any]) -> None:
    answer = await api.call(OWNER, "GET", f"/api/jobs/{job['id']}/log")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="shop-dev-job-1.log"'
    head, first, *rest = answer.text.splitlines()
    assert head.startswith("Job 1: upgrade head on own/shop/dev/db-mine, commit ")
    assert first.startswith("     1 ")
    assert first.endswith("stdout: red alert")
    assert [line.rpartition(" ")[2] for line in rest] == [str(number) for number in range(2, 2501)]


async def test_a_removed_log_says_since_when(api: Any, job: dict[str, Any]) -> None:
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Job).values(log_removed_at=now()))
    day = f"{now():%Y-%m-%d}"
    assert f"The log was removed on {day}." in (await api.call(OWNER, "GET", f"/api/jobs/{job['id']}/log")).text
    assert (await api.call(OWNER, "GET", f"/api/jobs/{job['id']}")).json()["log_removed_at"].startswith(day)
    assert (await api.call(OWNER, "GET", f"/api/jobs/{job['id']}/events")).json()["items"] == []
