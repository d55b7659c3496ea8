"""The Alembic project that a team mounts beside the service: how it becomes the first project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from stillroom_cli.embedded import CannotStart

_DRIVERS = ("psycopg", "psycopg2", "asyncpg", "pg8000")


@dataclass(frozen=True)
class Target:
    """The database that the project migrates, taken out of its DATABASE_URL."""

    host: str
    port: int
    database: str
    username: str
    password: str = field(repr=False)
    driver: str = ""

    @property
    def url(self) -> str:
        """What a job is told instead of the URL itself, with the same driver."""
        return f"{{{{url:{self.driver}}}}}" if self.driver else "{{url}}"


def read_target(url: str) -> Target:
    """Takes DATABASE_URL apart; raises CannotStart, which never repeats the URL."""
    address = urlsplit(url)
    scheme, _, driver = address.scheme.partition("+")
    try:
        port = address.port or 5432
    except ValueError:
        port = 0
    database = unquote(address.path.lstrip("/"))
    if scheme not in ("postgresql", "postgres") or not (address.hostname and address.username and database and port):
        raise CannotStart("DATABASE_URL is not postgresql://user:password@host:5432/database: correct it in .env")
    if driver and driver not in _DRIVERS:
        raise CannotStart(f"DATABASE_URL names the driver {driver!r}: use one of {', '.join(_DRIVERS)}")
    return Target(address.hostname, port, database, unquote(address.username), unquote(address.password or ""), driver)


def find_configuration(mount: Path, given: str) -> Path | None:
    """The ini file below the mounted folder; None where nothing is mounted and nothing was asked for."""
    path = (mount / given).resolve() if given else mount / "alembic.ini"
    if not path.is_relative_to(mount.resolve()):
        raise CannotStart(f"ALEMBIC_CONFIG_PATH is {given}: give a path inside the mounted folder {mount}")
    if path.is_file():
        return path
    if given:
        raise CannotStart(f"ALEMBIC_CONFIG_PATH is {given}, and {path} is no file: does PROJECT_DIR name your folder?")
    return None


def first_project(mount: Path, configuration: Path, target: Target) -> Mapping[str, Any]:
    """The mounted folder as `python -m stillroom_core.bootstrap` reads it."""
    folder = configuration.parent.relative_to(mount.resolve())
    names = {"USER": "{{user}}", "PASSWORD": "{{password}}", "DB": "{{database}}"}
    names |= {"HOST": "{{host}}", "PORT": "{{port}}"}
    variables = {"DATABASE_URL": target.url} | {f"POSTGRES_{name}": value for name, value in names.items()}
    return {
        "organization": {"slug": "team", "name": "Team"},
        "project": {
            "slug": "project",
            "name": "Project",
            "git_url": str(mount),
            "git_ref": "HEAD",
            "subdirectory": "" if folder == Path() else str(folder),
            "config_file": configuration.name,
            "config_section": "alembic",
        },
        "environments": [
            {
                "slug": "dev",
                "name": "Development",
                "protected": False,
                "variables": [{"name": n, "value": v, "secret": False} for n, v in variables.items()],
                "databases": [
                    {
                        "name": target.database,
                        "host": target.host,
                        "port": target.port,
                        "database": target.database,
                        "username": target.username,
                        "password": target.password,
                        "sslmode": "prefer",
                    }
                ],
            }
        ],
    }
