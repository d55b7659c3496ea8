"""Which revision made and last changed an object, and what a revision touches."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from stillroom_core.actors.actor import Actor
from stillroom_core.catalogues.kinds import Kind
from stillroom_core.catalogues.models import Catalogue
from stillroom_core.catalogues.service import CatalogueEntry
from stillroom_core.changes.change import Change
from stillroom_core.changes.life import ByName, Life, Part, Touch
from stillroom_core.changes.models import SchemaChange
from stillroom_core.changes.repository import AT_ONCE, ChangeRepository, Place
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.jobs.models import Job
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.history import revision_detail
from stillroom_core.projects.models import Commit, Project
from stillroom_core.projects.repository import ProjectRepository

_RENAMES = 50
_KEPT = 16
_USUAL = "public"


@dataclass(frozen=True)
class ObjectLife:
    """A followed life, with the numbers of the jobs in it and the messages of its revisions."""

    life: Life
    jobs: dict[UUID, int]
    messages: dict[str, str]


@dataclass(frozen=True)
class RevisionTouches:
    """What one function of a revision touches: as a job ran it, or as its source says; None: neither is known."""

    job: Job | None
    database: Database | None
    environment: Environment | None
    changes: list[Change] | None


async def life_of_object(
    session: Session,
    actor: Actor,
    project: Project,
    database: Database,
    entry: CatalogueEntry,
) -> ObjectLife:
    """Follows an object of the present catalogue back to where it was made."""
    content = entry.content
    kind, name = content["kind"], str(content["name"])
    life = Life(
        kind,
        content["schema"],
        str(content["called"]) if kind == Kind.FUNCTION else name,
        _parts(content),
        _meant(content["schema"], entry.catalogue),
    )
    repository = ChangeRepository(session, actor.organization_id)
    await _through_jobs(repository, life, database.id)
    messages: dict[str, str] = {}
    if project.commit_id is not None:
        commit = await ProjectRepository(session, actor.organization_id).commit(project.commit_id)
        if not life.ended:
            await _through_sources(session, actor, repository, life, project, commit, database)
        graph = graph_of(commit)
        messages = {t.revision: graph[t.revision].message for t in life.touches if t.revision in graph}
    life.close()
    keys = {touch.job_id for touch in life.touches if touch.job_id}
    rows = await session.execute(
        select(Job.id, Job.number).where(Job.id.in_(keys), Job.organization_id == actor.organization_id)
    )
    return ObjectLife(life, {row.id: row.number for row in rows}, messages)


async def touches_of_revision(
    session: Session, actor: Actor, project: Project, commit: Commit, revision: str, *, upgrade: bool
) -> RevisionTouches:
    """What a revision's upgrade, or its downgrade, does to which objects; raises NotFound."""
    detail = await revision_detail(session, actor, project, commit, revision)
    key = detail.entry["id"]
    repository = ChangeRepository(session, actor.organization_id)
    rows = await repository.of_revision(project.id, key, upgrade=upgrade)
    if rows:
        job = await session.get_one(Job, rows[0].job_id)
        database = await session.get_one(Database, job.database_id)
        environment = await session.get_one(Environment, job.environment_id)
        return RevisionTouches(job, database, environment, [change_of(row) for row in rows])
    digest = (await ProjectRepository(session, actor.organization_id).files(commit.id)).get(detail.entry["path"], {})
    stored = await repository.of_sources(project.id, [digest["digest"]] if "digest" in digest else [])
    read = next(iter(stored.values()), None)
    changes = None if not read else read.get("upgrade" if upgrade else "downgrade", [])
    return RevisionTouches(None, None, None, None if changes is None else [Change(**one) for one in changes])


def change_of(row: SchemaChange) -> Change:
    """The change of a stored row."""
    return Change(row.action, row.kind, row.name, row.schema, row.table, row.to, row.to_schema, row.line)  # type: ignore[arg-type]


def _parts(content: dict[str, Any]) -> list[Part]:
    groups = (
        ("column", "columns"),
        ("constraint", "constraints"),
        ("index", "indexes"),
        ("trigger", "triggers"),
        ("rule", "rules"),
        ("policy", "policies"),
        ("statistics", "statistics"),
    )
    return [(kind, part["name"]) for kind, group in groups for part in content.get(group) or ()]


def _meant(schema: str, catalogue: Catalogue) -> Any:
    """Whether a name without a schema means one in this schema: in public always, elsewhere if public has none."""
    usual = {entry[2] for entry in catalogue.listing if entry[1] == _USUAL} if schema != _USUAL else set()
    return lambda _schema, name: schema in ("", _USUAL) or name not in usual


async def _through_jobs(repository: ChangeRepository, life: Life, database_id: UUID) -> None:
    before: Place | None = None
    for _ in range(_RENAMES):
        rows = await repository.under(database_id, life.names, before)
        if not rows:
            return
        walked: list[SchemaChange] = []

        def touches(rows: Sequence[SchemaChange] = rows, walked: list[SchemaChange] = walked) -> Any:
            for row in rows:
                walked.append(row)
                yield Touch(change_of(row), row.revision, row.upgrade, row.job_id, row.at)

        renamed = life.follow(touches())
        if life.ended or (not renamed and len(rows) < AT_ONCE):
            return
        before = (walked[-1].job_id, walked[-1].position)


async def _through_sources(
    session: Session,
    actor: Actor,
    repository: ChangeRepository,
    life: Life,
    project: Project,
    commit: Commit,
    database: Database,
) -> None:
    """What ran before anybody watched: the applied revisions that no job was seen to run."""
    by_name = await _sources(session, actor, repository, project, commit)
    applied = graph_of(commit).ancestors(database.heads or ())
    unseen = applied - await repository.revisions_seen(database.id)
    at = 0
    for _ in range(_RENAMES):
        places = [place for place in by_name.under(life.names, at) if by_name.touches[place].revision in unseen]
        walked: list[int] = []

        def touches(places: list[int] = places, walked: list[int] = walked) -> Any:
            for place in places:
                walked.append(place)
                yield by_name.touches[place]

        if not life.follow(touches()) or life.ended:
            return
        at = walked[-1] + 1


# By commit: its files never change, and are read once. The number of those that nobody had read yet tells when to
# look again.
_by_name: dict[UUID, tuple[int, ByName]] = {}


async def _sources(
    session: Session, actor: Actor, repository: ChangeRepository, project: Project, commit: Commit
) -> ByName:
    if commit.id in _by_name and _by_name[commit.id][0] == 0:
        return _by_name[commit.id][1]
    files = await ProjectRepository(session, actor.organization_id).files(commit.id)
    digests = {path: file["digest"] for path, file in files.items() if "digest" in file}
    stored = await repository.of_sources(project.id, set(digests.values()))
    graph = graph_of(commit)

    def build() -> ByName:
        changes = ((key, stored.get(digests.get(graph[key].path, ""), {}).get("upgrade", ())) for key in graph.order)
        return ByName.of(changes)

    built = await asyncio.to_thread(build)
    while len(_by_name) >= _KEPT:
        _by_name.pop(next(iter(_by_name)))
    _by_name[commit.id] = (len(set(digests.values()) - stored.keys()), built)
    return built
