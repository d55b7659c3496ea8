"""Fetches a project and reads its revision graph; asks Alembic where reading the files is not enough."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, update

from stillroom_core.database import Session
from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import RunSettings, run_settings
from stillroom_core.errors import StillroomError
from stillroom_core.happenings.kinds import Happening
from stillroom_core.happenings.telling import emit
from stillroom_core.keys import new_key
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.masking import keeping_secrets, masked
from stillroom_core.projects.graphs import pack
from stillroom_core.projects.models import Commit, Project
from stillroom_core.projects.repository import ProjectRepository, configuration_of
from stillroom_core.revisions.graph import Graph, same_shape
from stillroom_core.revisions.reader import Reading, read_graph, read_revision
from stillroom_core.revisions.source import Source
from stillroom_core.tables import now
from stillroom_worker import code as codes
from stillroom_worker.ask_alembic import ask_alembic
from stillroom_worker.changes.keep import read_sources
from stillroom_worker.checkout import CheckoutFailed, FetchedCommit, FileCommit, file_history
from stillroom_worker.failure import JobFailed
from stillroom_worker.messages import tell_ignored
from stillroom_worker.room import Room

log = structlog.get_logger()

STALE = timedelta(minutes=15)


async def fetch_project(room: Room, project_id: UUID) -> None:
    """Fetches once and stores the graph, or why there is none; does nothing when nobody asked."""
    with keeping_secrets():
        await _fetch_project(room, project_id)


async def _fetch_project(room: Room, project_id: UUID) -> None:
    async with room.database.everything() as session:
        taken = await session.execute(
            update(Project)
            .where(Project.id == project_id, Project.fetch_state == "waiting")
            .values(fetch_state="running")
            .returning(Project)
        )
        project = taken.scalar_one_or_none()
        if project is None:
            await tell_ignored(room, Project, project_id)
            return
        notice_after_commit(session, project.organization_id, project_id, About.PROJECT)
        environment = await session.scalar(
            select(Environment).where(Environment.project_id == project_id).order_by(Environment.position).limit(1)
        )
    asked_at = project.fetch_requested_at
    try:
        commit_id = await _fetch(room, project, environment)
        values: dict[str, Any] = {"fetch_error": None, "commit_id": commit_id, "fetched_at": now()}
        state = "idle"
    except (CheckoutFailed, JobFailed, StillroomError) as failure:
        values, state = {"fetch_error": JobFailed.of(failure).as_dict(), "fetched_at": now()}, "failed"
    async with room.database.transaction(project.organization_id) as session:
        row = await session.get_one(Project, project_id, with_for_update=True)
        # Settings changed or another fetch was asked for while we worked: that one is still to be done.
        row.fetch_state = state if row.fetch_requested_at == asked_at else "waiting"
        for name, value in values.items():
            setattr(row, name, value)
        if values["fetch_error"] and not project.fetch_error and project.commit_id is not None:
            await _tell_failure(session, project, values["fetch_error"])
        notice_after_commit(session, project.organization_id, project_id, About.PROJECT)
    if state == "idle":
        await read_sources(room, project.organization_id, project_id)


async def _tell_failure(session: Session, project: Project, error: dict[str, Any]) -> None:
    text = f"{error['title']} {error['detail']}".strip()
    place = {"organization_id": project.organization_id, "project_id": project.id}
    await emit(session, Happening.PROJECT_FETCH_FAILED, **place, text=text, data={"error": error})


async def _fetch(room: Room, project: Project, environment: Environment | None) -> UUID:
    fetched = await codes.fetch(room, project)
    async with room.database.transaction(project.organization_id) as session:
        known = await ProjectRepository(session, project.organization_id).commit_of(project, fetched.sha)
    if known is not None:
        return known.id
    code = await codes.export(room, project, fetched.sha)
    settings = run_settings(environment) if environment else RunSettings({}, {}, ())
    source = Source(
        export=code.export,
        subdirectory=project.subdirectory,
        config_file=project.config_file,
        section=project.config_section,
        ini_overrides=_literal_overrides(environment),
    )
    reading = await asyncio.to_thread(read_graph, source)
    graph, origin, notes, complete = (
        reading.graph,
        "static",
        [n.as_dict() for n in reading.notes],
        reading.complete,
    )
    if not complete or not len(graph):
        graph, origin, more, complete = await _ask(room, project, environment, settings, code, reading)
        notes += more
    notes += [
        {"code": f"dropped_{d.reason}", "detail": "not exported", "path": d.path} for d in code.exported.dropped[:20]
    ]
    paths = sorted({revision.path for revision in graph.revisions.values() if revision.path})
    history = await asyncio.to_thread(file_history, codes.mirror_of(room, project), fetched.sha, paths)
    files, texts = await asyncio.to_thread(_files, code, paths, history)
    return await _store(room, project, fetched, graph, origin, complete, notes, files, texts)


async def _ask(
    room: Room,
    project: Project,
    environment: Environment | None,
    settings: RunSettings,
    code: codes.Code,
    reading: Reading,
) -> tuple[Graph, str, list[dict[str, str]], bool]:
    """Alembic's own word from the sandbox; where it fails, what was read stays, and the page says so."""
    try:
        answer = await ask_alembic(room, project, environment, settings, code)
    except JobFailed as failure:
        if not len(reading.graph):
            raise
        note = {"code": "alembic_failed", "detail": f"{failure.title} {failure.detail}".strip(), "path": ""}
        return reading.graph, "static", [note], False
    if len(reading.graph) and same_shape(reading.graph, answer):
        return answer, "alembic", [], True
    detail = f"{len(reading.graph)} revisions were read from the files, Alembic finds {len(answer)}."
    return answer, "alembic", [{"code": "alembic_asked", "detail": detail, "path": ""}], True


def _files(code: codes.Code, paths: list[str], history: dict[str, FileCommit]) -> tuple[dict[str, Any], dict[str, str]]:
    files: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for path in paths:
        entry: dict[str, Any] = {}
        if added := history.get(path):
            entry |= {
                "author": added.author_name,
                "date": added.authored_at.isoformat(),
                "commit": added.sha,
            }
        try:
            shown = read_revision(code.export, path)
        except StillroomError:
            files[path] = entry  # computed by env.py, or outside the export: there is no text to show
            continue
        digest = hashlib.sha256(shown.source.encode()).hexdigest()
        texts[digest] = shown.source
        entry |= {
            "digest": digest,
            "upgrade_lines": shown.upgrade_lines,
            "downgrade_lines": shown.downgrade_lines,
        }
        files[path] = entry
    return files, texts


async def _store(
    room: Room,
    project: Project,
    fetched: FetchedCommit,
    graph: Graph,
    origin: str,
    complete: bool,
    notes: list[dict[str, str]],
    files: dict[str, Any],
    texts: dict[str, str],
) -> UUID:
    async with room.database.transaction(project.organization_id) as session:
        repository = ProjectRepository(session, project.organization_id)
        if known := await repository.commit_of(project, fetched.sha):
            return known.id
        await repository.keep_sources(project.id, texts)
        commit = Commit(
            id=new_key(),
            organization_id=project.organization_id,
            project_id=project.id,
            sha=fetched.sha,
            configuration=configuration_of(project),
            ref=fetched.ref,
            author_name=masked(fetched.author_name)[:300],
            author_email=masked(fetched.author_email)[:300],
            authored_at=fetched.authored_at,
            subject=masked(fetched.subject)[:1000],
            source=origin,
            complete=complete,
            graph=pack(graph),
            files=files,
            notes=masked(notes),
        )
        session.add(commit)
        return commit.id


def _literal_overrides(environment: Environment | None) -> dict[str, str]:
    """The ini overrides that say where revisions lie; those with templates are about connections."""
    if environment is None:
        return {}
    return {entry["name"]: entry["value"] for entry in environment.ini_overrides if "{{" not in entry["value"]}
