"""Pushes a draft: one commit with one new file, by a person, as a branch that was not there before."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, update

from stillroom_core.drafts.models import Draft, DraftState
from stillroom_core.errors import StillroomError
from stillroom_core.masking import keeping_secrets
from stillroom_core.members.models import User
from stillroom_core.outbound.addresses import operator_networks
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import credential_of, request_fetch
from stillroom_core.tables import now
from stillroom_worker import checkout
from stillroom_worker import code as codes
from stillroom_worker.checkout import CheckoutFailed, Credential, NewCommit, Repository
from stillroom_worker.failure import JobFailed
from stillroom_worker.room import Room


async def push_draft(room: Room, draft_id: UUID) -> None:
    """Pushes once and stores the commit, or why the server did not take it; does nothing when nobody asked."""
    with keeping_secrets():
        await _push_draft(room, draft_id)


async def _push_draft(room: Room, draft_id: UUID) -> None:
    async with room.database.everything() as session:
        taken = await session.execute(
            update(Draft)
            .where(Draft.id == draft_id, Draft.state == DraftState.PUSH_WAITING.value)
            .values(state=DraftState.PUSHING.value, requested_at=func.clock_timestamp())
            .returning(Draft)
        )
        draft = taken.scalar_one_or_none()
        if draft is None:
            return
        project = await session.get_one(Project, draft.project_id)
        person = await session.get(User, draft.actor_id) if draft.actor_id else None
    values: dict[str, Any]
    try:
        sha = await _push(room, draft, project, person)
        values = {"state": DraftState.PUSHED.value, "pushed_sha": sha, "pushed_at": now(), "error": None}
    except (CheckoutFailed, JobFailed, StillroomError) as failure:
        described = failure if isinstance(failure, JobFailed) else JobFailed.of(failure)
        # The text is there still: another branch or a better credential may do.
        values = {"state": DraftState.READY.value, "error": described.as_dict()}
    async with room.database.transaction(draft.organization_id) as session:
        mine = (Draft.state == DraftState.PUSHING.value, Draft.requested_at == draft.requested_at)
        await session.execute(update(Draft).where(Draft.id == draft_id, *mine).values(**values))
        if "pushed_sha" in values and draft.branch == project.git_ref:
            request_fetch(session, await session.get_one(Project, project.id))


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
