"""The sample project: a real git repository and three real databases at different revisions."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from stillroom_cli.embedded import CannotStart
from stillroom_cli.stack.layout import Layout

ORGANIZATION = {"slug": "demo", "name": "Demo"}
PROJECT = "shop"

# What every database has before it is seeded, and how far each goes afterwards. Staging stands on two
# heads: the customers' half of the chain and the billing branch, with the backfill and the merge to come.
SEEDED_AT = "a417c93d5e08"


@dataclass(frozen=True)
class Stage:
    """One environment of the sample."""

    slug: str
    name: str
    protected: bool
    revisions: tuple[str, ...]

    @property
    def database(self) -> str:
        return f"{PROJECT}_{self.slug}"


STAGES = (
    Stage("dev", "Development", False, ("f58d1b3a06e9",)),
    Stage("staging", "Staging", False, ("71d3b5a8e4f2", "4cd07a92e8b6")),
    Stage("prod", "Production", True, ("5b90d2f7a6c4",)),
)


@dataclass(frozen=True)
class Server:
    """Where the sample's databases are made, and who may make them."""

    host: str
    port: int
    admin_url: str = field(repr=False)


def prepare_sample(layout: Layout, server: Server) -> dict[str, Any]:
    """Makes what is missing of the sample; returns its part of the first data."""
    notes = layout.sample / "databases.json"
    if not notes.exists():
        # Half-made is unmade: only the notes, written last, say that it is there.
        shutil.rmtree(layout.sample, ignore_errors=True)
        layout.sample.mkdir(parents=True)
        repository = build_repository(layout.root / "samples" / PROJECT, layout.sample / PROJECT)
        passwords = {stage.slug: secrets.token_hex(16) for stage in STAGES}
        _make_databases(server, passwords)
        seed = (layout.root / "samples" / PROJECT / "seed.sql").read_text()
        with ThreadPoolExecutor(len(STAGES)) as pool:
            work = [pool.submit(_migrate, repository, server, s, passwords[s.slug], seed) for s in STAGES]
            for one in work:
                one.result()
        _write_secret(notes, json.dumps(passwords))
    return first_data(layout.sample / PROJECT, server, json.loads(notes.read_text()))


def first_data(repository: Path, server: Server, passwords: Mapping[str, str]) -> dict[str, Any]:
    """The sample as `python -m stillroom_core.bootstrap` reads it."""
    return {
        "organization": ORGANIZATION,
        "project": {
            "slug": PROJECT,
            "name": "Shop",
            "git_url": str(repository),
            "git_ref": "main",
            "config_file": "alembic.ini",
            "config_section": "alembic",
        },
        "environments": [
            {
                "slug": stage.slug,
                "name": stage.name,
                "protected": stage.protected,
                "variables": [{"name": "DATABASE_URL", "value": "{{url:psycopg}}", "secret": False}],
                "databases": [
                    {
                        "name": stage.database,
                        "host": server.host,
                        "port": server.port,
                        "database": stage.database,
                        "username": stage.database,
                        "password": passwords[stage.slug],
                        "sslmode": "prefer",
                    }
                ],
            }
            for stage in STAGES
        ],
    }


def build_repository(source: Path, destination: Path) -> Path:
    """Replays history.toml into a git repository with a working tree; same commits on every machine."""
    history = tomllib.loads((source / "history.toml").read_text())
    destination.mkdir(parents=True)
    _git(destination, "init", "--quiet", "--initial-branch=main")
    for commit in history["commits"]:
        for pattern in commit["paths"]:
            for found in sorted((source / "tree").glob(pattern)):
                _copy(found, destination / found.relative_to(source / "tree"))
        _git(destination, "add", "--all")
        name, _, email = history["people"][commit["by"]].rstrip(">").partition(" <")
        who = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", name), ("EMAIL", email), ("DATE", commit["at"]))
        }
        _git(destination, "commit", "--quiet", "--no-gpg-sign", "-m", commit["message"], more=who)
    return destination


def _copy(found: Path, destination: Path) -> None:
    if found.is_dir():
        shutil.copytree(found, destination, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, destination)


def _git(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> None:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "GIT_CONFIG_GLOBAL": os.devnull,  # nobody's templates, hooks or signing keys
        "GIT_CONFIG_NOSYSTEM": "1",
        **(more or {}),
    }
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, env=environment, capture_output=True)


def _make_databases(server: Server, passwords: Mapping[str, str]) -> None:
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        for stage in STAGES:
            name = sql.Identifier(stage.database)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(name))
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(passwords[stage.slug]))
            )
            # A role that may make roles is not a member of those it makes before it says so.
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
            connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0} TEMPLATE template0").format(name))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))


def _migrate(repository: Path, server: Server, stage: Stage, password: str, seed: str) -> None:
    address = f"{stage.database}:{password}@{server.host}:{server.port}/{stage.database}"
    _alembic(repository, address, SEEDED_AT)
    with psycopg.connect(f"postgresql://{address}") as connection:
        connection.execute(seed.encode())
    for revision in stage.revisions:
        _alembic(repository, address, revision)


def _alembic(repository: Path, address: str, revision: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", revision],
        check=False,
        cwd=repository,
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "DATABASE_URL": f"postgresql+psycopg://{address}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    if ran.returncode != 0:
        last = ran.stderr.strip().splitlines()[-1:] or ["no output"]
        raise CannotStart(f"the sample project could not be migrated to {revision}: {last[0]}")


def _write_secret(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".new")
    unfinished.touch(0o600)
    unfinished.write_text(text)
    unfinished.rename(path)
