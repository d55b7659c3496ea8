"""Shapes of drafts: a revision that was written and is looked at before it is pushed."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from stillroom_api.projects.schemas import ProblemText, Word
from stillroom_core.drafts.models import Draft, DraftKind
from stillroom_core.projects.git_address import REF_LIMIT

States = Literal["waiting", "running", "ready", "failed", "push_waiting", "pushing", "pushed"]


class DraftNew(BaseModel):
    """What to write. `heads`: what it follows; by default every head for a merge, else the only one."""

    model_config = ConfigDict(extra="forbid")

    kind: DraftKind
    message: str = Field(default="", max_length=500)
    rev_id: str | None = Field(default=None, max_length=100)
    heads: list[Word] | None = Field(default=None, max_length=200)
    environment: str | None = Field(default=None, max_length=63, description="for autogenerate: what to compare with")
    database: str | None = Field(default=None, max_length=200)
    restore: str | None = Field(default=None, max_length=100, description="for restore: the revision that is missing")


class PushRequest(BaseModel):
    """Where to push: a branch that is not there yet."""

    model_config = ConfigDict(extra="forbid")

    branch: str = Field(min_length=1, max_length=REF_LIMIT)


class DraftNote(BaseModel):
    """Something to know about the text."""

    code: str
    detail: str


class DraftRead(BaseModel):
    """A draft as people see it; `content` only where one draft is asked for."""

    id: UUID
    kind: DraftKind
    state: States
    message: str
    heads: list[str]
    commit: str
    ref: str
    actor: str
    created_at: datetime
    path: str | None
    content: str | None
    notes: list[DraftNote]
    error: ProblemText | None
    branch: str | None
    pushed_sha: str | None
    pushed_at: datetime | None

    @classmethod
    def of(cls, draft: Draft, *, with_content: bool = True) -> "DraftRead":
        """From the row."""
        return cls(
            id=draft.id,
            kind=DraftKind(draft.kind),
            state=draft.state,
            message=draft.message,
            heads=draft.heads,
            commit=draft.commit_sha,
            ref=draft.ref,
            actor=draft.actor_name,
            created_at=draft.created_at,
            path=draft.path,
            content=draft.content if with_content else None,
            notes=[DraftNote.model_validate(note) for note in draft.notes],
            error=ProblemText.model_validate(draft.error) if draft.error else None,
            branch=draft.branch,
            pushed_sha=draft.pushed_sha,
            pushed_at=draft.pushed_at,
        )


class Drafts(BaseModel):
    """A page of the project's drafts, the latest first."""

    items: list[DraftRead]
    next_cursor: UUID | None
