"""Comparison: how the schemas of two databases of a project differ."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from stillroom_api.authorization import InProject, in_project
from stillroom_api.context import Transaction
from stillroom_core.actors.permissions import Permission
from stillroom_core.catalogues.comparison import Comparison, Side, compare, compare_object
from stillroom_core.catalogues.kinds import Kind

router = APIRouter(prefix="/api/orgs/{org}/projects/{project}/comparison", tags=["catalogues"])


class ComparedSide(BaseModel):
    """One of the two databases; null: never read."""

    database: UUID
    read_at: datetime | None

    @classmethod
    def of(cls, side: Side) -> "ComparedSide":
        """From what was found."""
        return cls(database=side.database.id, read_at=side.catalogue.read_at if side.catalogue else None)


class SchemaDifference(BaseModel):
    """One object that is not the same on both sides: the right one has it more, has it not, or has it otherwise."""

    what: Literal["added", "missing", "different"]
    kind: Kind
    schema_name: str
    name: str


class ComparisonRead(BaseModel):
    """How two databases differ; roles are left out, they belong to a server."""

    left: ComparedSide
    right: ComparedSide
    differences: list[SchemaDifference]
    same: int = Field(description="objects that are alike")

    @classmethod
    def of(cls, found: Comparison) -> "ComparisonRead":
        """From what was found."""
        return cls(
            left=ComparedSide.of(found.left),
            right=ComparedSide.of(found.right),
            differences=[
                SchemaDifference(what=what, kind=Kind(kind), schema_name=schema, name=name)
                for what, (kind, schema, name) in found.differences
            ],
            same=found.same,
        )


class ComparedObjectRead(BaseModel):
    """The SQL of one object on both sides; null where it is not there."""

    left: str | None
    right: str | None


Rights = Annotated[bool, Query(description="also compare owners and grants")]


@router.get("")
async def read_comparison(
    session: Transaction,
    where: Annotated[InProject, in_project(Permission.PROJECT_READ)],
    left: UUID,
    right: UUID,
    rights: Rights = False,
) -> ComparisonRead:
    """Compares the schemas of two databases as they were last read; neither is asked."""
    return ComparisonRead.of(await compare(session, where.actor, where.project, left, right, rights=rights))


@router.get("/object")
async def read_compared_object(
    session: Transaction,
    where: Annotated[InProject, in_project(Permission.PROJECT_READ)],
    left: UUID,
    right: UUID,
    kind: Kind,
    name: Annotated[str, Query(max_length=10_000)],
    schema: Annotated[str, Query(max_length=63)] = "",
    rights: Rights = False,
) -> ComparedObjectRead:
    """One object with the SQL that makes it on each side."""
    found = await compare_object(
        session, where.actor, where.project, left, right, (kind.value, schema, name), rights=rights
    )
    return ComparedObjectRead(left=found.left, right=found.right)
