"""How the schemas of two databases differ, as they were last read."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from stillroom_core.actors.actor import Actor
from stillroom_core.catalogues.ddl import ddl
from stillroom_core.catalogues.kinds import Kind
from stillroom_core.catalogues.models import Catalogue
from stillroom_core.catalogues.repository import CatalogueRepository
from stillroom_core.catalogues.service import no_such_object
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.databases.repository import DatabaseRepository
from stillroom_core.errors import not_found
from stillroom_core.projects.models import Project

Key = tuple[str, str, str]  # kind, schema, name
What = Literal["added", "missing", "different"]

_RIGHTS = frozenset({"owner", "grants"})
# What differs between servers and is no part of the schema.
_OF_THE_SERVER = frozenset({"offered", "members"})


@dataclass(frozen=True)
class Side:
    """One of the two; `catalogue` is None where the database was never read."""

    database: Database
    catalogue: Catalogue | None


@dataclass(frozen=True)
class Comparison:
    """`differences` from left to right: what the right side has more, has not, or has otherwise."""

    left: Side
    right: Side
    differences: list[tuple[What, Key]]
    same: int


@dataclass(frozen=True)
class ComparedObject:
    """The SQL of one object on both sides; None where it is not there."""

    left: str | None
    right: str | None


async def compare(
    session: Session, actor: Actor, project: Project, left: UUID, right: UUID, *, rights: bool
) -> Comparison:
    """Compares all objects but roles, which belong to a server; owners and grants only with `rights`."""
    repository = CatalogueRepository(session, actor.organization_id)
    sides = [await _side(session, actor, project, repository, key) for key in (left, right)]
    first, second = (_digests(side.catalogue) for side in sides)
    doubtful = [key for key in first.keys() & second.keys() if first[key] != second[key]]
    wanted = {digests[key] for key in doubtful for digests in (first, second)}
    contents = await repository.contents_in_parts(sorted(wanted))
    changed = await asyncio.to_thread(_different, doubtful, first, second, contents, rights)
    found: list[tuple[What, Key]] = [
        *(("missing", key) for key in first.keys() - second.keys()),
        *(("added", key) for key in second.keys() - first.keys()),
        *(("different", key) for key in changed),
    ]
    order = {kind.value: at for at, kind in enumerate(Kind)}
    found.sort(key=lambda one: (one[1][1], order.get(one[1][0], 99), one[1][2]))
    same = len(first.keys() & second.keys()) - len(changed)
    return Comparison(sides[0], sides[1], found, same)


async def compare_object(
    session: Session, actor: Actor, project: Project, left: UUID, right: UUID, key: Key, *, rights: bool
) -> ComparedObject:
    """One object on both sides; raises NotFound where neither has it."""
    repository = CatalogueRepository(session, actor.organization_id)
    texts: list[str | None] = []
    for database in (left, right):
        side = await _side(session, actor, project, repository, database)
        digest = _digests(side.catalogue).get(key)
        content = (await repository.contents([digest])).get(digest) if digest else None
        texts.append(ddl(content, rights=rights) if content else None)
    if texts == [None, None]:
        raise no_such_object()
    return ComparedObject(texts[0], texts[1])


async def _side(session: Session, actor: Actor, project: Project, repository: CatalogueRepository, key: UUID) -> Side:
    database = await DatabaseRepository(session, actor.organization_id).by_id(key)
    if database.project_id != project.id:
        raise not_found("database")
    return Side(database, await repository.newest(key))


def _digests(catalogue: Catalogue | None) -> dict[Key, bytes]:
    return {
        (entry[0], entry[1], entry[2]): bytes.fromhex(entry[3])
        for entry in (catalogue.listing if catalogue else ())
        if entry[0] != Kind.ROLE
    }


def _different(
    keys: list[Key],
    first: Mapping[Key, bytes],
    second: Mapping[Key, bytes],
    contents: Mapping[bytes, dict[str, Any]],
    rights: bool,
) -> list[Key]:
    left_out = _OF_THE_SERVER if rights else _OF_THE_SERVER | _RIGHTS
    return [
        key for key in keys if _compared(contents[first[key]], left_out) != _compared(contents[second[key]], left_out)
    ]


def _compared(content: Mapping[str, Any], left_out: frozenset[str]) -> dict[str, Any]:
    """What counts of an object: its content, and its columns, without these fields."""
    found = {name: value for name, value in content.items() if name not in left_out}
    if isinstance(found.get("columns"), list):
        found["columns"] = [{n: v for n, v in column.items() if n not in left_out} for column in found["columns"]]
    return found
