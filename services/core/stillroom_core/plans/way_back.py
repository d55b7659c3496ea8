"""How a database comes back from revisions that only an earlier commit has: a downgrade with that commit's code."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from stillroom_core.actors.actor import Actor
from stillroom_core.database import Session
from stillroom_core.databases.repository import DatabaseRepository
from stillroom_core.errors import StillroomError, not_found
from stillroom_core.plans.service import knows_heads
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Commit, Project
from stillroom_core.projects.repository import configuration_of
from stillroom_core.projects.service import required_commit
from stillroom_core.revisions.graph import Graph
from stillroom_core.revisions.planner import plan


@dataclass(frozen=True)
class WayBack:
    """The target of a downgrade, and the revisions that it undoes, in their order."""

    revision: str
    undoes: list[str]


async def way_back(
    session: Session, actor: Actor, project: Project, earlier: Commit, database_id: UUID
) -> WayBack | None:
    """The downgrade with the earlier commit's code that undoes exactly what the newest commit does not know.

    None where there is no single one: the commit was read with another configuration, lacks a row of the database,
    or the unknown revisions lie below known ones. Raises NotFound for a database of another project.
    """
    database = await DatabaseRepository(session, actor.organization_id).by_id(database_id)
    if database.project_id != project.id:
        raise not_found("database")
    if earlier.configuration != configuration_of(project) or not earlier.complete or not knows_heads(database):
        return None
    newest = await required_commit(session, actor, project)
    return await asyncio.to_thread(_search, graph_of(earlier), graph_of(newest), database.heads or [])


def _search(earlier: Graph, newest: Graph, heads: list[str]) -> WayBack | None:
    if earlier.unknown(heads):
        return None
    applied = earlier.ancestors(heads)
    gone = {key for key in applied if key not in newest}
    if not gone:
        return None
    for target in _targets(earlier, heads, applied - gone, gone):
        try:
            steps = plan(earlier, "downgrade", target, heads).steps
        except StillroomError:
            continue
        if {step.revision for step in steps} == gone:
            return WayBack(target, [step.revision for step in steps])
    return None


def _targets(earlier: Graph, heads: list[str], left: frozenset[str], gone: set[str]) -> Iterator[str]:
    """What Alembic could be told: where what stays meets what goes, alone or within the branch of a head that goes."""
    if not left:
        yield "base"
    meets = {parent for key in gone for parent in earlier.parents(key)} & left
    near = [key for key in earlier.order if key in meets]
    yield from near
    for head in heads:
        if head in gone:
            yield from (f"{head}@{key}" for key in near)
            yield f"{head}@base"
