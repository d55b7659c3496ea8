"""The sample project: a real repository, real databases, migrations that go both ways."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from stillroom_cli.stack.layout import Layout
from stillroom_cli.stack.sample import STAGES, Server, build_repository, prepare_sample
from stillroom_testing.servers import DatabaseAddress, PostgresServer

ROOT = Path(__file__).resolve().parents[4]
SHOP = ROOT / "samples" / "shop"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_repository(SHOP, tmp_path_factory.mktemp("sample") / "shop")


def test_the_repository_is_the_same_on_every_machine(repository: Path, tmp_path: Path) -> None:
    again = build_repository(SHOP, tmp_path / "again")
    assert _git(again, "rev-parse", "main") == _git(repository, "rev-parse", "main")
    assert len(_git(repository, "log", "--format=%an").splitlines()) >= 12
    assert len(set(_git(repository, "log", "--format=%an").splitlines())) == 3
    assert _git(repository, "status", "--porcelain") == ""


def test_every_file_of_the_tree_is_in_a_commit(repository: Path) -> None:
    tree = {
        path.relative_to(SHOP / "tree").as_posix()
        for path in (SHOP / "tree").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert set(_git(repository, "ls-files").splitlines()) == tree


def test_its_chain_has_a_branch_a_merge_and_the_hard_kinds_of_migration(repository: Path) -> None:
    texts = [path.read_text() for path in (repository / "migrations/versions").glob("*.py")]
    assert len(texts) >= 12
    assert sum('branch_labels = "billing"' in text for text in texts) == 1
    assert sum(bool(re.search(r"^down_revision = \(", text, re.M)) for text in texts) == 1
    assert any("postgresql_concurrently" in text for text in texts)
    assert any("ADD VALUE" in text for text in texts)
    assert not any(re.search(r"def downgrade\(\):\s+pass", text) for text in texts if "Merge" not in text)


def test_it_goes_up_down_and_up_with_rows_and_matches_its_models(
    repository: Path, postgres_server: PostgresServer
) -> None:
    database = postgres_server.new_database("shop")
    _alembic(repository, database, "upgrade", "a417c93d5e08")
    with psycopg.connect(database.url) as connection:
        connection.execute((SHOP / "seed.sql").read_bytes())
    _alembic(repository, database, "upgrade", "head")
    _alembic(repository, database, "check")
    _alembic(repository, database, "downgrade", "a417c93d5e08")
    with psycopg.connect(database.url) as connection:
        names = connection.execute("SELECT count(*) FROM customers WHERE last_name <> ''").fetchone()
    assert names == (800,)
    _alembic(repository, database, "upgrade", "head")
    _alembic(repository, database, "downgrade", "base")


def test_three_databases_stand_at_different_revisions(tmp_path: Path, postgres_server: PostgresServer) -> None:
    layout = Layout(ROOT, tmp_path)
    server = Server(postgres_server.host, postgres_server.port, postgres_server.admin_url("postgresql"))
    data = prepare_sample(layout, server)
    assert prepare_sample(layout, server) == data, "a second start makes nothing anew"

    found = {}
    for environment in data["environments"]:
        place = environment["databases"][0]
        address = DatabaseAddress(place["host"], place["port"], place["username"], place["password"], place["database"])
        with psycopg.connect(address.url) as connection:
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        found[environment["slug"]] = {row[0] for row in rows}
    assert found == {stage.slug: set(stage.revisions) for stage in STAGES}
    assert (tmp_path / "sample/databases.json").stat().st_mode & 0o077 == 0


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def _alembic(repository: Path, database: DatabaseAddress, *arguments: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        check=False,
        cwd=repository,
        env={
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database.url_for("postgresql+psycopg"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
