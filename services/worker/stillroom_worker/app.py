"""The Celery application of the worker: `celery -A stillroom_worker.app worker`.

A task is three lines: it finds this process's room and runs one coroutine in it.
"""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from celery.signals import heartbeat_sent, setup_logging, worker_init, worker_process_init, worker_process_shutdown
from redis import Redis
from redis.exceptions import RedisError

import stillroom_core.models  # noqa: F401 - registers every table
from stillroom_core.jobs.presence import REFUSED, say
from stillroom_core.jobs.queue import (
    FETCH_PROJECT,
    LOOK_AT_SETUP,
    PUSH_DRAFT,
    READ_CATALOGUE,
    READ_CHANGES,
    READ_DATABASE,
    RUN_JOB,
    TEST_DATABASE,
    WRITE_DRAFT,
    make_celery,
)
from stillroom_core.logs import configure_logs
from stillroom_core.memory import keep_for_good
from stillroom_core.settings import get_settings
from stillroom_worker.catalogue import refresh_catalogue
from stillroom_worker.changes.keep import read_changes
from stillroom_worker.fetch_project import fetch_project
from stillroom_worker.look_at_setup import look_at_setup
from stillroom_worker.messages import key_of
from stillroom_worker.push_draft import push_draft
from stillroom_worker.read_database import read_database
from stillroom_worker.room import Room, prove_isolation
from stillroom_worker.run_job import run_job
from stillroom_worker.sandbox import Level, SandboxUnavailable
from stillroom_worker.try_database import try_database
from stillroom_worker.write_draft import write_draft

app = make_celery(get_settings())


class _Process:
    """One event loop and one room a process, so that connections outlive a task."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None
        self._room: Room | None = None
        self.level: Level | None = None

    def run(self, work: Callable[[Room], Awaitable[None]]) -> None:
        """Runs one coroutine to its end."""
        if self._runner is None:
            self._runner = asyncio.Runner()
        self._runner.run(self._with_room(work))

    async def _with_room(self, work: Callable[[Room], Awaitable[None]]) -> None:
        if self._room is None:
            self._room = await Room.open(get_settings(), level=self.level)
        await work(self._room)

    def close(self) -> None:
        """Returns the connections."""
        if self._runner is not None:
            if self._room is not None:
                self._runner.run(self._room.close())
            self._runner.close()


process = _Process()


@setup_logging.connect
def _logs(**_: Any) -> None:
    configure_logs(get_settings())


@worker_init.connect
def _prove_isolation(**_: Any) -> None:
    """Before anything is taken from the queue: a worker whose host cannot isolate jobs must not take any.

    The processes of the pool are forked from this one, so what was proven here holds for them.
    """
    try:
        process.level = asyncio.run(prove_isolation(get_settings()))
    except SandboxUnavailable as unavailable:
        _say(REFUSED)
        sys.exit(f"stillroom worker: {unavailable}")
    _say(process.level.value)
    keep_for_good()


@heartbeat_sent.connect
def _live(**_: Any) -> None:
    if process.level is not None:
        _say(process.level.value)


def _say(isolation: str) -> None:
    """Shows this worker at /readyz; nothing depends on it."""
    with contextlib.suppress(RedisError, OSError):
        client = Redis.from_url(get_settings().redis_url.get_secret_value(), socket_timeout=2, socket_connect_timeout=2)
        with client:
            say(client, f"{socket.gethostname()}:{os.getpid() if isolation != REFUSED else 0}", isolation)


@worker_process_init.connect
def _open_room(**_: Any) -> None:
    """Opens the room at once, so that the first job need not."""

    async def nothing(_room: Room) -> None:
        return

    process.run(nothing)


@worker_process_shutdown.connect
def _close(**_: Any) -> None:
    process.close()


def _look(task: str, given: object, work: Callable[[Room, UUID], Awaitable[None]]) -> None:
    key = key_of(task, given)
    if key is not None:
        process.run(lambda room: work(room, key))


@app.task(name=RUN_JOB)
def run_job_task(job_id: str) -> None:
    """Runs a job."""
    _look(RUN_JOB, job_id, run_job)


@app.task(name=FETCH_PROJECT)
def fetch_project_task(project_id: str) -> None:
    """Fetches a project."""
    _look(FETCH_PROJECT, project_id, fetch_project)


@app.task(name=READ_DATABASE)
def read_database_task(database_id: str) -> None:
    """Reads a database."""
    _look(READ_DATABASE, database_id, read_database)


@app.task(name=LOOK_AT_SETUP)
def look_at_setup_task(setup_id: str) -> None:
    """Looks at the repository of a project to be."""
    _look(LOOK_AT_SETUP, setup_id, look_at_setup)


@app.task(name=TEST_DATABASE)
def try_database_task(setup_id: str) -> None:
    """Tests the database of a project to be."""
    _look(TEST_DATABASE, setup_id, try_database)


@app.task(name=READ_CATALOGUE)
def read_catalogue_task(database_id: str) -> None:
    """Reads what stands in a database."""
    _look(READ_CATALOGUE, database_id, refresh_catalogue)


@app.task(name=READ_CHANGES)
def read_changes_task(job_id: str) -> None:
    """Reads what a job did to which objects."""
    _look(READ_CHANGES, job_id, read_changes)


@app.task(name=WRITE_DRAFT)
def write_draft_task(draft_id: str) -> None:
    """Writes a draft."""
    _look(WRITE_DRAFT, draft_id, write_draft)


@app.task(name=PUSH_DRAFT)
def push_draft_task(draft_id: str) -> None:
    """Pushes a draft."""
    _look(PUSH_DRAFT, draft_id, push_draft)
