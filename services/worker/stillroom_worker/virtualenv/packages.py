"""What stands in an environment, read from its metadata without running it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stillroom_worker.virtualenv.documents import normal

# Package names → SQLAlchemy's name of the driver, in the order in which we would choose.
_DRIVERS = {
    "psycopg": "psycopg",
    "psycopg2": "psycopg2",
    "psycopg2-binary": "psycopg2",
    "asyncpg": "asyncpg",
    "pg8000": "pg8000",
    "psycopg2cffi": "psycopg2cffi",
}


def installed_packages(environment: Path) -> dict[str, str]:
    """Give name and version of every package of an environment."""
    found: dict[str, str] = {}
    for info in environment.glob("lib*/python3*/site-packages/*.dist-info"):
        name, _, version = info.name.removesuffix(".dist-info").partition("-")
        found[normal(name)] = version
    return found


def drivers_of(packages: Mapping[str, str]) -> tuple[str, ...]:
    """Name the PostgreSQL drivers among packages, each once."""
    return tuple(dict.fromkeys(driver for name, driver in _DRIVERS.items() if name in packages))


def driver_for(sqlalchemy: str | None) -> str:
    """Choose the driver to add: psycopg 3 is known to SQLAlchemy from 2.0 on."""
    old = sqlalchemy is not None and sqlalchemy.split(".")[0] in ("0", "1")
    return "psycopg2-binary" if old else "psycopg[binary]"
