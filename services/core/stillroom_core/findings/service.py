"""What is told of a revision, and of a plan: there with how large the tables are on its database."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.catalogues.repository import CatalogueRepository, Size
from stillroom_core.database import Session
from stillroom_core.findings.finding import Finding
from stillroom_core.findings.operations import Told, read_revision
from stillroom_core.findings.rules import Severity
from stillroom_core.plans.repository import PlacedPlan
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.history import revision_detail
from stillroom_core.projects.models import Commit, Project
from stillroom_core.projects.repository import ProjectRepository

# Steps of one plan that are judged: a first upgrade of a long history makes every table anew anyway.
MOST_STEPS = 500
# With its indexes. Reading or writing so much takes a fraction of a second, which nobody waits for.
SMALL = 8 * 1024 * 1024
# A tenant's text must not keep the others' requests: longer files are not judged, one request judges so much that is
# new, and one thread does so for all.
LONGEST = 256 * 1024
MOST_AT_ONCE = 4 * 1024 * 1024
_KEPT = 8_192
_USUAL = "public"
_judging = ThreadPoolExecutor(max_workers=1, thread_name_prefix="findings")


@dataclass(frozen=True)
class Judged:
    """A finding, how bad it is here, and how large its table was when the database was last read."""

    finding: Finding
    severity: Severity
    size: Size | None = None


@dataclass(frozen=True)
class JudgedStep:
    """One step of a plan; without findings where its source is not there or cannot be read."""

    revision: str
    direction: str
    findings: list[Judged] | None


@dataclass(frozen=True)
class JudgedPlan:
    """The steps of a plan in order, and when the sizes of tables were read."""

    steps: list[JudgedStep]
    read_at: datetime | None


async def judge_revision(
    session: Session, actor: Actor, project: Project, commit: Commit, revision: str, *, upgrade: bool
) -> list[Judged] | None:
    """What is told of a revision's upgrade, or of its downgrade; None where nobody can say. Raises NotFound."""
    detail = await revision_detail(session, actor, project, commit, revision)
    if detail.source is None or len(detail.source) > LONGEST:
        return None
    read = await asyncio.get_running_loop().run_in_executor(_judging, read_revision, detail.source)
    if read is None:
        return None
    return [Judged(one, one.rule.severity) for one in read["upgrade" if upgrade else "downgrade"].findings]


async def judge_plan(session: Session, actor: Actor, placed: PlacedPlan) -> JudgedPlan:
    """What is told of each step. Tables that an earlier step makes are new, so nobody waits for them."""
    steps = [step for step in placed.plan.steps or () if step["direction"] in ("upgrade", "downgrade")][:MOST_STEPS]
    read = await _read(session, actor, placed, [step["revision"] for step in steps])
    found: list[tuple[dict[str, Any], list[Finding] | None]] = []
    new: set[tuple[str, str]] = set()
    for step in steps:
        file = read.get(step["revision"])
        told = None if file is None else file[step["direction"]]
        if told is None:
            found.append((step, None))
            continue
        found.append((step, [one for one in told.findings if (one.schema, one.table) not in new]))
        new |= told.new
    sizes, read_at = await _sizes(session, actor, placed, {one.table for _, told in found for one in told or ()})
    return JudgedPlan(
        [
            JudgedStep(
                step["revision"],
                step["direction"],
                None if told is None else [_judge(one, _size(sizes, one)) for one in told],
            )
            for step, told in found
        ],
        read_at,
    )


def _judge(finding: Finding, size: Size | None) -> Judged:
    """What takes its time by the rows is no danger where there are hardly any; what loses them still is."""
    rule = finding.rule
    small = size is not None and size.bytes is not None and size.bytes <= SMALL
    severity: Severity = "note" if small and rule.rows is not None and not rule.loses else rule.severity
    return Judged(finding, severity, size)


# By the digest of the file, the oldest first: the same text says the same.
_files: dict[str, dict[str, Told] | None] = {}


async def _read(
    session: Session, actor: Actor, placed: PlacedPlan, revisions: Sequence[str]
) -> dict[str, dict[str, Told]]:
    repository = ProjectRepository(session, actor.organization_id)
    graph = graph_of(await repository.commit(placed.plan.commit_id))
    paths = {revision: graph[revision].path for revision in revisions if revision in graph}
    digests = await repository.digests(placed.plan.commit_id, set(paths.values()))
    missing = {digest for digest in digests.values() if digest not in _files}
    if missing:
        sources = _bounded(await repository.sources(placed.project.id, missing, longest=LONGEST))
        made = await asyncio.get_running_loop().run_in_executor(
            _judging, lambda: {digest: read_revision(source) for digest, source in sources.items()}
        )
        while _files and len(_files) + len(made) > _KEPT:
            _files.pop(next(iter(_files)))
        _files.update(made)
    found = {revision: _files.get(digests.get(path, "")) for revision, path in paths.items()}
    return {revision: text for revision, text in found.items() if text is not None}


def _bounded(sources: Mapping[str, str]) -> dict[str, str]:
    """As many as may be judged in one request; what is left is judged when it is asked for again."""
    found: dict[str, str] = {}
    size = 0
    for digest, source in sources.items():
        size += len(source)
        if size > MOST_AT_ONCE:
            break
        found[digest] = source
    return found


async def _sizes(
    session: Session, actor: Actor, placed: PlacedPlan, tables: Collection[str]
) -> tuple[dict[str, list[Size]], datetime | None]:
    """Sizes by a table's name, of every schema that has one, for whoever may see the project's databases."""
    wanted = {table for table in tables if table}
    if not wanted or not actor.may(Permission.PROJECT_READ, placed.project.id, placed.environment):
        return {}, None
    sizes, read_at = await CatalogueRepository(session, actor.organization_id).sizes(placed.database.id, wanted)
    found: dict[str, list[Size]] = {}
    for one in sizes:
        found.setdefault(one.name, []).append(one)
    return found, read_at


def _size(sizes: Mapping[str, list[Size]], finding: Finding) -> Size | None:
    """The table that is meant: in its schema, or where none is written in the usual one, or the only one."""
    named = sizes.get(finding.table, [])
    if finding.schema:
        return next((one for one in named if one.schema == finding.schema), None)
    usual = next((one for one in named if one.schema == _USUAL), None)
    return usual or (named[0] if len(named) == 1 else None)
