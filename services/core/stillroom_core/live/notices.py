"""Notices: that something changed, never what. Whoever hears one asks again, and sees what they may see.

A notice is sent after the commit of what it tells about. One that is lost costs a page the seconds until it looks by
itself; no truth depends on it.
"""

import json
from asyncio import timeout
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.orm import Session as SyncSession

from stillroom_core.database import Session

log = structlog.get_logger()

# Everybody's rights are looked at again when this is heard; it says nothing else.
RIGHTS = "rights"
# A request must not wait for a broker that swallows everything.
_PATIENCE = timedelta(seconds=2)
_NOTICES: Any = "stillroom.notices"


class About(StrEnum):
    """What changed in a project."""

    JOBS = "jobs"  # one was asked for, moved on or ended
    DATABASES = "databases"  # environments, databases, and where these stand
    PROJECT = "project"  # its settings, its commit, its fetch
    APPROVALS = "approvals"  # one was asked for, decided, or nothing came of it


@dataclass(frozen=True)
class Notice:
    """Something changed in a project of an organization."""

    organization_id: UUID
    project_id: UUID
    about: About


def channel_of(organization_id: UUID) -> str:
    """Where the notices of an organization are published."""
    return f"organization:{organization_id}"


def notice_after_commit(session: Session, organization_id: UUID, project_id: UUID, *about: About) -> None:
    """Sends notices once this session's transaction has been committed."""
    waiting = session.info.setdefault(_NOTICES, {})
    waiting.update({Notice(organization_id, project_id, one): None for one in about})


def rights_changed(session: Session | SyncSession) -> None:
    """Has open connections look at their rights again once this session's transaction has been committed."""
    session.info.setdefault(_NOTICES, {})[RIGHTS] = None


def take_notices(session: Session) -> list[Notice | str]:
    """What the committed transaction wants to be heard, once."""
    return list(session.info.pop(_NOTICES, {}))


async def send_notices(redis: "Redis", notices: list[Notice | str]) -> None:
    """Publishes all in one turn, or logs that the broker does not answer; never raises for that."""
    if not notices:
        return
    try:
        async with timeout(_PATIENCE.total_seconds()):
            pipeline = redis.pipeline(transaction=False)
            for notice in notices:
                if isinstance(notice, Notice):
                    content = {"project": str(notice.project_id), "about": notice.about}
                    pipeline.publish(channel_of(notice.organization_id), json.dumps(content))
                else:
                    pipeline.publish(notice, "")
            await pipeline.execute()
    except (RedisError, OSError, TimeoutError) as cause:
        log.warning("notices.unreachable", cause=type(cause).__name__)
