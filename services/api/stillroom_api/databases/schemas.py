"""Shapes of databases."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from stillroom_api.projects.schemas import BackgroundState, Name, SecretSet
from stillroom_core.databases.client_certificate import name_in
from stillroom_core.databases.models import Database

SslMode = Literal["disable", "prefer", "require", "verify-ca", "verify-full"]


_MAY_BE_NONE = frozenset({"ca_certificate", "client_certificate"})


class DatabaseNew(BaseModel):
    """A database to add."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    host: str = Field(min_length=1, max_length=255)
    port: int = Field(default=5432, ge=1, le=65535)
    database: str = Field(min_length=1, max_length=63)
    username: str = Field(min_length=1, max_length=63)
    password: str = Field(default="", max_length=1000)
    sslmode: SslMode = "prefer"
    ca_certificate: str | None = Field(default=None, max_length=100_000)
    client_certificate: str | None = Field(default=None, max_length=100_000)
    client_key: str | None = Field(default=None, max_length=100_000)


class DatabaseChanges(BaseModel):
    """What to change; what is left out stays, the password too. A null certificate is taken away, with its key."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    host: str | None = Field(default=None, min_length=1, max_length=255)
    port: int | None = Field(default=None, ge=1, le=65535)
    database: str | None = Field(default=None, min_length=1, max_length=63)
    username: str | None = Field(default=None, min_length=1, max_length=63)
    password: str | None = Field(default=None, max_length=1000)
    sslmode: SslMode | None = None
    ca_certificate: str | None = Field(default=None, max_length=100_000)
    client_certificate: str | None = Field(default=None, max_length=100_000)
    client_key: str | None = Field(default=None, max_length=100_000)

    def given(self) -> dict[str, Any]:
        """The fields that were sent."""
        sent = self.model_dump(exclude_unset=True)
        return {name: value for name, value in sent.items() if value is not None or name in _MAY_BE_NONE}


class ClientCertificate(BaseModel):
    """The certificate with which Stillroom signs in; its key is never shown."""

    subject: str
    expires_at: datetime


class DatabaseRead(BaseModel):
    """A database as people see it, with what was last read there."""

    id: UUID
    name: str
    host: str
    port: int
    database: str
    username: str
    password: SecretSet
    sslmode: SslMode
    has_ca_certificate: bool
    client_certificate: ClientCertificate | None
    heads: list[str] | None
    heads_read_at: datetime | None
    read: BackgroundState
    server_version: str | None
    version_tables: list[str]
    trusted: bool

    @classmethod
    def of(cls, database: Database) -> "DatabaseRead":
        """From the row."""
        return cls.model_validate(
            {
                **{
                    name: getattr(database, name)
                    for name in [
                        "id",
                        "name",
                        "host",
                        "port",
                        "database",
                        "username",
                        "sslmode",
                        "heads",
                        "heads_read_at",
                        "server_version",
                        "trusted",
                    ]
                },
                "password": {
                    "set": database.password_sealed is not None,
                    "updated_at": database.password_set_at,
                },
                "has_ca_certificate": database.ca_certificate is not None,
                "client_certificate": {
                    "subject": name_in(database.client_certificate),
                    "expires_at": database.client_certificate_expires_at,
                }
                if database.client_certificate
                else None,
                "read": read_state(database),
                "version_tables": [f"{table['schema']}.{table['table']}" for table in database.version_tables or []],
            }
        )


def read_state(database: Database) -> BackgroundState:
    """How the last reading of this database went."""
    return BackgroundState.model_validate(
        {"state": database.read_state, "at": database.heads_read_at, "error": database.read_error}
    )
