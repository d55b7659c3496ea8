"""What a plan follows from. While none of it moves, the plan holds; what moved is told in words."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import mark_of
from stillroom_core.errors import Conflict
from stillroom_core.jobs.lifecycle import JobKind
from stillroom_core.plans.models import Plan
from stillroom_core.projects.models import Commit, Project

# Whatever of a project or an environment changes what its code does when it runs.
_OF_PROJECT = (
    "config_section",
    "config_file",
    "subdirectory",
    "command",
    "python",
    "requirements_file",
    "extra_packages",
    "groups",
    "extras",
    "install_project",
)
_OF_ENVIRONMENT = (
    "lock_timeout_ms",
    "statement_timeout_ms",
    "idle_timeout_s",
    "blocking_limit_s",
    "retries",
    "time_limit_s",
    "transaction_per_migration",
    "variables",
    "files",
    "x_arguments",
    "ini_overrides",
    "attributes",
    "bootstrap_command",
)


@dataclass(frozen=True)
class CommitName:
    """A commit without its graph."""

    id: UUID
    sha: str


@dataclass(frozen=True)
class Basis:
    """The commit, the place, the settings, where the database stands, and what comes first when it is empty."""

    commit_id: UUID
    commit_sha: str
    place: dict[str, Any]
    settings: str
    heads: list[str]
    bootstrap: list[str] | None

    @classmethod
    def of_plan(cls, plan: Plan) -> "Basis":
        """What a plan was made from."""
        return cls(plan.commit_id, plan.commit_sha, plan.place, plan.settings, plan.heads, plan.bootstrap)

    @classmethod
    def now(
        cls,
        project: Project,
        environment: Environment,
        database: Database,
        commit: Commit | CommitName,
        kind: JobKind,
        heads: list[str],
        version_tables: list[Any],
    ) -> "Basis":
        """What a plan of this kind would be made from; heads and version tables as they were read last."""
        comes_first = kind is JobKind.UPGRADE and not version_tables
        return cls(
            commit.id,
            commit.sha,
            _place(environment, database),
            _settings(project, environment),
            sorted(heads),
            environment.bootstrap_command if comes_first else None,
        )


@dataclass(frozen=True)
class Difference:
    """One thing that is not as the plan has it."""

    what: str
    before: Any
    now: Any
    sentence: str


def differences(before: Basis, now: Basis) -> list[Difference]:
    """What moved; empty while the plan still holds."""
    found = []
    if before.commit_id != now.commit_id:
        moved = before.commit_sha != now.commit_sha
        found.append(
            Difference(
                "commit",
                before.commit_sha,
                now.commit_sha,
                f"The commit moved from {before.commit_sha[:12]} to {now.commit_sha[:12]}."
                if moved
                else "The commit was read again with another configuration.",
            )
        )
    if before.place != now.place:
        sentence = f"The database is another place now: {_address(now.place)} instead of {_address(before.place)}."
        found.append(Difference("database", _address(before.place), _address(now.place), sentence))
    if before.heads != now.heads:
        sentence = f"The database moved from {_at(before.heads)} to {_at(now.heads)}."
        found.append(Difference("heads", before.heads, now.heads, sentence))
    if before.settings != now.settings:
        sentence = "The settings of the project or of the environment were changed."
        found.append(Difference("settings", before.settings[:12], now.settings[:12], sentence))
    elif before.heads == now.heads and before.bootstrap != now.bootstrap:
        sentence = "The database is no longer as empty as it was, or as full."
        found.append(Difference("bootstrap", before.bootstrap, now.bootstrap, sentence))
    return found


def stale(found: list[Difference]) -> Conflict:
    """The refusal of a plan that no longer holds, with what moved."""
    return Conflict(
        "plan_stale",
        "The plan no longer holds: what it was made from has moved.",
        detail=" ".join(difference.sentence for difference in found),
        fix="Plan again, look at the steps, and confirm those.",
        params={"differences": [{"what": d.what, "from": d.before, "to": d.now} for d in found]},
    )


def _settings(project: Project, environment: Environment) -> str:
    """A digest, because values may be secret. Of a secret, its mark: entered again it counts as changed."""
    parts = [
        [getattr(project, name) for name in _OF_PROJECT],
        [_without_seals(getattr(environment, name)) for name in _OF_ENVIRONMENT],
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _without_seals(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [
        {**{name: part for name, part in entry.items() if name != "mark"}, "sealed": mark_of(entry)}
        if isinstance(entry, dict) and "sealed" in entry
        else entry
        for entry in value
    ]


def _place(environment: Environment, database: Database) -> dict[str, Any]:
    """Where it stands; a name that an SSH server looks up is another place than the same name elsewhere."""
    place = {name: getattr(database, name) for name in ("host", "port", "database", "username")}
    tunnel = environment.tunnel
    return {**place, "tunnel": f"{tunnel['user']}@{tunnel['host']}:{tunnel['port']}"} if tunnel else place


def _at(heads: list[str]) -> str:
    return ", ".join(heads) or "base"


def _address(place: dict[str, Any]) -> str:
    address = f"{place['username']}@{place['host']}:{place['port']}/{place['database']}"
    return f"{address} ({place['tunnel']})" if place.get("tunnel") else address
