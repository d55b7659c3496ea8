"""Asks Alembic itself for a commit's graph, in the sandbox, without any database."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import RunSettings
from stillroom_core.masking import masked
from stillroom_core.projects.models import Project
from stillroom_core.revisions.graph import Graph
from stillroom_runner.messages import MAX_LINE, Rejected, inspect
from stillroom_worker import code as codes
from stillroom_worker.cellwork import Run, start_run
from stillroom_worker.failure import JobFailed
from stillroom_worker.lines import handfuls, one_by_one
from stillroom_worker.room import Room
from stillroom_worker.sandbox import Prisoner
from stillroom_worker.single_tenant import refuse_several_without_walls
from stillroom_worker.virtualenv import VirtualenvFailed

PATIENCE = timedelta(minutes=2)
_WORDS_KEPT, _LINES_KEPT = 4000, 100


@dataclass
class _Answer:
    graph: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    output: deque[str] = field(default_factory=deque)


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

    await refuse_several_without_walls(room)
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
        words = "\n".join(answer.output)[-_WORDS_KEPT:].strip()
        message = answer.error["message"] if answer.error else words
        raise JobFailed(
            answer.error["kind"] if answer.error else "alembic_failed",
            "Alembic could not list the revisions.",
            message,
            "Correct the config file, section and subdirectory, or the packages and variables that env.py needs.",
        )
    return Graph.from_alembic_event(answer.graph, root=str(code.export))


async def _events(prisoner: Prisoner, answer: _Answer) -> None:
    async for line in one_by_one(prisoner.events, MAX_LINE):
        event = inspect(line)
        if isinstance(event, Rejected):
            if len(line) >= MAX_LINE:
                raise JobFailed("alembic_failed", "Alembic's answer is too long.")
            continue
        if event["type"] == "graph":
            answer.graph = masked(event)
        elif event["type"] == "error":
            answer.error = masked(event)


async def _output(reader: asyncio.StreamReader, answer: _Answer) -> None:
    """The last words, masked before anything of them is cut off."""
    async for lines in handfuls(reader, _WORDS_KEPT):
        for line in lines:
            answer.output.append(masked(line.decode(errors="replace")))
        while len(answer.output) > _LINES_KEPT:
            answer.output.popleft()
