"""What others can be told of, and where it happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.outcome import sentence
from stillroom_core.mail.service import link_to
from stillroom_core.organizations.models import Organization
from stillroom_core.projects.models import Project


class Happening(StrEnum):
    """What can be told, by the noun that it happened to."""

    JOB_SUCCEEDED = "job.succeeded"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"
    JOB_LOST = "job.lost"
    JOB_NEEDS_APPROVAL = "job.needs_approval"
    DATABASE_MOVED = "database.moved"  # by somebody elsewhere
    DATABASE_UNREACHABLE = "database.unreachable"
    DATABASE_REACHABLE = "database.reachable"  # again
    DATABASE_CERTIFICATE_EXPIRING = "database.certificate_expiring"  # the one that we sign in with
    PROJECT_FETCH_FAILED = "project.fetch_failed"
    RULE_REFUSED = "rule.refused"  # an environment's rule could not bring a new commit to a database


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where it happened; the narrower parts may be left out."""

    organization: Organization
    project: Project
    environment: Environment | None = None
    database: Database | None = None
    job: Job | None = None

    @property
    def names(self) -> list[str]:
        """From the project down, for people."""
        parts = [self.project.name, self.environment and self.environment.name, self.database and self.database.name]
        return [part for part in parts if part]

    @property
    def url(self) -> str:
        """The page that shows it."""
        page = f"{self.organization.slug}/projects/{self.project.slug}"
        if self.job is not None:
            return link_to(f"{page}/jobs/{self.job.id}")
        return link_to(f"{page}/{'databases' if self.database is not None else 'migrations'}")


@dataclass(frozen=True, kw_only=True)
class Told:
    """One thing that happened, as it is told."""

    happening: str
    place: Place
    text: str
    data: Mapping[str, Any]


def content_of(place: Place) -> dict[str, Any]:
    """Where it happened, for programs."""
    found: dict[str, Any] = {
        "organization": _named(place.organization),
        "project": _named(place.project),
        "environment": _named(place.environment) if place.environment else None,
        "database": {"id": str(place.database.id), "name": place.database.name} if place.database else None,
        "url": place.url,
    }
    if (job := place.job) is not None:
        found["job"] = {
            "id": str(job.id),
            "number": job.number,
            "kind": job.kind,
            "state": job.state,
            "revision": job.revision,
            "commit": job.commit_sha,
            "ref": job.ref,
            "actor": job.actor_name,
            "token": job.token_name,
            "heads_before": job.heads_before,
            "heads_after": job.heads_after,
            "outcome": {"code": job.outcome["code"], "sentence": sentence(job.outcome)} if job.outcome else None,
            "error": {name: job.error.get(name, "") for name in ("code", "title", "detail", "fix")}
            if job.error
            else None,
        }
    return found


def _named(row: Organization | Project | Environment) -> dict[str, str]:
    return {"id": str(row.id), "slug": row.slug, "name": row.name}
