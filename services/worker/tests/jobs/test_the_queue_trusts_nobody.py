"""Whoever can write to the broker can at most make a worker look at a row: a real worker, and forged messages."""

import base64
import json
import os
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from stillroom_core.jobs.queue import FETCH_PROJECT, READ_DATABASE, RUN_JOB, make_celery
from stillroom_testing.jobs_scene import two_tables
from stillroom_testing.waiting import until

ROOT = Path(__file__).resolve().parents[4]


class Canary:
    """Leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self._path}",)


@contextmanager
def a_worker(log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The worker as it is started in earnest, with the settings of this process."""
    argv = [sys.executable, "-m", "celery", "-A", "stillroom_worker.app", "worker", "-c", "1", "--loglevel", "INFO"]
    with log.open("wb") as out:
        process = subprocess.Popen(argv, cwd=ROOT, stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
async def forged(scene: Any, tmp_path: Path) -> AsyncIterator[Any]:
    """A worker that has taken every kind of forged message, and then a true one; gives its log and the job."""
    celery = make_celery(scene.room.settings)
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    pickled = pickle.dumps(((str(key), Canary(tmp_path / "unpickled")), {}, {}))
    envelope = {"body": base64.b64encode(pickled).decode(), "content-type": "application/x-python-serialize"}
    with Redis.from_url(scene.room.settings.redis_url.get_secret_value()) as broker:
        broker.lpush("stillroom", json.dumps(envelope), "no message at all")
    celery.send_task(RUN_JOB, args=[str(key), Canary(tmp_path / "unpickled")], serializer="pickle")
    celery.send_task("os.system", args=[f"touch {tmp_path / 'unpickled'}"])
    for name in (RUN_JOB, FETCH_PROJECT, READ_DATABASE):
        celery.send_task(name, args=[str(uuid4())])
        celery.send_task(name, args=["; drop table jobs"])
        celery.send_task(name, args=[["a", "list"]])
        celery.send_task(name, args=[])
    celery.send_task(RUN_JOB, args=[str(key)])
    celery.send_task(RUN_JOB, args=[str(key)])
    log = tmp_path / "worker.log"
    with a_worker(log) as process:
        await until(lambda: b"message.late" in log.read_bytes())
        alive = process.poll() is None
    celery.close()
    yield log.read_text(), await scene.finished(key), alive, tmp_path / "unpickled"


async def test_forged_messages_do_nothing_are_told_and_leave_the_worker_well(forged: Any) -> None:
    told, done, alive, canary = forged
    assert (alive, canary.exists()) == (True, False)
    assert (done.job.state, sum(event.type == "state" for event in done.events)) == ("succeeded", 2)
    assert "ContentDisallowed" in told
    assert "os.system" in told
    assert "unregistered task" in told
    assert {f'"of": "{table}"' for table in ("jobs", "projects", "databases") if f'"of": "{table}"' in told} == {
        '"of": "jobs"',
        '"of": "projects"',
        '"of": "databases"',
    }
    assert told.count("message.malformed") == 6
    assert told.count("message.unreadable") == 2
