"""The audit log: look, search, take away, verify."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from stillroom_api.audit.export import csv_of, lines_of
from stillroom_api.audit.schemas import AuditPage, AuditPageQuery, AuditQuery, AuditRead, AuditVerification
from stillroom_api.authorization import in_organization
from stillroom_api.context import ContextOf, Transaction
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.audit import service

router = APIRouter(prefix="/api/orgs/{org}/audit", tags=["audit"])

Auditor = Annotated[Actor, in_organization(Permission.AUDIT_READ)]


@router.get("")
async def list_entries(
    context: ContextOf, session: Transaction, actor: Auditor, query: Annotated[AuditPageQuery, Query()]
) -> AuditPage:
    """Acts and refusals, newest first."""
    found = await context.replica.read(
        session, lambda reading: service.newest(reading, actor, query.meant(), query.limit + 1)
    )
    page = found[: query.limit]
    return AuditPage(
        items=[AuditRead.of(entry) for entry in page],
        next_before=page[-1].number if len(found) > query.limit else None,
    )


class ExportQuery(AuditQuery):
    """All of them as a file."""

    form: Literal["csv", "jsonl"] = "csv"


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}, "application/jsonl": {}}}},
)
async def export_entries(
    context: ContextOf, actor: Auditor, query: Annotated[ExportQuery, Query()]
) -> StreamingResponse:
    """As CSV for people, or as one JSON object a line, oldest first, with everything that the hashes cover."""
    return csv_of(context, actor, query.meant()) if query.form == "csv" else lines_of(context, actor)


@router.get("/verification")
async def verify_entries(session: Transaction, actor: Auditor) -> AuditVerification:
    """Follows the chain of hashes from the first entry to the newest."""
    return AuditVerification.of(await service.verify(session, actor.organization_id))
