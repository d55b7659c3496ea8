"""The Celery application of the worker: `celery -A stillroom_worker.app worker`.

A task is three lines: it finds this process's room and runs one coroutine in it.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from celery import Task
from celery.signals import (
    setup_logging,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)

import stillroom_core.models  # noqa: F401 - registers every table
import stillroom_worker.counting  # noqa: F401 - before whatever counts is loaded
from stillroom_core.audit.tampering import tell_misplaced
from stillroom_core.jobs.queue import (
    FETCH_PROJECT,
    LOOK_AT_SETUP,
    PUSH_DRAFT,
    READ_CATALOGUE,
    READ_CHANGES,
    READ_DATABASE,
    RUN_JOB,
    TEST_DATABASE,
    TRAIL,
    WRITE_DRAFT,
    make_celery,
)
from stillroom_core.logs import configure_logs
from stillroom_core.memory import keep_for_good
from stillroom_core.settings import get_settings
from stillroom_core.telemetry import metrics, traces
from stillroom_core.telemetry.trail import believed, following
from stillroom_worker import drain, presence
from stillroom_worker.catalogue import refresh_catalogue
from stillroom_worker.changes.keep import read_changes
from stillroom_worker.fetch_project import fetch_project
from stillroom_worker.look_at_setup import look_at_setup
from stillroom_worker.messages import key_of
from stillroom_worker.push_draft import push_draft
from stillroom_worker.read_database import read_database
from stillroom_worker.room import Room, prove_isolation
from stillroom_worker.sandbox import Level, SandboxUnavailable
from stillroom_worker.take_turn import take_turn
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
        try:
            await work(self._room)
        finally:
            await tell_misplaced(self._room.database)

    def close(self) -> None:
        """Returns the connections."""
        if self._runner is not None:
            if self._room is not None:
                self._runner.run(self._room.close())
            self._runner.close()


process = _Process()


@setup_logging.connect
def _logs(**_: Any) -> None:
    configure_logs(get_settings(), "worker")


@worker_init.connect
def _prove_isolation(**_: Any) -> None:
    """Before anything is taken from the queue: a worker whose host cannot isolate jobs must not take any.

    The processes of the pool are forked from this one, so what was proven here holds for them.
    """
    try:
        process.level = asyncio.run(prove_isolation(get_settings()))
    except SandboxUnavailable as unavailable:
        presence.tell_refused()
        sys.exit(f"stillroom worker: {unavailable}")
    keep_for_good()


@worker_ready.connect
def _show(sender: Any, **_: Any) -> None:
    """After the pool was forked: what shows this worker are threads, which do not belong into its processes."""
    if process.level is not None:
        queues = tuple(sorted(sender.app.amqp.queues.consume_from))
        presence.begin(process.level.value, slots=sender.controller.concurrency, queues=queues)


@worker_shutting_down.connect
def _drain(**_: Any) -> None:
    drain.begin(get_settings().drain)


@worker_shutdown.connect
def _gone(**_: Any) -> None:
    presence.end()


@worker_process_init.connect
def _open_room(**_: Any) -> None:
    """Opens the room at once, so that the first job need not."""

    async def nothing(_room: Room) -> None:
        return

    traces.begin("worker")
    process.run(nothing)


@worker_process_shutdown.connect
def _close(**_: Any) -> None:
    process.close()
    traces.end()
    presence.forget_process()


def _look(task: Task[..., None], given: object, work: Callable[[Room, UUID], Awaitable[None]]) -> None:
    name = str(task.name)
    key = key_of(name, given)
    if key is None:
        return
    trail = believed((task.request.headers or {}).get(TRAIL))

    async def traced(room: Room) -> None:
        with following(trail, task=name.partition(".")[2]), traces.span(f"task {name}"), _counted(name):
            await work(room, key)

    process.run(traced)


@contextmanager
def _counted(task: str) -> Any:
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        metrics.TASKS.labels(task.partition(".")[2], outcome).inc()


@app.task(name=RUN_JOB, bind=True)
def run_job_task(self: Task[..., None], job_id: str) -> None:
    """Runs the job whose turn it is."""
    _look(self, job_id, take_turn)


@app.task(name=FETCH_PROJECT, bind=True)
def fetch_project_task(self: Task[..., None], project_id: str) -> None:
    """Fetches a project."""
    _look(self, project_id, fetch_project)


@app.task(name=READ_DATABASE, bind=True)
def read_database_task(self: Task[..., None], database_id: str) -> None:
    """Reads a database."""
    _look(self, database_id, read_database)


@app.task(name=LOOK_AT_SETUP, bind=True)
def look_at_setup_task(self: Task[..., None], setup_id: str) -> None:
    """Looks at the repository of a project to be."""
    _look(self, setup_id, look_at_setup)


@app.task(name=TEST_DATABASE, bind=True)
def try_database_task(self: Task[..., None], setup_id: str) -> None:
    """Tests the database of a project to be."""
    _look(self, setup_id, try_database)


@app.task(name=READ_CATALOGUE, bind=True)
def read_catalogue_task(self: Task[..., None], database_id: str) -> None:
    """Reads what stands in a database."""
    _look(self, database_id, refresh_catalogue)


@app.task(name=READ_CHANGES, bind=True)
def read_changes_task(self: Task[..., None], job_id: str) -> None:
    """Reads what a job did to which objects."""
    _look(self, job_id, read_changes)


@app.task(name=WRITE_DRAFT, bind=True)
def write_draft_task(self: Task[..., None], draft_id: str) -> None:
    """Writes a draft."""
    _look(self, draft_id, write_draft)


@app.task(name=PUSH_DRAFT, bind=True)
def push_draft_task(self: Task[..., None], draft_id: str) -> None:
    """Pushes a draft."""
    _look(self, draft_id, push_draft)
