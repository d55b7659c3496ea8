"""Writes a draft: Alembic does, in the sandbox, with the project's template; or an earlier commit's file comes back.

What the sandbox gives is a stranger's text: where it may stand and what it must follow is checked here.
"""

import asyncio
from contextlib import AsyncExitStack
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from stillroom_core.databases.models import Database
from stillroom_core.drafts.models import Draft, DraftKind, DraftState
from stillroom_core.drafts.words import is_text_in
from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import RunSettings, run_settings
from stillroom_core.masking import masked
from stillroom_core.projects.models import Project
from stillroom_core.revisions.revision_file import FILE_BYTES, read_file
from stillroom_core.revisions.settings import Unreadable, read_settings
from stillroom_core.revisions.source import OutsideExport, Source, Tree, read_limited
from stillroom_worker import code as codes
from stillroom_worker.ask_alembic import Place, converse
from stillroom_worker.cellwork import Run, application_name, new_token, proxy_for, target_of
from stillroom_worker.errand import Errand, run_errand
from stillroom_worker.failure import JobFailed
from stillroom_worker.room import Room

_MENDS = "Correct the project's template script.py.mako and its configuration, or write the file by hand."


_ERRAND = Errand(
    model=Draft,
    state="state",
    asked_at="requested_at",
    error="error",
    waiting=DraftState.WAITING.value,
    running=DraftState.RUNNING.value,
    done=DraftState.READY.value,
    failed=DraftState.FAILED.value,
)


async def write_draft(room: Room, draft_id: UUID) -> None:
    """Writes once and stores the file or why there is none; does nothing when nobody asked."""
    await run_errand(room, _ERRAND, draft_id, lambda draft: _write(room, draft))


async def _write(room: Room, draft: Draft) -> dict[str, Any]:
    async with room.database.transaction(draft.organization_id) as session:
        project = await session.get_one(Project, draft.project_id)
        database = await session.get(Database, draft.database_id) if draft.database_id else None
        environment = (
            await session.get(Environment, database.environment_id)
            if database
            else await session.scalar(
                select(Environment).where(Environment.project_id == project.id).order_by(Environment.position).limit(1)
            )
        )
    path, content, notes = await _content(room, draft, project, environment, database)
    return {"path": path, "content": content, "notes": masked(notes)}


async def _content(
    room: Room, draft: Draft, project: Project, environment: Environment | None, database: Database | None
) -> tuple[str, str, list[dict[str, Any]]]:
    if draft.kind == DraftKind.RESTORE:
        return await _restored(room, draft, project)
    code = await codes.export(room, project, draft.commit_sha)
    if database is None and environment is not None and await asyncio.to_thread(_runs_env, code, project):
        database = await _any_database(room, environment)
    async with AsyncExitStack() as stack:
        token, proxy = "", None
        job = str(uuid4())
        if database is not None and environment is not None:
            token = new_token()
            folder, name = room.folder("jobs") / f"draft-{job}", application_name(job)
            stack.callback(codes.forget, folder)
            proxy = await stack.enter_async_context(
                proxy_for(
                    room, target_of(database, environment), folder / "socket", token, name=name, in_touch=lambda: True
                )
            )
        run = Run(
            job=job,
            kind="revision",
            revision={
                "message": draft.message,
                "rev_id": draft.rev_id,
                "heads": draft.heads,
                "autogenerate": draft.kind == DraftKind.AUTOGENERATE,
            },
        )
        answer = await converse(
            room,
            run,
            Place(
                project=project,
                environment=environment,
                settings=run_settings(environment) if environment else RunSettings({}, {}, ()),
                code=code,
                database=database,
                proxy=proxy,
                token=token,
            ),
        )
    if not answer.ok:
        raise answer.failure(
            "Alembic could not write the revision.",
            "Correct what it says; comparing needs a database that stands at the newest revision.",
        )
    event = answer.told.get("revision")
    if event is None:
        raise JobFailed(
            "nothing_to_write",
            "Alembic wrote nothing.",
            "Models and database agree, or the project's env.py discards empty revisions.",
            "There is nothing to do; write an empty revision if you need one.",
        )
    path = _place(code, project, event["path"])
    notes = [{"code": "hook", "detail": event["note"]}] if event["note"] else []
    return path, await asyncio.to_thread(_checked, draft, event["text"], path), notes


def _runs_env(code: codes.Code, project: Project) -> bool:
    """Whether writing any revision runs env.py, which then wants the database that it always has."""
    source = Source(
        export=code.export,
        subdirectory=project.subdirectory,
        config_file=project.config_file,
        section=project.config_section,
    )
    try:
        return read_settings(source, Tree(source)).revision_environment
    except (Unreadable, OutsideExport):
        return False  # Alembic itself will say what is wrong with it


async def _any_database(room: Room, environment: Environment) -> Database | None:
    async with room.database.transaction(environment.organization_id) as session:
        found: Database | None = await session.scalar(
            select(Database).where(Database.environment_id == environment.id).order_by(Database.name).limit(1)
        )
        return found


def _place(code: codes.Code, project: Project, path: str) -> str:
    """Where the file belongs, relative to the repository; raises JobFailed for any place but a new Python file."""
    given = PurePosixPath(path)
    try:
        tree = Tree(Source(export=code.export, subdirectory=project.subdirectory))
        target = tree.inside(str(given))
    except OutsideExport:
        target = None
    if target is None or target.suffix != ".py" or target.exists() or any(part.startswith(".") for part in given.parts):
        raise JobFailed(
            "bad_place", "The revision would not be a new Python file of the repository.", path[:300], _MENDS
        )
    return tree.relative(target)


def _checked(draft: Draft, text: str, path: str) -> str:
    """The text, once it is sure that it is the revision that was asked for and the message is nothing but text."""
    revision, _ = read_file(text.encode(), path)
    follows = set(revision.down) if revision else None
    if revision is None or follows != set(draft.heads) or (draft.rev_id and revision.id != draft.rev_id):
        raise JobFailed(
            "another_revision",
            "The project's template made another revision than the one asked for.",
            f"Asked was one that follows {', '.join(draft.heads) or 'nothing'}.",
            _MENDS,
        )
    if not is_text_in(text, draft.message):
        raise JobFailed(
            "message_is_code",
            "The project's template puts the message where it would be code.",
            fix="Use a message of plain letters, or correct script.py.mako.",
        )
    return text


async def _restored(room: Room, draft: Draft, project: Project) -> tuple[str, str, list[dict[str, Any]]]:
    """The file as the earlier commit had it, read from the repository."""
    source = draft.source or {}
    code = await codes.export(room, project, source["sha"])
    tree = Tree(Source(export=code.export))
    data = await asyncio.to_thread(read_limited, tree.inside(source["path"]), FILE_BYTES)
    if not data or len(data) > FILE_BYTES:
        raise JobFailed("no_file", "The earlier commit's file cannot be read.", source["path"])
    try:
        return source["path"], data.decode(), []
    except UnicodeDecodeError:
        raise JobFailed(
            "no_text",
            "The file is not UTF-8, so it cannot be shown before it is pushed.",
            source["path"],
            f"Restore it by hand: git checkout {source['sha'][:12]} -- {source['path']}",
        ) from None
