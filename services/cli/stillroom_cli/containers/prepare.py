"""Between "PostgreSQL answers" and "the service may start", in containers. Every start may run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from stillroom_cli.containers.project import find_configuration, first_project, read_target
from stillroom_cli.containers.secrets import folders
from stillroom_cli.embedded import CannotStart
from stillroom_cli.stack.layout import Layout
from stillroom_cli.stack.prepare import given_metadata, make_own_database, make_service_role
from stillroom_cli.stack.sample import Server, prepare_sample
from stillroom_cli.stack.settings import ADMINISTRATOR

APP = Path("/app")
MOUNT = Path("/project")
PROJECTS = Path("/projects")  # the same path in the worker, which fetches from it


def prepare() -> None:
    """Our own database, its migrations, the first administrator, the first project."""
    setup = folders().setup
    root = (setup / "POSTGRES_PASSWORD").read_text()
    user, database = os.environ.get("POSTGRES_USER") or "postgres", os.environ.get("POSTGRES_DB") or "postgres"
    bundled = f"postgresql://{quote(user, safe='')}:{quote(root, safe='')}@postgres:5432/{quote(database, safe='')}"
    owner = (setup / "STILLROOM_OWNER_DATABASE_URL").read_text()
    if os.environ.get("STILLROOM_DATABASE_URL"):
        given_metadata(owner, None)
    else:
        make_own_database(bundled, (setup / "STILLROOM_DATABASE_PASSWORD").read_text())
        make_service_role(bundled, owner, (setup / "STILLROOM_SERVICE_PASSWORD").read_text())
    migrate = ["-m", "alembic", "-c", str(APP / "migrations" / "alembic.ini"), "upgrade", "head"]
    _run("migrations", migrate, owner_url=owner)
    content: dict[str, Any] = {
        "administrator": {
            "email": os.environ.get("STILLROOM_ADMIN_EMAIL") or ADMINISTRATOR,
            "name": "Administrator",
            "password": (setup / "STILLROOM_ADMIN_PASSWORD").read_text(),
        }
    }
    if project := _first_project(bundled):
        content["sample"] = project
    _run("bootstrap", ["-m", "stillroom_core.bootstrap"], json.dumps(content).encode())
    print(f"ready: {os.environ.get('STILLROOM_PUBLIC_URL', '')}")


def _first_project(bundled: str) -> Mapping[str, Any] | None:
    configuration = find_configuration(MOUNT, os.environ.get("ALEMBIC_CONFIG_PATH", ""))
    if configuration is not None:
        return first_project(MOUNT, configuration, read_target(os.environ.get("DATABASE_URL_OF_PROJECT") or bundled))
    if os.environ.get("STILLROOM_SAMPLE", "1") in ("0", "no", "false"):
        return None
    return prepare_sample(Layout(APP, PROJECTS), Server("postgres", 5432, bundled))


def _run(name: str, arguments: list[str], stdin: bytes | None = None, *, owner_url: str = "") -> None:
    """Runs one of our programs; its words go where ours go."""
    env = {**os.environ, "STILLROOM_OWNER_DATABASE_URL": owner_url}
    finished = subprocess.run([sys.executable, *arguments], check=False, input=stdin, timeout=600, env=env)
    if finished.returncode != 0:
        raise CannotStart(f"{name} failed; the reason stands above")
