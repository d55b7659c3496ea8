"""The main routes: the history of a project, where its databases stand, and moving them."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from stillroom_api.approvals.answer import answer_move
from stillroom_api.authorization import (
    Caller,
    InEnvironment,
    InProject,
    in_named_environment,
    in_named_project,
    marked,
    named_environment,
)
from stillroom_api.context import Transaction
from stillroom_api.findings import RevisionFindings
from stillroom_api.jobs.schemas import JobRead
from stillroom_api.migrations.schemas import (
    Current,
    EnvironmentStanding,
    GateRead,
    History,
    MoveRequest,
    RevisionChanges,
    RevisionWithSource,
    RunRead,
    Runs,
    TraceRead,
)
from stillroom_api.projects.schemas import CommitRead
from stillroom_core.actors.permissions import Permission
from stillroom_core.approvals.service import Move, start_or_ask
from stillroom_core.changes.service import touches_of_revision
from stillroom_core.database import Session
from stillroom_core.databases.gate import Wanted, ask_gate
from stillroom_core.databases.service import find_database
from stillroom_core.databases.standing import standings
from stillroom_core.environments.service import find_environment
from stillroom_core.findings.service import judge_revision
from stillroom_core.jobs.lifecycle import JobKind
from stillroom_core.jobs.rights import PERMISSION_FOR, check_may_ask
from stillroom_core.jobs.runs import newest_runs, runs_of
from stillroom_core.plans.way_back import way_back
from stillroom_core.projects.history import history_json, revision_detail
from stillroom_core.projects.service import newest_commit, required_commit
from stillroom_core.projects.traces import trace_of

router = APIRouter(prefix="/api/migrations", tags=["migrations"])

Reading = Annotated[InProject, in_named_project(Permission.PROJECT_READ)]


@router.get("/history", response_model=History)
async def history(request: Request, session: Transaction, where: Reading) -> Response:
    """The revisions of the project's newest commit, newest first; with an ETag, because a commit never changes."""
    commit = await required_commit(session, where.actor, where.project)
    # With the shape's number: what a browser kept of an older one must not be taken for this.
    etag = f'"{commit.id}-2"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    compressed = "gzip" in request.headers.get("accept-encoding", "")
    if compressed:
        headers["Content-Encoding"] = "gzip"
    content = await history_json(session, where.actor, commit, compressed=compressed)
    return Response(content, media_type="application/json", headers=headers)


@router.get("/revisions/{revision}")
async def revision(revision: str, session: Transaction, where: Reading) -> RevisionWithSource:
    """One revision with its source, by id or unique beginning."""
    commit = await required_commit(session, where.actor, where.project)
    found = await revision_detail(session, where.actor, where.project, commit, revision)
    return RevisionWithSource.model_validate(
        {
            **found.entry,
            "doc": found.doc,
            "source": found.source,
            "upgrade_lines": found.upgrade_lines,
            "downgrade_lines": found.downgrade_lines,
        }
    )


@router.get("/revisions/{revision}/runs")
async def revision_runs(revision: str, session: Transaction, where: Reading) -> list[RunRead]:
    """What jobs did with one revision on the project's databases, newest first."""
    return [RunRead.of(run) for run in await runs_of(session, where.actor, where.project.id, revision)]


@router.get("/revisions/{revision}/changes")
async def revision_changes(
    revision: str, session: Transaction, where: Reading, direction: Literal["upgrade", "downgrade"] = "upgrade"
) -> RevisionChanges:
    """What a revision does to which objects: as the newest job ran it, else as its source says."""
    commit = await required_commit(session, where.actor, where.project)
    upgrade = direction == "upgrade"
    return RevisionChanges.of(
        await touches_of_revision(session, where.actor, where.project, commit, revision, upgrade=upgrade)
    )


@router.get("/revisions/{revision}/findings")
async def revision_findings(
    revision: str, session: Transaction, where: Reading, direction: Literal["upgrade", "downgrade"] = "upgrade"
) -> RevisionFindings:
    """What in a revision may hurt: locks, rows that are read or written anew, data that goes."""
    commit = await required_commit(session, where.actor, where.project)
    upgrade = direction == "upgrade"
    return RevisionFindings.of(
        await judge_revision(session, where.actor, where.project, commit, revision, upgrade=upgrade)
    )


@router.get("/revisions/{revision}/trace")
async def revision_trace(
    revision: str, session: Transaction, where: Reading, database: UUID | None = None
) -> TraceRead:
    """Which commit that was read before had a revision that the present code does not have.

    With the id of a database also the downgrade that brings it back from there with that commit's code.
    """
    trace = await trace_of(session, where.actor, where.project, revision)
    way = None
    if trace is not None and database is not None:
        way = await way_back(session, where.actor, where.project, trace.commit, database)
    return TraceRead.of(trace, way)


@router.get("/runs")
async def runs(session: Transaction, where: Reading) -> Runs:
    """Which job brought each database to each revision, when, and how long that took."""
    return Runs.of(await newest_runs(session, where.actor, where.project.id))


@router.get("/current")
async def current(
    session: Transaction, where: Reading, environment: Annotated[str | None, Query(max_length=63)] = None
) -> Current:
    """Where every database of the project stands, as last read by the workers."""
    commit = await newest_commit(session, where.actor, where.project)
    if environment is not None:
        await find_environment(session, where.actor, where.project, environment)
    found = await standings(session, where.actor, where.project, commit, environment)
    return Current(
        commit=CommitRead.of(commit) if commit else None,
        environments=[EnvironmentStanding.of(place, group, where.actor) for place, group in found],
    )


@router.get("/gate")
async def gate(
    session: Transaction,
    where: Annotated[InEnvironment, in_named_environment(Permission.PROJECT_READ)],
    database: Annotated[
        str | None, Query(max_length=200, description="name or id; needless where there is one")
    ] = None,
    revision: Annotated[
        str | None, Query(min_length=1, max_length=100, description="id, its beginning, or head; default: head")
    ] = None,
    commit: Annotated[
        str | None,
        Query(pattern="^[0-9A-Fa-f]{7,64}$", description="whose heads are meant; default: the newest that was read"),
    ] = None,
    exact: Annotated[bool, Query(description="there and not further; else at or after")] = False,
    max_age_s: Annotated[int, Query(ge=1, le=86400, description="how old the reading may be, in seconds")] = 60,
) -> GateRead:
    """Whether a database is where a program needs it; a reading that is too old is asked for, so ask again."""
    found = await find_database(session, where.actor, where.environment, database)
    wanted = Wanted(revision=revision, commit=commit, exact=exact, max_age=timedelta(seconds=max_age_s))
    return GateRead.of(where.environment, found, await ask_gate(session, where.actor, where.project, found, wanted))


def may_start(kind: JobKind) -> Any:
    """The environment named in the body, for somebody who may start a job of this kind there, or ask for one."""

    async def check(body: MoveRequest, person: Caller, session: Transaction) -> InEnvironment:
        where = await named_environment(session, person, body.project, body.environment, Permission.PROJECT_READ)
        check_may_ask(where.actor, where.environment, kind)
        return where

    return marked(check, PERMISSION_FOR[kind])


@router.post("/upgrade", status_code=202, response_model=JobRead)
async def upgrade(
    request: Request,
    body: MoveRequest,
    session: Transaction,
    where: Annotated[InEnvironment, may_start(JobKind.UPGRADE)],
) -> JobRead | Response:
    """Starts an upgrade to a revision, head, heads or +n."""
    return await _start(request, session, where, body, JobKind.UPGRADE)


@router.post("/downgrade", status_code=202, response_model=JobRead)
async def downgrade(
    request: Request,
    body: MoveRequest,
    session: Transaction,
    where: Annotated[InEnvironment, may_start(JobKind.DOWNGRADE)],
) -> JobRead | Response:
    """Starts a downgrade to a revision, base or -n."""
    return await _start(request, session, where, body, JobKind.DOWNGRADE)


@router.post("/stamp", status_code=202, response_model=JobRead)
async def stamp(
    request: Request,
    body: MoveRequest,
    session: Transaction,
    where: Annotated[InEnvironment, may_start(JobKind.STAMP)],
) -> JobRead | Response:
    """Writes the version table without running a revision."""
    return await _start(request, session, where, body, JobKind.STAMP)


@router.post("/check", status_code=202, response_model=JobRead)
async def check(
    request: Request,
    body: MoveRequest,
    session: Transaction,
    where: Annotated[InEnvironment, may_start(JobKind.CHECK)],
) -> JobRead | Response:
    """Compares the project's models with the database."""
    return await _start(request, session, where, body, JobKind.CHECK)


@router.post("/current", status_code=202, response_model=JobRead)
async def read_current(
    request: Request,
    body: MoveRequest,
    session: Transaction,
    where: Annotated[InEnvironment, may_start(JobKind.CURRENT)],
) -> JobRead | Response:
    """Asks Alembic itself, through the project's env.py, where the database stands."""
    return await _start(request, session, where, body, JobKind.CURRENT)


@router.post("/command", status_code=202, response_model=JobRead)
async def command(
    request: Request,
    body: MoveRequest,
    session: Transaction,
    where: Annotated[InEnvironment, may_start(JobKind.COMMAND)],
) -> JobRead | Response:
    """Runs the project's own migration command."""
    return await _start(request, session, where, body, JobKind.COMMAND)


async def _start(
    request: Request, session: Session, where: InEnvironment, body: MoveRequest, kind: JobKind
) -> JobRead | Response:
    database = await find_database(session, where.actor, where.environment, body.database)
    move = Move(
        project=where.project,
        environment=where.environment,
        database=database,
        kind=kind,
        revision=body.revision,
        plan_id=body.plan,
        reason=body.reason,
        idempotency_key=body.idempotency_key,
        override=body.override,
    )
    return await answer_move(request, session, where.actor, await start_or_ask(session, where.actor, move))
