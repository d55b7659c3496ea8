"""Shapes of projects."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from stillroom_core.actors.actor import Actor
from stillroom_core.projects.git_address import REF_LIMIT, URL_LIMIT
from stillroom_core.projects.hooks import Said
from stillroom_core.projects.models import Commit, Project

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f]+$")]
Folder = Annotated[str, StringConstraints(max_length=500)]


def inside(path: str) -> str:
    """A relative path that stays inside the repository; raises ValueError otherwise."""
    clean = path.strip().strip("/")
    parts = clean.split("/")
    if path.startswith("/") or ".." in parts or "\\" in clean or any(ord(c) < 32 for c in clean):
        raise ValueError("a relative path inside the repository, without ..")
    return "" if clean == "." else clean


Poll = Annotated[int, Field(ge=0, le=1440)]


class ProblemText(BaseModel):
    """What went wrong in the background, in words."""

    code: str
    title: str
    detail: str = ""
    fix: str = ""


class CommitRead(BaseModel):
    """A commit whose graph was read."""

    sha: str
    ref: str
    author: str
    authored_at: datetime
    subject: str

    @classmethod
    def of(cls, commit: Commit) -> "CommitRead":
        """From the row."""
        return cls(
            sha=commit.sha,
            ref=commit.ref,
            author=commit.author_name,
            authored_at=commit.authored_at,
            subject=commit.subject,
        )


class BackgroundState(BaseModel):
    """How the last background reading went."""

    state: Literal["idle", "waiting", "running", "failed"]
    at: datetime | None
    error: ProblemText | None


class SecretSet(BaseModel):
    """A secret is never shown; this says whether there is one, and since when."""

    set: bool
    updated_at: datetime | None


class HookRead(BaseModel):
    """Whether the git host tells of pushes, and what the last one was."""

    set: bool
    updated_at: datetime | None
    came_at: datetime | None
    said: Said | None


class OrganizationName(BaseModel):
    """Whose it is."""

    slug: str
    name: str


class Credential(BaseModel):
    """What opens a private repository: a token (with a user name if the host wants one) or an SSH key."""

    username: str | None = Field(default=None, max_length=200)
    password: str | None = Field(default=None, max_length=4000)
    ssh_private_key: str | None = Field(default=None, max_length=20_000)
    known_hosts: str | None = Field(default=None, max_length=20_000)


class ProjectFields(BaseModel):
    """Paths of a project stay inside its repository."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("subdirectory", "config_file", "requirements_file", check_fields=False)
    @classmethod
    def _inside(cls, value: str | None) -> str | None:
        return inside(value) if value else value


class ProjectNew(ProjectFields):
    """A project to add."""

    slug: Slug
    name: Name
    git_url: str = Field(min_length=1, max_length=URL_LIMIT)
    git_ref: str = Field(default="main", min_length=1, max_length=REF_LIMIT)
    credential: Credential | None = None
    subdirectory: Folder = ""
    config_file: Folder | None = "alembic.ini"
    config_section: Word = "alembic"
    command: list[Word] | None = Field(default=None, max_length=50)
    python: str | None = Field(default=None, max_length=50)
    requirements_file: Folder | None = None
    extra_packages: list[Word] = Field(default=[], max_length=100)
    groups: list[Word] = Field(default=[], max_length=50)
    extras: list[Word] = Field(default=[], max_length=50)
    install_project: bool | None = None
    direct_push: bool = Field(default=False, description="drafts may be pushed to the branch that jobs run from")


class ProjectChanges(ProjectFields):
    """What to change; what is left out stays."""

    slug: Slug | None = None
    name: Name | None = None
    git_url: str | None = Field(default=None, min_length=1, max_length=URL_LIMIT)
    git_ref: str | None = Field(default=None, min_length=1, max_length=REF_LIMIT)
    credential: Credential | None = None
    subdirectory: Folder | None = None
    config_file: Folder | None = None
    config_section: Word | None = None
    command: list[Word] | None = Field(default=None, max_length=50)
    python: str | None = Field(default=None, max_length=50)
    requirements_file: Folder | None = None
    extra_packages: list[Word] | None = Field(default=None, max_length=100)
    groups: list[Word] | None = Field(default=None, max_length=50)
    extras: list[Word] | None = Field(default=None, max_length=50)
    install_project: bool | None = None
    direct_push: bool | None = None
    poll_minutes: Poll | None = Field(default=None, description="fetched by itself every so many minutes; 0: not")

    _NULLABLE = frozenset({"credential", "config_file", "command", "python", "requirements_file", "install_project"})

    def given(self) -> dict[str, Any]:
        """The fields that were sent; null means empty only where a field may be empty."""
        sent = self.model_dump(exclude_unset=True)
        return {name: value for name, value in sent.items() if value is not None or name in self._NULLABLE}


class ProjectMove(BaseModel):
    """Where to, by the organization's short name, with the project's own typed again."""

    model_config = ConfigDict(extra="forbid")

    organization: str = Field(max_length=63)
    slug: str = Field(max_length=63)


class ProjectRead(BaseModel):
    """A project as people see it."""

    id: UUID
    slug: str
    name: str
    organization: OrganizationName
    git_url: str
    git_ref: str
    subdirectory: str
    config_file: str | None
    config_section: str
    command: list[str] | None
    python: str | None
    requirements_file: str | None
    extra_packages: list[str]
    groups: list[str]
    extras: list[str]
    install_project: bool | None
    direct_push: bool
    poll_minutes: int
    hook: HookRead
    credential: SecretSet
    commit: CommitRead | None
    fetch: BackgroundState
    permissions: list[str]
    created_at: datetime

    @classmethod
    def of(cls, project: Project, commit: Commit | None, actor: Actor) -> "ProjectRead":
        """From the rows, for this actor."""
        return cls.model_validate(
            {
                **{
                    name: getattr(project, name)
                    for name in [
                        "id",
                        "slug",
                        "name",
                        "git_url",
                        "git_ref",
                        "subdirectory",
                        "config_file",
                        "config_section",
                        "command",
                        "python",
                        "requirements_file",
                        "extra_packages",
                        "groups",
                        "extras",
                        "install_project",
                        "direct_push",
                        "poll_minutes",
                        "created_at",
                    ]
                },
                "organization": {"slug": actor.organization_slug, "name": actor.organization_name},
                "hook": {
                    "set": project.hook_sealed is not None,
                    "updated_at": project.hook_set_at,
                    "came_at": project.hook_came_at,
                    "said": project.hook_said,
                },
                "credential": {
                    "set": project.credential_sealed is not None,
                    "updated_at": project.credential_set_at,
                },
                "commit": CommitRead.of(commit) if commit else None,
                "fetch": {
                    "state": project.fetch_state,
                    "at": project.fetched_at,
                    "error": project.fetch_error,
                },
                "permissions": sorted(actor.permissions(project.id)),
            }
        )


class Projects(BaseModel):
    """The projects of an organization."""

    items: list[ProjectRead]
