"""Pushes a draft: one commit with one new file, by a person, as a branch that was not there before."""

from typing import Any
from uuid import UUID

from stillroom_core.database import Session
from stillroom_core.drafts.models import Draft, DraftState
from stillroom_core.members.models import User
from stillroom_core.outbound.addresses import operator_networks
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import credential_of, request_fetch
from stillroom_core.tables import now
from stillroom_worker import checkout
from stillroom_worker import code as codes
from stillroom_worker.checkout import Credential, NewCommit, Repository
from stillroom_worker.errand import Errand, run_errand
from stillroom_worker.failure import JobFailed
from stillroom_worker.room import Room

_ERRAND = Errand(
    model=Draft,
    state="state",
    asked_at="requested_at",
    error="error",
    waiting=DraftState.PUSH_WAITING.value,
    running=DraftState.PUSHING.value,
    done=DraftState.PUSHED.value,
    failed=DraftState.READY.value,  # the text is there still: another branch or a better credential may do
)


async def push_draft(room: Room, draft_id: UUID) -> None:
    """Pushes once and stores the commit, or why the server did not take it; does nothing when nobody asked."""
    await run_errand(room, _ERRAND, draft_id, lambda draft: _pushed(room, draft), afterwards=_fetch_what_was_pushed)


async def _pushed(room: Room, draft: Draft) -> dict[str, Any]:
    async with room.database.transaction(draft.organization_id) as session:
        project = await session.get_one(Project, draft.project_id)
        person = await session.get(User, draft.actor_id) if draft.actor_id else None
    return {"pushed_sha": await _push(room, draft, project, person), "pushed_at": now()}


async def _fetch_what_was_pushed(session: Session, draft: Draft) -> None:
    project = await session.get_one(Project, draft.project_id)
    if draft.branch == project.git_ref:
        request_fetch(session, project)


async def _push(room: Room, draft: Draft, project: Project, person: User | None) -> str:
    if person is None or draft.branch is None or draft.path is None or draft.content is None:
        raise JobFailed("no_author", "The person who asked for this is not here any more.", fix="Ask for it yourself.")
    given = credential_of(project)
    repository = Repository(
        url=project.git_url,
        ref=draft.branch,
        credential=Credential(**given) if given else None,
        allow_local=room.settings.development,
    )
    # The commit below it must be in this worker's mirror.
    await codes.export(room, project, draft.commit_sha)
    commit = NewCommit(
        parent=draft.commit_sha,
        path=draft.path,
        content=draft.content.encode(),
        author_name=person.name,
        author_email=person.email,
        message=f"{draft.message}\n",
        at=draft.created_at,
    )
    return await checkout.push(
        repository,
        codes.mirror_of(room, project),
        commit,
        onto_existing=project.direct_push and draft.branch == project.git_ref,
        allow_default=project.direct_push,
        level=room.isolation(),
        allowed_networks=operator_networks(room.settings),
    )
