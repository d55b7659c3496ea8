"""Where a revision was last seen that the present code does not have: in the commits that were read before."""

import asyncio
import json
import zlib
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import defer

from stillroom_core.actors.actor import Actor
from stillroom_core.database import Session
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Commit, Project

_LOOKED_AT = 200


@dataclass(frozen=True)
class Trace:
    """The newest commit that was read with the revision, and the one read after it, which has it no more."""

    commit: Commit
    path: str
    message: str
    gone_in: Commit | None


async def trace_of(session: Session, actor: Actor, project: Project, revision: str) -> Trace | None:
    """Looks through the last 200 commits that were read of the project, newest first; None: none had it.

    A stored graph is searched for the id as JSON spells it, and only one that holds it is parsed.
    """
    rows = await session.stream_scalars(
        select(Commit)
        .where(Commit.project_id == project.id, Commit.organization_id == actor.organization_id)
        .order_by(Commit.id.desc())
        .limit(_LOOKED_AT)
        .options(defer(Commit.files, raiseload=True))
        .execution_options(yield_per=10)
    )
    needle = json.dumps(revision, ensure_ascii=False).encode()
    after: Commit | None = None
    async for commit in rows:
        content = await asyncio.to_thread(zlib.decompress, commit.graph)
        if needle in content:
            graph = graph_of(commit)
            if revision in graph:
                found = graph[revision]
                return Trace(commit, found.path, found.message, after)
        after = commit
    return None
