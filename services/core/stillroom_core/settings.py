"""What an installation decides, read from the environment once per process.

Secrets have no default: a process that lacks one does not start.
"""

import base64
import os
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from stillroom_core import own_tls


class Settings(BaseSettings):
    """Every setting of the api, the worker and the scheduler."""

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True)

    database_url: SecretStr = Field(
        alias="DATABASE_URL",
        description="Our own PostgreSQL: postgresql://…, with "
        "?sslmode=verify-full&sslrootcert=FILE and their like as libpq has them",
    )
    owner_database_url: SecretStr | None = Field(
        default=None,
        alias="STILLROOM_OWNER_DATABASE_URL",
        description="The same database for the role that owns the tables; only migrations use it. Without it they run "
        "as the role of DATABASE_URL",
    )
    database_replica_url: SecretStr | None = Field(
        default=None,
        alias="DATABASE_REPLICA_URL",
        description="A streaming replica of DATABASE_URL, signed in to as the same role: it answers the long lists of "
        "the api where it has everything that was committed before they were asked for",
    )
    redis_url: SecretStr = Field(
        alias="REDIS_URL",
        description="Live feed, tickets, counters of limits and, unless BROKER_URL is given, broker: redis://…, or "
        "rediss://…?ssl_ca_certs=FILE for TLS with an authority of one's own",
    )
    broker_url: SecretStr | None = Field(
        default=None,
        alias="BROKER_URL",
        description="A RabbitMQ that carries the messages to the workers instead of REDIS_URL: "
        "amqp://user:password@host:5672/vhost, or amqps:// as with REDIS_URL",
    )
    secret_key: SecretStr = Field(alias="STILLROOM_SECRET_KEY", description="Signs access tokens; 32 bytes or more")
    sealing_keys: SecretStr = Field(
        alias="STILLROOM_SEALING_KEYS",
        description="id:base64 of 32 bytes, comma separated; the first seals, all of them open",
    )
    data_dir: Path = Field(alias="STILLROOM_DATA_DIR", description="Mirrors, checkouts and virtualenvs of the worker")
    public_url: str = Field(
        default="http://localhost:8000", alias="STILLROOM_PUBLIC_URL", description="Where people find us"
    )
    extra_hosts_text: str = Field(
        default="",
        alias="STILLROOM_EXTRA_HOSTS",
        description="Further host names (comma separated) under which the api may be asked",
    )
    web_dir: Path | None = Field(
        default=None, alias="STILLROOM_WEB_DIR", description="The built web; empty when nginx serves it"
    )
    development: bool = Field(
        default=False,
        alias="STILLROOM_DEVELOPMENT",
        description="Allows local folders as git URLs and databases on this machine",
    )
    sandbox: Literal["bwrap", "landlock", "bare"] = Field(
        default="bwrap", alias="STILLROOM_SANDBOX", description="The weakest isolation that may run a job"
    )
    access_token_minutes: int = Field(
        default=10, alias="STILLROOM_ACCESS_TOKEN_MINUTES", ge=1, le=60, description="Life of an access token"
    )
    session_days: int = Field(default=30, alias="STILLROOM_SESSION_DAYS", ge=1, le=365, description="Life of a sign-in")
    lease_s: int = Field(
        default=20,
        alias="STILLROOM_LEASE_S",
        ge=3,
        le=300,
        description="A running job that shows no sign of life for so many seconds is lost; the same in every process",
    )
    plan_hours: int = Field(
        default=24, alias="STILLROOM_PLAN_HOURS", ge=1, le=720, description="How many hours a plan can be applied"
    )
    log_days: int = Field(
        default=90,
        alias="STILLROOM_LOG_DAYS",
        ge=1,
        le=3650,
        description="How many days after its end a job's log is kept; the job and its outcome stay",
    )
    allowed_networks: str = Field(
        default="",
        alias="STILLROOM_ALLOWED_NETWORKS",
        description="Private networks (CIDR, comma separated) that git and databases may be in",
    )
    package_hosts_text: str = Field(
        default="pypi.org,files.pythonhosted.org,github.com,codeload.github.com,gitlab.com",
        alias="STILLROOM_PACKAGE_HOSTS",
        description="Hosts (comma separated) that may give packages over https, beside the index that the operator "
        "set; * for every public one",
    )
    sign_up: Literal["open", "invited"] = Field(
        default="invited",
        alias="STILLROOM_SIGN_UP",
        description="Who may open an account: everybody, or only people who were invited to an organization",
    )
    organizations: Literal["anyone", "nobody"] = Field(
        default="anyone",
        alias="STILLROOM_ORGANIZATIONS",
        description="Who may found organizations: everybody with an account, or nobody but the operator",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        alias="STILLROOM_SMTP_URL",
        description="Sends e-mail: smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465; "
        "without it letters are kept in development, where /outbox shows them, and cannot be sent elsewhere",
    )
    mail_from: str = Field(
        default="Stillroom <stillroom@localhost>", alias="STILLROOM_MAIL_FROM", description="The sender of e-mail"
    )
    rate_limits: float = Field(
        default=1,
        alias="STILLROOM_RATE_LIMITS",
        ge=0,
        le=1000,
        description="Multiplies how many requests a minute one person, token or address may make; 0 sets no limits, "
        "for measuring",
    )
    reader_url: str = Field(
        default="http://127.0.0.1:8010",
        alias="STILLROOM_READER_URL",
        description="Where the api finds the reader, the process that looks into target databases",
    )
    reader_bind: str = Field(
        default="127.0.0.1:8010", alias="STILLROOM_READER_BIND", description="Where the reader listens: address:port"
    )
    drain_s: int = Field(
        default=240,
        alias="STILLROOM_DRAIN_S",
        ge=0,
        le=86400,
        description="A worker that is told to end gives its jobs so many seconds; then those whose code has not begun "
        "go back into the queue, and the others are stopped as by a cancel. Give its container a minute more",
    )
    organization_jobs: int = Field(
        default=0,
        alias="STILLROOM_ORGANIZATION_JOBS",
        ge=0,
        description="How many jobs of one organization may run at the same time; 0: as many as there are slots",
    )
    server_jobs: int = Field(
        default=0,
        alias="STILLROOM_SERVER_JOBS",
        ge=0,
        description="How many jobs may run at the same time on databases of one server (host and port), of all "
        "organizations together; 0: no bound",
    )
    operator_bind: str = Field(
        default="",
        alias="STILLROOM_OPERATOR_BIND",
        description="Where this process answers operators with /metrics, /livez and /readyz: address:port, reachable "
        "by them alone; empty: nowhere",
    )
    log_format: Literal["json", "console"] = Field(
        default="json", alias="STILLROOM_LOG_FORMAT", description="json for machines, console for people"
    )
    # Not debug: what libraries tell there has passed no review for secrets.
    log_level: Literal["info", "warning", "error"] = Field(
        default="info",
        alias="STILLROOM_LOG_LEVEL",
        description="From where on lines are written: info has one for each request and job",
    )

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value().encode()) < 32:
            raise ValueError("STILLROOM_SECRET_KEY must have at least 32 bytes: openssl rand -base64 48")
        return value

    @field_validator("sealing_keys")
    @classmethod
    def _keys_readable(cls, value: SecretStr) -> SecretStr:
        parse_sealing_keys(value.get_secret_value())
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp_readable(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        url = urlsplit(value.get_secret_value())
        if url.scheme not in ("smtp", "smtps") or not url.hostname:
            raise ValueError("STILLROOM_SMTP_URL must be smtp://… or smtps://…, with a host")
        return value

    @field_validator("database_url", "owner_database_url", "database_replica_url")
    @classmethod
    def _postgres_encrypted(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None:
            own_tls.check_postgres(str(cls.model_fields[str(info.field_name)].alias), value.get_secret_value())
        return value

    @field_validator("redis_url")
    @classmethod
    def _valkey_encrypted(cls, value: SecretStr) -> SecretStr:
        own_tls.check("REDIS_URL", value.get_secret_value())
        return value

    @field_validator("broker_url")
    @classmethod
    def _broker_readable(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        url = urlsplit(value.get_secret_value())
        if url.scheme not in ("amqp", "amqps") or not url.hostname:
            raise ValueError(
                "BROKER_URL must be amqp://… or amqps://…, with a host; without it REDIS_URL is the broker"
            )
        own_tls.check("BROKER_URL", value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _replica_as_the_same_role(self) -> "Settings":
        # What row level security lets through depends on the role: another one might be exempt from it.
        if self.database_replica_url is None:
            return self
        replica, primary = (urlsplit(url.get_secret_value()) for url in (self.database_replica_url, self.database_url))
        if replica.scheme not in ("postgresql", "postgres") or not replica.hostname:
            raise ValueError(
                "DATABASE_REPLICA_URL must be postgresql://…, with a host; without it DATABASE_URL answers everything"
            )
        if (replica.username, replica.path) != (primary.username, primary.path):
            raise ValueError("DATABASE_REPLICA_URL must name the role and the database of DATABASE_URL, elsewhere")
        return self

    @model_validator(mode="after")
    def _guarded_broker(self) -> "Settings":
        # Whoever can write to the broker can ring the workers and read what people watch.
        if not self.development and not urlsplit(self.redis_url.get_secret_value()).password:
            raise ValueError(
                "REDIS_URL has no password: redis://:password@host:6379/0, with requirepass in the server; only "
                "STILLROOM_DEVELOPMENT=1 does without"
            )
        if not self.development and self.broker_url and not urlsplit(self.broker_url.get_secret_value()).password:
            raise ValueError(
                "BROKER_URL has no password: amqp://user:password@host:5672/vhost; only STILLROOM_DEVELOPMENT=1 does "
                "without"
            )
        return self

    @field_validator("web_dir", "owner_database_url", "database_replica_url", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @property
    def messages_url(self) -> str:
        """Where messages to the workers go: the whole address, with its password."""
        return (self.broker_url or self.redis_url).get_secret_value()

    @property
    def access_token_life(self) -> timedelta:
        """How long a signed access token is believed."""
        return timedelta(minutes=self.access_token_minutes)

    @property
    def session_life(self) -> timedelta:
        """How long a sign-in lasts without being used."""
        return timedelta(days=self.session_days)

    @property
    def lease(self) -> timedelta:
        """How long a running job may show no sign of life before it is lost."""
        return timedelta(seconds=self.lease_s)

    @property
    def drain(self) -> timedelta:
        """How long the jobs of a worker that was told to end may run on."""
        return timedelta(seconds=self.drain_s)

    @property
    def plan_life(self) -> timedelta:
        """How long a plan can be applied."""
        return timedelta(hours=self.plan_hours)

    @property
    def log_life(self) -> timedelta:
        """How long after its end a job's log is kept."""
        return timedelta(days=self.log_days)

    @property
    def extra_hosts(self) -> list[str]:
        """Further host names that are ours."""
        return [part.strip() for part in self.extra_hosts_text.split(",") if part.strip()]

    @property
    def package_hosts(self) -> tuple[str, ...]:
        """Hosts that a building package may reach, by the operator's choice."""
        return tuple(part.strip() for part in self.package_hosts_text.split(",") if part.strip())

    @property
    def networks(self) -> tuple[str, ...]:
        """The private networks that the operator opened."""
        given = tuple(part.strip() for part in self.allowed_networks.split(",") if part.strip())
        return (*given, "127.0.0.0/8", "::1/128") if self.development else given


def parse_sealing_keys(text: str) -> list[tuple[str, bytes]]:
    """Reads `id:base64,id:base64`; raises ValueError that names the cause but never the key."""
    keys: list[tuple[str, bytes]] = []
    for part in (piece.strip() for piece in text.split(",")):
        key_id, _, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError as cause:
            raise ValueError("STILLROOM_SEALING_KEYS: each entry is id:base64") from cause
        if not key_id or len(key_id) > 32 or len(key) != 32:
            raise ValueError("STILLROOM_SEALING_KEYS: each entry is id:base64 of exactly 32 bytes")
        keys.append((key_id, key))
    return keys


@lru_cache
def get_settings() -> Settings:
    """The settings of this process: its environment, then the files of the folder STILLROOM_SECRETS_DIR.

    A file there is named like the variable it stands for, so that secrets need not be in an environment.
    """
    return Settings(_secrets_dir=os.environ.get("STILLROOM_SECRETS_DIR"))
