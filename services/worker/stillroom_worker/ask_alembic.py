"""Asks Alembic itself something, in the sandbox: a commit's graph without any database, or a revision."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import RunSettings
from stillroom_core.masking import masked
from stillroom_core.projects.models import Project
from stillroom_core.revisions.graph import Graph
from stillroom_runner.messages import MAX_LINE, Rejected, inspect
from stillroom_worker import code as codes
from stillroom_worker.cellwork import Run, start_run
from stillroom_worker.egress import DatabaseProxy
from stillroom_worker.failure import JobFailed
from stillroom_worker.lines import handfuls, one_by_one
from stillroom_worker.room import Room
from stillroom_worker.sandbox import Prisoner
from stillroom_worker.single_tenant import refuse_several_without_walls
from stillroom_worker.virtualenv import VirtualenvFailed, hold

PATIENCE = timedelta(minutes=2)
_WORDS_KEPT, _LINES_KEPT = 4000, 100
_KEPT = frozenset({"graph", "revision", "error", "done"})


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a conversation stands on; with a database and its proxy where one is asked as well."""

    project: Project
    environment: Environment | None
    settings: RunSettings
    code: codes.Code
    database: Database | None = None
    proxy: DatabaseProxy | None = None
    token: str = ""


@dataclass
class Answer:
    """What a run told: the last event of each type, whether it ended well, and its last words."""

    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    output: deque[str] = field(default_factory=deque)

    @property
    def ok(self) -> bool:
        """Whether the run said that it ended well."""
        return bool(self.told.get("done", {}).get("ok"))

    def failure(self, title: str, fix: str) -> JobFailed:
        """Why not, in the program's own words."""
        error = self.told.get("error")
        words = "\n".join(self.output)[-_WORDS_KEPT:].strip()
        return JobFailed(error["kind"] if error else "alembic_failed", title, error["message"] if error else words, fix)


async def ask_alembic(
    room: Room,
    project: Project,
    environment: Environment | None,
    settings: RunSettings,
    code: codes.Code,
) -> Graph:
    """The graph as ScriptDirectory sees it; raises JobFailed with the program's own words."""
    place = Place(project=project, environment=environment, settings=settings, code=code)
    answer = await converse(room, Run(job=str(uuid4()), kind="graph", timeouts=False), place)
    graph = answer.told.get("graph")
    if graph is None:
        raise answer.failure(
            "Alembic could not list the revisions.",
            "Correct the config file, section and subdirectory, or the packages and variables that env.py needs.",
        )
    return Graph.from_alembic_event(graph, root=str(code.export))


async def converse(room: Room, run: Run, place: Place) -> Answer:
    """One run that is only asked something, with what it told; raises JobFailed where it could not be had."""

    async def ignore(_line: str) -> None:
        """Nobody watches; a failure brings its own last words."""

    await refuse_several_without_walls(room)
    try:
        virtualenv = await codes.virtualenv(room, place.project, place.code, ignore)
    except VirtualenvFailed as failure:
        raise JobFailed.of(failure) from None
    with hold(virtualenv):
        prisoner = await start_run(
            room,
            run,
            project=place.project,
            environment=place.environment,
            settings=place.settings,
            code=place.code,
            virtualenv=virtualenv,
            database=place.database,
            proxy=place.proxy,
            token=place.token,
        )
        answer = Answer()
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                await asyncio.gather(
                    _events(prisoner, answer),
                    _output(prisoner.stdout, answer),
                    _output(prisoner.stderr, answer),
                    prisoner.wait(),
                )
        except TimeoutError:
            raise JobFailed("alembic_too_slow", "Alembic did not answer in two minutes.") from None
        finally:
            await prisoner.verify_gone()
    return answer


async def _events(prisoner: Prisoner, answer: Answer) -> None:
    async for line in one_by_one(prisoner.events, MAX_LINE):
        event = inspect(line)
        if isinstance(event, Rejected):
            if len(line) >= MAX_LINE:
                raise JobFailed("alembic_failed", "Alembic's answer is too long.")
            continue
        if event["type"] in _KEPT:
            answer.told[event["type"]] = masked(event)


async def _output(reader: asyncio.StreamReader, answer: Answer) -> None:
    """The last words, masked before anything of them is cut off."""
    async for lines in handfuls(reader, _WORDS_KEPT):
        for line in lines:
            answer.output.append(masked(line.decode(errors="replace")))
        while len(answer.output) > _LINES_KEPT:
            answer.output.popleft()
