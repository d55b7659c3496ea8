"""The table of environments."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table, goes_with


class Environment(Keyed, Table):
    """Where a project runs, with the policy and the settings of a run there."""

    __tablename__ = "environments"
    __table_args__ = (
        UniqueConstraint("project_id", "slug"),
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("organization_id", "project_id", "id"),
        goes_with("projects", "project_id"),
        # Judged at the end of the transaction: deleting a project or an organization takes both sides along.
        ForeignKeyConstraint(
            ["organization_id", "project_id", "predecessor_id"],
            ["environments.organization_id", "environments.project_id", "environments.id"],
            name="fk_environments_predecessor",
            deferrable=True,
            initially="DEFERRED",
        ),
        ForeignKeyConstraint(
            ["organization_id", "approver_group_id"],
            ["groups.organization_id", "groups.id"],
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint("approvals_needed between 0 and 10", name="approvals_needed"),
        CheckConstraint("approver_role in ('maintainer', 'admin', 'owner')", name="approver_role"),
        # Asked at every round of the sweeper, of all organizations; few environments have a rule.
        Index("ix_environments_auto_upgrade", "id", postgresql_where=text("auto_upgrade")),
    )

    organization_id: Mapped[UUID]
    project_id: Mapped[UUID]
    slug: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(200))
    position: Mapped[int] = mapped_column(server_default=text("0"))
    protected: Mapped[bool] = mapped_column(server_default=text("false"))

    # 5 s: long enough for a busy table's ordinary statements, short enough not to queue a site behind us.
    lock_timeout_ms: Mapped[int] = mapped_column(server_default=text("5000"))
    statement_timeout_ms: Mapped[int] = mapped_column(server_default=text("0"))
    # 15 min: a backfill may compute between two statements, but one that hangs must not keep its locks all day.
    idle_timeout_s: Mapped[int] = mapped_column(server_default=text("900"))
    # How long others may wait for a lock of a job before it is stopped; 0 lets them wait.
    blocking_limit_s: Mapped[int] = mapped_column(server_default=text("0"))
    # How often a run begins again that lost to somebody's lock, a deadlock or a serialization failure.
    retries: Mapped[int] = mapped_column(server_default=text("2"))
    time_limit_s: Mapped[int] = mapped_column(server_default=text("3600"))
    transaction_per_migration: Mapped[bool | None]

    # [{name, value}] with a template, or [{name, sealed}] with base64 of a sealed value when it is secret
    variables: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    files: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    x_arguments: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    ini_overrides: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    attributes: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    bootstrap_command: Mapped[list[str] | None] = mapped_column(JSONB)

    # {host, port, user, host_key, public_key}: the SSH server through which its databases are reached; null: directly
    tunnel: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    tunnel_key_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)

    # What stands between a plan and its job. How many others must agree, of which role at least, perhaps of a group.
    approvals_needed: Mapped[int] = mapped_column(server_default=text("0"))
    approver_role: Mapped[str] = mapped_column(String(16), server_default=text("'maintainer'"))
    approver_group_id: Mapped[UUID | None]
    approval_hours: Mapped[int] = mapped_column(server_default=text("24"))  # how long a request may wait
    # [{days, opens, closes}]: Monday is 0, times of day in the zone; empty: always open
    windows: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    windows_zone: Mapped[str] = mapped_column(String(64), server_default=text("'UTC'"))
    # Only what succeeded on every database of that environment may run here.
    predecessor_id: Mapped[UUID | None]
    # Whether a new commit is brought here by itself, and by whose rule: it acts with what that person may do then.
    auto_upgrade: Mapped[bool] = mapped_column(server_default=text("false"))
    auto_upgrade_by: Mapped[UUID | None]
