"""A new installation of ours: its settings, an empty metadata database brought to our newest schema."""

import base64
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from stillroom_core.settings import get_settings

ROOT = Path(__file__).resolve().parents[2]
# Run where the sources are, with the settings of the installation.
MIGRATE = [sys.executable, "-m", "alembic", "-c", "migrations/alembic.ini", "upgrade", "head"]


def new_installation(
    database_url: str, redis_url: str, data: Path, *, code: Path = ROOT, **more: str
) -> dict[str, str]:
    """Its settings as environment variables, with secrets of its own; the database is migrated by the sources `code`.

    As in operation, what serves it is not who owns it: tests that write SQL of their own sign in as the owner.
    """
    given = {
        "DATABASE_URL": application_url(database_url),
        "STILLROOM_OWNER_DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "STILLROOM_SECRET_KEY": secrets.token_urlsafe(48),
        "STILLROOM_SEALING_KEYS": "test:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "STILLROOM_DATA_DIR": str(data),
        **more,
    }
    subprocess.run(MIGRATE, cwd=code, env={**os.environ, **given}, check=True)
    return given


def application_url(owner_url: str, *, port: int | None = None) -> str:
    """The same database for a role that owns nothing there, which the migrations make; perhaps by another port."""
    url = make_url(owner_url)
    role, password = f"{url.database}_app", secrets.token_hex(8)
    return url.set(username=role, password=password, port=port or url.port).render_as_string(hide_password=False)


def owner_url() -> str:
    """The owner's address of this process's installation, for SQL that the service itself could not run."""
    given = get_settings().owner_database_url
    assert given is not None
    return given.get_secret_value()


def for_jobs() -> dict[str, str]:
    """What an installation needs whose jobs run in the test's own process."""
    return {"STILLROOM_DEVELOPMENT": "1", "STILLROOM_SANDBOX": os.environ.get("STILLROOM_TEST_SANDBOX", "bare")}


@contextmanager
def in_this_process(given: Mapping[str, str], *, without: tuple[str, ...] = ()) -> Iterator[None]:
    """This process has these settings for a while; other tests of the process have others."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        for name in without:
            patch.delenv(name, raising=False)
        get_settings.cache_clear()
        yield
    get_settings.cache_clear()
