"""Shapes of setups: what was typed of a project to be, and what was found out about it."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from stillroom_api.databases.schemas import SslMode
from stillroom_api.environments.schemas import EnvironmentNew, Option, TunnelFields, TunnelGiven
from stillroom_api.projects.schemas import (
    BackgroundState,
    CommitRead,
    Credential,
    Folder,
    Name,
    ProblemText,
    ProjectFields,
    Slug,
    Word,
)
from stillroom_core.environments.host_keys import fingerprints
from stillroom_core.projects.git_address import REF_LIMIT, URL_LIMIT
from stillroom_core.setups.models import Setup

_CHOICES_LIMIT = 64 * 1024  # characters of JSON

Url = Annotated[str, Field(min_length=1, max_length=URL_LIMIT)]
Ref = Annotated[str, Field(max_length=REF_LIMIT)]


class SetupNew(BaseModel):
    """A repository to look at. Without a ref its default branch is taken."""

    model_config = ConfigDict(extra="forbid")

    git_url: Url
    git_ref: Ref | None = None
    credential: Credential | None = None


class SetupChanges(BaseModel):
    """What to change; what is left out stays. `choices` is the page's own, kept as it is: nothing secret in it."""

    model_config = ConfigDict(extra="forbid")

    git_url: Url | None = None
    git_ref: Ref | None = None
    credential: Credential | None = None
    choices: dict[str, Any] | None = None

    @field_validator("choices")
    @classmethod
    def _small(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None and len(json.dumps(value)) > _CHOICES_LIMIT:
            raise ValueError(f"more than {_CHOICES_LIMIT} characters of JSON")
        return value

    def given(self) -> dict[str, Any]:
        """The fields that were sent; null means none where there may be none."""
        sent = self.model_dump(exclude_unset=True)
        return {name: value for name, value in sent.items() if value is not None or name in ("git_ref", "credential")}


class TestRequest(BaseModel):
    """A database to sign in to; a password or a key that is left out is the one that was sent or made before."""

    __test__ = False  # for pytest, which takes any Test… for a test
    model_config = ConfigDict(extra="forbid")

    host: str = Field(min_length=1, max_length=255)
    port: int = Field(default=5432, ge=1, le=65535)
    database: str = Field(min_length=1, max_length=63)
    username: str = Field(min_length=1, max_length=63)
    password: str | None = Field(default=None, max_length=1000)
    sslmode: SslMode = "prefer"
    ca_certificate: str | None = Field(default=None, max_length=100_000)
    client_certificate: str | None = Field(default=None, max_length=100_000)
    client_key: str | None = Field(default=None, max_length=100_000)
    tunnel: TunnelGiven | None = Field(default=None, description="the SSH server on the way; null: none")


class SetupProject(ProjectFields):
    """The project as chosen; its repository is the setup's."""

    slug: Slug
    name: Name
    subdirectory: Folder = ""
    config_file: Folder | None = None
    config_section: Word = "alembic"
    command: list[Word] | None = Field(default=None, max_length=50)
    python: str | None = Field(default=None, max_length=50)
    extra_packages: list[Word] = Field(default=[], max_length=100)


class FinishRequest(BaseModel):
    """What to make: the project, its first environment, and the tested database under this name."""

    model_config = ConfigDict(extra="forbid")

    project: SetupProject
    environment: EnvironmentNew | None = None
    database: Name | None = None


class ProposalRead(BaseModel):
    """One variable, -x argument or attribute that the code reads, with a template where it is of the database."""

    kind: Literal["variable", "x_argument", "attribute"]
    name: str
    value: str | None
    role: str
    required: bool
    secret: bool
    path: str
    line: int
    default: str | None


class ChainRead(BaseModel):
    """One Alembic project of the repository, as a project would be set up with it."""

    subdirectory: str
    config_file: str | None
    section: str
    kind: Literal["ini", "pyproject", "flask_migrate", "folder"]
    script_location: str
    files: int
    ini_overrides: list[Option]
    command: list[str] | None
    packages: str | None
    locked: bool
    drivers: list[str]
    extra_packages: list[str]
    python: str | None
    packages_error: ProblemText | None
    takes_ini_url: bool
    proposals: list[ProposalRead]


class Findings(BaseModel):
    """What a commit holds."""

    commit: CommitRead
    chains: list[ChainRead]


class Extension(BaseModel):
    """An extension that is installed in the database."""

    name: str
    version: str


class ServerRead(BaseModel):
    """What a database said of itself and of the user's rights."""

    version: str
    standby: bool
    pooled: bool = False
    username: str
    superuser: bool
    creates_schemas: bool
    creates_tables: bool
    schema_name: str | None = Field(alias="schema")
    encrypted: bool
    size: int
    tables: int
    foreign_tables: int
    owners: list[str] | None
    heads: list[str]
    extensions: list[Extension]


class SetupDatabase(BaseModel):
    """The database that was sent to be tested; its password is never shown."""

    host: str
    port: int
    database: str
    username: str
    sslmode: SslMode
    ca_certificate: str | None = None
    client_certificate: str | None = None
    password_set: bool


class SetupTunnel(TunnelFields):
    """The SSH server that was sent with it; its private key is never shown."""

    fingerprints: list[str]

    @classmethod
    def of(cls, tunnel: dict[str, Any] | None) -> "SetupTunnel | None":
        """From the row."""
        return cls(**tunnel, fingerprints=fingerprints(tunnel["host_key"])) if tunnel else None


class SetupRead(BaseModel):
    """A setup as its person sees it."""

    id: UUID
    git_url: str
    git_ref: str | None
    credential_set: bool
    choices: dict[str, Any]
    look: BackgroundState
    findings: Findings | None
    database: SetupDatabase | None
    tunnel: SetupTunnel | None
    tunnel_public_key: str | None = Field(description="what the SSH server has to let in, once there is a key")
    test: BackgroundState
    server: ServerRead | None
    project: UUID | None
    touched_at: datetime

    @classmethod
    def of(cls, setup: Setup) -> "SetupRead":
        """From the row."""
        return cls.model_validate(
            {
                "id": setup.id,
                "git_url": setup.git_url,
                "git_ref": setup.git_ref,
                "credential_set": setup.credential_sealed is not None,
                "choices": setup.choices,
                "look": {"state": setup.look_state, "at": setup.look_requested_at, "error": setup.look_error},
                "findings": setup.findings,
                "database": {**setup.database, "password_set": setup.password_sealed is not None}
                if setup.database
                else None,
                "tunnel": SetupTunnel.of(setup.tunnel),
                "tunnel_public_key": setup.tunnel_public_key,
                "test": {"state": setup.test_state, "at": setup.test_requested_at, "error": setup.test_error},
                "server": setup.server,
                "project": setup.project_id,
                "touched_at": setup.touched_at,
            }
        )


class Setups(BaseModel):
    """What I have begun and not finished."""

    items: list[SetupRead]
