"""Works a plan out, and digests all that it promises."""

import asyncio
import hashlib
import json
from dataclasses import asdict
from typing import Any

from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.jobs.lifecycle import JobKind
from stillroom_core.keys import new_key
from stillroom_core.plans.basis import Basis
from stillroom_core.plans.models import Plan
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Commit, Project
from stillroom_core.revisions.planner import Resolution, plan
from stillroom_core.settings import get_settings
from stillroom_core.tables import now

FORMAT = 2


async def draft(
    project: Project,
    environment: Environment,
    database: Database,
    commit: Commit,
    kind: JobKind,
    revision: str | None,
    *,
    heads: list[str],
    version_tables: list[Any],
    commit_chosen: bool = False,
) -> Plan:
    """A plan that nobody has stored yet; whoever does says who asked for it.

    Raises Invalid or Conflict, as the planner does, for a target that cannot be reached from these heads.
    """
    basis = Basis.now(project, environment, database, commit, kind, heads, version_tables)
    command = project.command if kind in (JobKind.UPGRADE, JobKind.COMMAND) else None
    found = None
    # The project's own command decides alone; an incomplete graph may lack the very revisions that are meant.
    if commit.complete and kind is not JobKind.COMMAND:
        # Building the planner of 10,000 revisions takes most of a second: not in the event loop.
        found = await asyncio.to_thread(_resolve, commit, kind, revision or "", heads)
    made = Plan(
        id=new_key(),
        organization_id=project.organization_id,
        project_id=project.id,
        environment_id=environment.id,
        database_id=database.id,
        kind=kind.value,
        revision=revision,
        commit_id=basis.commit_id,
        commit_sha=basis.commit_sha,
        commit_chosen=commit_chosen,
        place=basis.place,
        settings=basis.settings,
        heads=basis.heads,
        bootstrap=basis.bootstrap,
        command=command,
        steps=_steps(found) if found and not command else None,
        heads_after=sorted(found.heads_after) if found and not command else None,
        nothing=asdict(found.nothing) if found and found.nothing and not command else None,
        expires_at=now() + get_settings().plan_life,
    )
    made.digest = digest_of(made)
    return made


def digest_of(made: Plan) -> str:
    """SHA-256 in hexadecimal: the same promise has the same digest, whoever makes it, wherever and whenever."""
    content = {
        "format": FORMAT,
        "organization": str(made.organization_id),
        "project": str(made.project_id),
        "environment": str(made.environment_id),
        "database": {"id": str(made.database_id), **made.place},
        "commit": {"id": str(made.commit_id), "sha": made.commit_sha, "chosen": made.commit_chosen},
        **{
            name: getattr(made, name)
            for name in ("kind", "revision", "settings", "heads", "bootstrap", "command", "steps", "heads_after")
        },
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _resolve(commit: Commit, kind: JobKind, revision: str, heads: list[str]) -> Resolution:
    return plan(graph_of(commit), kind.value, revision, heads)


def _steps(found: Resolution) -> list[dict[str, Any]]:
    return [
        {
            "revision": step.revision,
            "message": step.message,
            "direction": step.direction,
            "from": sorted(step.from_revisions),
            "to": sorted(step.to_revisions),
        }
        for step in found.steps
    ]
