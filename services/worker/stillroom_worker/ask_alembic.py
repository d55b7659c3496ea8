"""Asks Alembic itself for a commit's graph, in the sandbox, without any database."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import RunSettings
from stillroom_core.projects.models import Project
from stillroom_core.revisions.graph import Graph
from stillroom_runner.messages import MAX_LINE, Rejected, inspect
from stillroom_worker import code as codes
from stillroom_worker.cellwork import Run, start_run
from stillroom_worker.failure import JobFailed
from stillroom_worker.room import Room
from stillroom_worker.sandbox import Prisoner
from stillroom_worker.virtualenv import VirtualenvFailed

PATIENCE = timedelta(minutes=2)
_WORDS_KEPT = 4000


@dataclass
class _Answer:
    graph: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    output: list[bytes] = field(default_factory=list)


async def ask_alembic(
    room: Room,
    project: Project,
    environment: Environment | None,
    settings: RunSettings,
    code: codes.Code,
) -> Graph:
    """The graph as ScriptDirectory sees it; raises JobFailed with the program's own words."""

    async def ignore(_line: str) -> None:
        """Nobody watches a fetch; a failure brings its own last words."""

    try:
        virtualenv = await codes.virtualenv(room, project, code, ignore)
    except VirtualenvFailed as failure:
        raise JobFailed.of(failure) from None
    prisoner = await start_run(
        room,
        Run(job=str(uuid4()), kind="graph", timeouts=False),
        project=project,
        environment=environment,
        settings=settings,
        code=code,
        virtualenv=virtualenv,
        database=None,
        proxy=None,
        token="",
    )
    answer = _Answer()
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            await asyncio.gather(
                _events(prisoner, answer),
                _output(prisoner.stdout, answer),
                _output(prisoner.stderr, answer),
                prisoner.wait(),
            )
    except TimeoutError:
        raise JobFailed("alembic_too_slow", "Alembic did not list the revisions in two minutes.") from None
    finally:
        await prisoner.verify_gone()
    if answer.graph is None:
        words = b"".join(answer.output)[-_WORDS_KEPT:].decode(errors="replace").strip()
        message = answer.error["message"] if answer.error else words
        raise JobFailed(
            answer.error["kind"] if answer.error else "alembic_failed",
            "Alembic could not list the revisions.",
            message,
            "Correct the config file, section and subdirectory, or the packages and variables that env.py needs.",
        )
    return Graph.from_alembic_event(answer.graph, root=str(code.export))


async def _events(prisoner: Prisoner, answer: _Answer) -> None:
    rest = b""
    while chunk := await prisoner.events.read(65536):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            event = inspect(line)
            if isinstance(event, Rejected):
                continue
            if event["type"] == "graph":
                answer.graph = dict(event)
            elif event["type"] == "error":
                answer.error = dict(event)
        if len(rest) > MAX_LINE:
            raise JobFailed("alembic_failed", "Alembic's answer is too long.")


async def _output(reader: asyncio.StreamReader, answer: _Answer) -> None:
    while chunk := await reader.read(65536):
        answer.output.append(chunk)
        while sum(map(len, answer.output)) > 10 * _WORDS_KEPT and len(answer.output) > 1:
            answer.output.pop(0)
