"""Shapes of lives: which revision made and last changed an object and its parts."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from stillroom_core.changes.change import Action
from stillroom_core.changes.life import Touch
from stillroom_core.changes.service import ObjectLife

_SHOWN = 200


class TouchedBy(BaseModel):
    """A revision that changed something. Without a job it ran before Stillroom watched, and its source says so."""

    revision: str
    message: str
    upgrade: bool = Field(description="false: the revision was reverted")
    job: UUID | None
    job_number: int | None
    at: datetime | None
    line: int | None = Field(description="of the revision's file")
    action: Action
    kind: str
    name: str
    to: str = Field(description="the new name, where it was renamed")

    @classmethod
    def of(cls, touch: Touch | None, life: ObjectLife) -> "TouchedBy | None":
        """From what was found."""
        if touch is None:
            return None
        change = touch.change
        return cls(
            revision=touch.revision,
            message=life.messages.get(touch.revision, ""),
            upgrade=touch.upgrade,
            job=touch.job_id,
            job_number=life.jobs.get(touch.job_id) if touch.job_id else None,
            at=touch.at,
            line=change.line,
            action=change.action,
            kind=change.kind,
            name=change.name,
            to=f"{change.to_schema}.{change.to}" if change.to_schema else change.to,
        )


class PartLife(BaseModel):
    """Of a column, constraint, index, trigger, rule, policy or statistics."""

    kind: str
    name: str
    made: TouchedBy | None
    changed: TouchedBy | None


class ObjectLifeRead(BaseModel):
    """Which revisions touched an object, the newest first; null where nobody knows."""

    made: TouchedBy | None
    changed: TouchedBy | None
    touched: list[TouchedBy]
    more: int = Field(description="older ones that are not listed")
    parts: list[PartLife]

    @classmethod
    def of(cls, found: ObjectLife) -> "ObjectLifeRead":
        """From what was found."""
        life = found.life
        told = [touch for touch in (TouchedBy.of(touch, found) for touch in life.touches[:_SHOWN]) if touch]
        return cls(
            made=TouchedBy.of(life.span.made, found),
            changed=TouchedBy.of(life.span.changed, found),
            touched=told,
            more=len(life.touches) - len(told),
            parts=[
                PartLife(
                    kind=kind,
                    name=name,
                    made=TouchedBy.of(span.made, found),
                    changed=TouchedBy.of(span.changed, found),
                )
                for (kind, name), span in life.parts.items()
            ],
        )
