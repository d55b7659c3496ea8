"""Asking for a write, looking at what became of writes, and noting it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from stillroom_core.actors.actor import Actor
from stillroom_core.audit.service import Subject, record, write_found
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.errors import Conflict, Invalid
from stillroom_core.freezes.service import opening_of
from stillroom_core.jobs.conditions import check_opening
from stillroom_core.jobs.repository import JobRepository
from stillroom_core.keys import new_key
from stillroom_core.masking import masked
from stillroom_core.masks.service import masks_for
from stillroom_core.projects.models import Project
from stillroom_core.tables import now
from stillroom_core.writes.models import Write

# A question to the reader is believed for half a minute: what has not begun by then never will.
_BEGINS_WITHIN = timedelta(minutes=1)
# Longer than a statement may take, and its commit after it.
_ENDS_WITHIN = timedelta(minutes=10)


async def ask_write(
    session: Session,
    actor: Actor,
    project: Project,
    environment: Environment,
    database: Database,
    *,
    sql: str,
    named: str,
    rehearsal: bool,
) -> Write:
    """Notes that a statement is to be run; raises Conflict and Invalid where it must not be."""
    await _check(session, actor, project, environment, database)
    if named != database.name:
        raise Invalid(
            "database_not_named",
            "The name that was typed is not the database's.",
            fix=f"Type {database.name} to confirm that it is meant.",
            fields={"database_name": "differs"},
        )
    made = Write(
        id=new_key(),
        organization_id=actor.organization_id,
        database_id=database.id,
        user_id=actor.user_id,
        actor_name=actor.name,
        content=masked(sql),
        rehearsal=rehearsal,
        state="asked",
    )
    session.add(made)
    await session.flush()
    told = {"write": str(made.id), "statement": made.content, "rehearsal": rehearsal}
    record(session, actor, "database.write", _subject(database), after={f"database {database.name}": told})
    return made


async def list_writes(
    session: Session, actor: Actor, database: Database, *, before: UUID | None, limit: int
) -> Sequence[Write]:
    """What people had run on a database, the latest first."""
    query = select(Write).where(Write.organization_id == actor.organization_id, Write.database_id == database.id)
    if before is not None:
        query = query.where(Write.id < before)
    return (await session.scalars(query.order_by(Write.id.desc()).limit(limit))).all()


def state_of(write: Write) -> str:
    """What is known of it now: what never began changed nothing, and whose end nobody noted is unknown."""
    age = now() - write.created_at
    if write.state == "asked" and age > _BEGINS_WITHIN:
        return "rolled_back"
    return "unknown" if write.state == "running" and age > _ENDS_WITHIN else write.state


async def begin_write(session: Session, database: Database, key: UUID) -> bool:
    """Whether it may begin now: once, and never again."""
    begun = await session.execute(
        update(Write)
        .where(
            Write.id == key,
            Write.organization_id == database.organization_id,
            Write.database_id == database.id,
            Write.state == "asked",
            Write.created_at > func.now() - _BEGINS_WITHIN,
        )
        .values(state="running")
        .returning(Write.id)
    )
    return begun.scalar_one_or_none() is not None


async def end_write(
    session: Session, database: Database, key: UUID, *, state: str, rows: int | None, problem: Mapping[str, Any] | None
) -> None:
    """Notes how it ended, in its row and in the audit log."""
    values = {"state": state, "rows": rows, "problem": dict(problem) if problem else None, "finished_at": now()}
    await session.execute(
        update(Write).where(Write.id == key, Write.organization_id == database.organization_id).values(values)
    )
    told = {"write": str(key), "state": state, "rows": rows}
    name = f"database {database.name}"
    await write_found(session, database.organization_id, "database.written", _subject(database), {}, {name: told})


async def _check(
    session: Session, actor: Actor, project: Project, environment: Environment, database: Database
) -> None:
    if environment.protected:
        raise Conflict(
            "write_protected",
            f"The environment {environment.name} is protected: the console writes nothing there.",
            fix="Put the change into a migration.",
        )
    if environment.approvals_needed:
        raise Conflict(
            "write_needs_approval",
            f"Changes of {environment.name} need approvals, and the console asks for none.",
            fix="Put the change into a migration.",
        )
    check_opening(environment, await opening_of(session, environment))
    if await masks_for(session, actor, project, environment):
        raise Conflict(
            "write_through_masks",
            "Columns are masked for you here, and the number of changed rows would tell what is in them.",
            fix="Ask somebody who has the permission data.unmasked.",
        )
    await JobRepository(session, actor.organization_id).refuse_while_running(database=database.id)


def _subject(database: Database) -> Subject:
    return Subject(
        kind="database",
        id=str(database.id),
        name=database.name,
        project_id=database.project_id,
        database_id=database.id,
    )
