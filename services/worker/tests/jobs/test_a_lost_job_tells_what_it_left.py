"""The worker dies in the middle of an autocommit block: the reading afterwards tells what a living one would have told.

The worker is a process of its own, killed with everything that it started, as a power cut would.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import func, update

from stillroom_core.jobs.models import Job
from stillroom_testing.installations import owner_url
from stillroom_testing.jobs_scene import ENV_PY, Finished, revision, two_tables
from stillroom_testing.waiting import until
from stillroom_worker.sweep import sweep

ROOT = Path(__file__).resolve().parents[4]
ONE_TRANSACTION = ENV_PY.replace(", transaction_per_migration=True", "")
ONE_JOB = """
import asyncio, sys
from uuid import UUID
import stillroom_core.models
from stillroom_core.jobs.queue import RecordingQueue
from stillroom_core.settings import get_settings
from stillroom_worker.room import Room
from stillroom_worker.run_job import run_job

async def main():
    await run_job(await Room.open(get_settings(), RecordingQueue()), UUID(sys.argv[1]))

asyncio.run(main())
"""
BLOCK = """
    op.execute("insert into a values (1)")
    with op.get_context().autocommit_block():
        op.execute("create index concurrently ix_first on a (id)")
        op.execute("create index concurrently ix_second on b (id) /* second */")
    op.execute("alter table a add column never int")
"""


@contextmanager
def own_process(key: UUID) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker that runs this one job in a session of its own, with the settings of this process."""
    process = subprocess.Popen([sys.executable, "-c", ONE_JOB, str(key)], cwd=ROOT, start_new_session=True)
    try:
        yield process
    finally:
        die(process)


def die(process: "subprocess.Popen[bytes]") -> None:
    """kill -9 of the worker and of everything below it."""
    if process.poll() is not None:
        return
    for pid in (*_below(process.pid), process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _below(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [pid for child in map(int, children) for pid in (*_below(child), child)]


def stored(words: str) -> Any:
    """Whether the stream has a statement with these words: what is still in a worker's memory dies with it."""
    with psycopg.connect(owner_url()) as connection:
        return connection.execute("select 1 from job_events where data->>'sql' like %s", [f"%{words}%"]).fetchone()


async def lost_in(scene: Any, files: dict[str, str], env: str, fact: Callable[[], Any]) -> Finished:
    """The job whose worker dies when the fact has come; then its lease is over, and the database is read."""
    scene.commit(files, env)
    await scene.fetch()
    await scene.change(lock_timeout_ms=0)
    key = await scene.queue_job("upgrade", "head")
    with own_process(key) as worker:
        await until(fact)
        die(worker)
    async with scene.room.database.everything() as session:
        await session.execute(update(Job).values(heartbeat_at=func.clock_timestamp() - scene.room.settings.lease * 2))
    await sweep(scene.room)
    lost: Finished = await scene.finished(key)
    assert (lost.job.state, lost.job.outcome["code"]) == ("lost", "lost")
    assert not (await scene.database()).trusted
    read = await scene.read()
    assert (read.trusted, read.read_error) == (True, None)
    told: Finished = await scene.finished(key)
    assert told.job.outcome["code"] == "lost_read"
    return told


async def test_in_an_autocommit_block_the_index_and_the_statements_before_it_are_told_with_their_cleaning(
    scene: Any,
) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await scene.run("upgrade", "bbb2")
    files = two_tables() | {
        "ccc3": revision("ccc3", "bbb2", 'op.execute("create table c ()")'),
        "ddd4": revision("ddd4", "ccc3", BLOCK),
    }
    building = "select 1 from pg_stat_progress_create_index where phase like 'waiting%' and relid = 'b'::regclass"
    with psycopg.connect(scene.target.url) as other:
        other.execute("insert into b values (1)")  # the second index waits for this transaction
        told = await lost_in(scene, files, ONE_TRANSACTION, lambda: scene.ask(building) and stored("/* second */"))
    left = told.job.aftermath["left"]
    index = left[0]
    assert (index["what"], index["text"]) == ("invalid_index", "public.ix_second")
    assert index["cleanup"] == "DROP INDEX CONCURRENTLY public.ix_second;"
    stayed = [(thing["text"], thing["certain"]) for thing in left[1:]]
    assert ("insert into a values (1)", True) in stayed
    assert ("create index concurrently ix_first on a (id)", True) in stayed
    assert not any("never" in text for text, _ in stayed)
    assert told.job.aftermath["committed"] == ["ccc3"]
    assert (told.job.aftermath["current"], told.job.heads_after) == ("ddd4", ["ccc3"])
    assert told.states() == ["done", "failed"]
    with psycopg.connect(scene.target.url, autocommit=True) as connection:
        connection.execute(index["cleanup"])
    assert scene.ask("select count(*) from pg_index where not indisvalid") == 0
