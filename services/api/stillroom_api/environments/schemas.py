"""Shapes of environments."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from stillroom_api.databases.schemas import DatabaseRead
from stillroom_api.projects.schemas import Name, Slug, Word, inside
from stillroom_core.actors.actor import Actor
from stillroom_core.automatic.models import AutomaticUpgrade
from stillroom_core.databases.models import Database
from stillroom_core.environments.host_keys import fingerprints
from stillroom_core.environments.models import Environment

VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,199}$")]
FilePath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./-]{1,300}$"), AfterValidator(inside)]
_Value = Annotated[str, StringConstraints(max_length=20_000)]


class Variable(BaseModel):
    """An environment variable of a run. A secret is sent without value to keep the stored one."""

    name: VariableName
    value: _Value | None = None
    secret: bool = False


class SecretFile(BaseModel):
    """A file of a run; left without content it keeps the stored one."""

    path: FilePath
    content: Annotated[str, StringConstraints(max_length=200_000)] | None = None


class FileRead(BaseModel):
    """A stored file; its content is never shown."""

    path: str
    set: bool = True


class Option(BaseModel):
    """A named template."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    value: _Value


_TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
ApproverRole = Literal["maintainer", "admin", "owner"]


class ChangeWindow(BaseModel):
    """Days of the week on which changes may start, from and until a time of day in the environment's zone."""

    model_config = ConfigDict(extra="forbid")

    days: list[Annotated[int, Field(ge=0, le=6)]] = Field(min_length=1, max_length=7, description="Monday is 0")
    opens: _TimeOfDay
    closes: _TimeOfDay = Field(description="of the next day, where it is not later than the opening")


class TunnelFields(BaseModel):
    """The SSH server through which an environment's databases are reached."""

    model_config = ConfigDict(extra="forbid")

    host: str = Field(min_length=1, max_length=255)
    port: int = Field(default=22, ge=1, le=65535)
    user: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,99}$")]
    host_key: str = Field(max_length=10_000, description="what the server must prove to hold: `ssh-ed25519 AAAA…`")


class HostKeysAsk(BaseModel):
    """An SSH server to ask for its host keys."""

    model_config = ConfigDict(extra="forbid")

    host: str = Field(min_length=1, max_length=255)
    port: int = Field(default=22, ge=1, le=65535)


class HostKeyRead(BaseModel):
    """One key that the server showed: whose it is, only somebody who compares the fingerprint can say."""

    type: str
    fingerprint: str = Field(description="SHA256:…, as ssh-keygen shows it")
    line: str = Field(description="what to give as `host_key` once it was compared")
    compare: str = Field(description="the command that shows the same fingerprint on the server itself")


class HostKeys(BaseModel):
    """What the server showed, the key to prefer first; nothing of it is stored."""

    keys: list[HostKeyRead]


class TunnelGiven(TunnelFields):
    """To be used from now on. Without a private key the stored one is kept; where there is none, one is made."""

    private_key: str | None = Field(default=None, max_length=20_000, description="ed25519 or RSA, without passphrase")


class TunnelRead(TunnelFields):
    """As people see it; the private key is never shown."""

    fingerprints: list[str]
    public_key: str | None = Field(description="what the server has to let in; null where the key is not there")

    @classmethod
    def of(cls, tunnel: dict[str, Any] | None) -> "TunnelRead | None":
        """From the row."""
        return cls(**tunnel, fingerprints=fingerprints(tunnel["host_key"])) if tunnel else None


class EnvironmentNew(BaseModel):
    """An environment to add."""

    model_config = ConfigDict(extra="forbid")

    slug: Slug
    name: Name
    protected: bool = False
    lock_timeout_ms: int = Field(default=5000, ge=0, le=3_600_000)
    statement_timeout_ms: int = Field(default=0, ge=0, le=86_400_000)
    idle_timeout_s: int = Field(
        default=900, ge=0, le=86_400, description="how long a job may idle inside a transaction; 0: without limit"
    )
    blocking_limit_s: int = Field(
        default=0, ge=0, le=86_400, description="stop a job that makes others wait longer for a lock; 0: never"
    )
    retries: int = Field(
        default=2, ge=0, le=10, description="how often a run that lost to a lock or a deadlock begins again"
    )
    time_limit_s: int = Field(default=3600, ge=10, le=86_400)
    transaction_per_migration: bool | None = None
    variables: list[Variable] = Field(default=[], max_length=200)
    files: list[SecretFile] = Field(default=[], max_length=50)
    x_arguments: list[Word] = Field(default=[], max_length=50)
    ini_overrides: list[Option] = Field(default=[], max_length=50)
    attributes: list[Option] = Field(default=[], max_length=50)
    bootstrap_command: list[Word] | None = Field(default=None, max_length=50)
    approvals_needed: int = Field(default=0, ge=0, le=10, description="how many others must agree to a job")
    approver_role: ApproverRole = Field(default="maintainer", description="who agrees must have at least this role")
    approver_group_id: UUID | None = Field(default=None, description="and be in this group")
    approval_hours: int = Field(default=24, ge=1, le=720, description="how long a request may wait")
    windows: list[ChangeWindow] = Field(default=[], max_length=50, description="when changes may start; empty: always")
    windows_zone: str = Field(default="UTC", min_length=1, max_length=64)
    predecessor_id: UUID | None = Field(
        default=None, description="only what succeeded on every database of that environment may run here"
    )
    auto_upgrade: bool = Field(default=False, description="bring each new commit here, as the person who asks for this")
    tunnel: TunnelGiven | None = Field(default=None, description="null: its databases are reached directly")


class EnvironmentChanges(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    slug: Slug | None = None
    name: Name | None = None
    position: int | None = Field(default=None, ge=0, le=1000)
    protected: bool | None = None
    lock_timeout_ms: int | None = Field(default=None, ge=0, le=3_600_000)
    statement_timeout_ms: int | None = Field(default=None, ge=0, le=86_400_000)
    idle_timeout_s: int | None = Field(default=None, ge=0, le=86_400)
    blocking_limit_s: int | None = Field(default=None, ge=0, le=86_400)
    retries: int | None = Field(default=None, ge=0, le=10)
    time_limit_s: int | None = Field(default=None, ge=10, le=86_400)
    transaction_per_migration: bool | None = None
    variables: list[Variable] | None = Field(default=None, max_length=200)
    files: list[SecretFile] | None = Field(default=None, max_length=50)
    x_arguments: list[Word] | None = Field(default=None, max_length=50)
    ini_overrides: list[Option] | None = Field(default=None, max_length=50)
    attributes: list[Option] | None = Field(default=None, max_length=50)
    bootstrap_command: list[Word] | None = Field(default=None, max_length=50)
    approvals_needed: int | None = Field(default=None, ge=0, le=10)
    approver_role: ApproverRole | None = None
    approver_group_id: UUID | None = None
    approval_hours: int | None = Field(default=None, ge=1, le=720)
    windows: list[ChangeWindow] | None = Field(default=None, max_length=50)
    windows_zone: str | None = Field(default=None, min_length=1, max_length=64)
    predecessor_id: UUID | None = None
    auto_upgrade: bool | None = None
    tunnel: TunnelGiven | None = None

    _NULLABLE = frozenset(
        {"transaction_per_migration", "bootstrap_command", "approver_group_id", "predecessor_id", "tunnel"}
    )

    def given(self) -> dict[str, Any]:
        """The fields that were sent."""
        sent = self.model_dump(exclude_unset=True)
        return {name: value for name, value in sent.items() if value is not None or name in self._NULLABLE}


class EnvironmentRead(BaseModel):
    """An environment as people see it: secrets by name only."""

    id: UUID
    slug: str
    name: str
    position: int
    protected: bool
    lock_timeout_ms: int
    statement_timeout_ms: int
    idle_timeout_s: int
    blocking_limit_s: int
    retries: int
    time_limit_s: int
    transaction_per_migration: bool | None
    variables: list[Variable]
    files: list[FileRead]
    x_arguments: list[str]
    ini_overrides: list[Option]
    attributes: list[Option]
    bootstrap_command: list[str] | None
    approvals_needed: int
    approver_role: ApproverRole
    approver_group_id: UUID | None
    approval_hours: int
    windows: list[ChangeWindow]
    windows_zone: str
    predecessor_id: UUID | None
    auto_upgrade: bool
    tunnel: TunnelRead | None
    permissions: list[str]
    databases: list[DatabaseRead]

    @classmethod
    def of(cls, environment: Environment, databases: list[Database], actor: Actor) -> "EnvironmentRead":
        """From the rows, for this actor."""
        return cls.model_validate(
            {
                **{
                    name: getattr(environment, name)
                    for name in [
                        "id",
                        "slug",
                        "name",
                        "position",
                        "protected",
                        "lock_timeout_ms",
                        "statement_timeout_ms",
                        "idle_timeout_s",
                        "blocking_limit_s",
                        "retries",
                        "time_limit_s",
                        "transaction_per_migration",
                        "x_arguments",
                        "ini_overrides",
                        "attributes",
                        "bootstrap_command",
                        "approvals_needed",
                        "approver_role",
                        "approver_group_id",
                        "approval_hours",
                        "windows",
                        "windows_zone",
                        "predecessor_id",
                        "auto_upgrade",
                    ]
                },
                "variables": [
                    {"name": entry["name"], "value": entry.get("value"), "secret": "sealed" in entry}
                    for entry in environment.variables
                ],
                "files": [{"path": entry["path"]} for entry in environment.files],
                "tunnel": TunnelRead.of(environment.tunnel),
                "permissions": sorted(actor.permissions(environment.project_id, environment)),
                "databases": [DatabaseRead.of(database) for database in databases],
            }
        )


class AutomaticProblem(BaseModel):
    """The words of a refusal."""

    code: str
    title: str
    detail: str
    fix: str


class AutomaticUpgradeRead(BaseModel):
    """What the environment's rule did with one commit on one database."""

    database: str
    commit: str
    state: Literal["waiting", "started", "asked", "refused", "current"]
    problem: AutomaticProblem | None = Field(description="what it waits for, or why it was refused")
    next_try_at: datetime | None
    job_id: UUID | None
    request_id: UUID | None
    created_at: datetime

    @classmethod
    def of(cls, row: AutomaticUpgrade, database: Database) -> "AutomaticUpgradeRead":
        """From the rows."""
        same = {name: getattr(row, name) for name in ("state", "problem", "next_try_at", "job_id", "request_id")}
        return cls(database=database.name, commit=row.commit_sha, created_at=row.created_at, **same)


class AutomaticUpgrades(BaseModel):
    """Whose rule it is, and what it did lately, the newest first."""

    by: str | None = Field(description="null where they do not belong here any more")
    items: list[AutomaticUpgradeRead]


class Environments(BaseModel):
    """The environments of a project in their order."""

    items: list[EnvironmentRead]
