"""What every table shares: naming of constraints, UUIDv7 keys, UTC times."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, MetaData, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from stillroom_core.keys import new_key


class Table(DeclarativeBase):
    """Base of all our tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: JSONB,
        list[dict[str, Any]]: JSONB,
    }


class Keyed:
    """A time-ordered primary key and the time of creation."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_key)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


def goes_with(table: str, *columns: str, name: str | None = None) -> ForeignKeyConstraint:
    """The row goes with one of the same organization, when that is deleted; the last of the columns holds its id.

    Judged at once, and at the end only by the transaction that moves a project to another organization.
    """
    mine = ("organization_id", *columns)
    theirs = (*mine[:-1], "id")
    return ForeignKeyConstraint(
        mine, [f"{table}.{column}" for column in theirs], name=name, ondelete="CASCADE", deferrable=True
    )


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)
