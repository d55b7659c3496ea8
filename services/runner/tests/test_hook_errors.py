"""Every kind of error, made by a project that really has it."""

from __future__ import annotations

import re
from typing import Any

import pytest


def env_before(project: Any, text: str) -> None:
    """Put lines in front of everything that env.py does."""
    env = project.root / "migrations" / "env.py"
    env.write_text(text + "\n" + env.read_text())


# Configuration -------------------------------------------------------------------------------------


def test_a_missing_configuration_names_where_others_are(bare_runner: Any, project: Any) -> None:
    (project.root / "alembic.ini").rename(project.root / "migrations" / "alembic.ini")

    error = bare_runner.run(project, "upgrade", config_file="alembic.ini").error

    assert error["kind"] == "no_config"
    assert "migrations/alembic.ini" in error["message"]
    assert error["traceback"] is None


def test_an_ini_without_the_section_is_no_config(bare_runner: Any, project: Any) -> None:
    assert bare_runner.run(project, "upgrade", section="absent").error["kind"] in ("no_config", "no_script_location")


@pytest.mark.parametrize(
    "change",
    [("script_location = migrations", ""), ("script_location = migrations", "script_location = elsewhere")],
)
def test_a_script_location_that_is_not_there_is_told(bare_runner: Any, project: Any, change: tuple[str, str]) -> None:
    ini = project.root / "alembic.ini"
    ini.write_text(ini.read_text().replace(*change))

    assert bare_runner.run(project, "upgrade").error["kind"] == "no_script_location"


def test_a_script_location_without_env_py_is_told(bare_runner: Any, project: Any) -> None:
    (project.root / "migrations" / "env.py").unlink()

    assert bare_runner.run(project, "upgrade").error["kind"] == "no_script_location"


def test_the_placeholder_of_the_template_is_a_missing_setting(bare_runner: Any, project: Any) -> None:
    project.chain(1)

    error = bare_runner.run(project, "upgrade").error

    assert (error["kind"], error["names"]) == ("missing_setting", ["sqlalchemy.url"])


# Revisions -----------------------------------------------------------------------------------------


def forest(project: Any) -> None:
    project.revision("abc1", None)
    project.revision("abc2", "abc1")
    project.revision("abd3", "abc1")


@pytest.mark.parametrize(
    ("kind", "target", "expected", "words"),
    [
        ("upgrade", "zzz", "unknown_revision", "zzz"),
        ("upgrade", "ab", "ambiguous_revision", "Multiple revisions start with"),
        ("upgrade", "head", "multiple_heads", "Multiple head"),
        ("upgrade", "+9", "relative_out_of_range", "9"),
        ("downgrade", "abd3", "not_ancestor", "abd3"),
        ("downgrade", "-9", "relative_out_of_range", "9"),
        ("stamp", "zzz", "unknown_revision", "zzz"),
    ],
)
def test_targets_that_do_not_fit_are_told_apart(
    runner: Any, project: Any, kind: str, target: str, expected: str, words: str
) -> None:
    forest(project)
    if kind == "downgrade" or target == "+9":
        runner.run(project, "stamp", target="abc2").expect_ok()

    error = runner.run(project, kind, target=target).error

    assert error["kind"] == expected, error
    assert words in error["message"]
    assert error["traceback"] is None
    if expected == "multiple_heads":
        assert sorted(error["names"]) == ["abc2", "abd3"]


def test_a_database_that_is_ahead_of_the_commit_is_told(runner: Any, project: Any, database: Any) -> None:
    project.chain(2)
    runner.run(project, "upgrade").expect_ok()
    (project.root / "migrations" / "versions" / "a2.py").unlink()

    error = runner.run(project, "upgrade").error

    assert (error["kind"], error["names"]) == ("unknown_revision", ["a2"])
    assert "The database stands at revision a2" in error["message"]


@pytest.mark.parametrize("kind", ["upgrade", "graph"])
def test_a_revision_that_refers_to_nothing_breaks_the_graph(runner: Any, project: Any, kind: str) -> None:
    project.revision("a1", "gone")

    error = runner.run(project, kind).error

    assert (error["kind"], error["names"]) == ("graph_broken", ["gone"])


def test_a_cycle_breaks_the_graph(runner: Any, project: Any) -> None:
    project.revision("a1", "a2")
    project.revision("a2", "a1")

    assert runner.run(project, "upgrade").error["kind"] == "graph_broken"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("def upgrade(:\n", 1, "syntax"),
        ("revision = 'a1'\ndown_revision = None\n1 / 0\n", 3, "division"),
        ("x = 1\n", None, "revision"),
    ],
)
def test_a_revision_file_that_cannot_be_loaded_breaks_the_graph(
    runner: Any, project: Any, text: str, line: int | None, words: str
) -> None:
    project.write("migrations/versions/bad.py", text)

    error = runner.run(project, "upgrade").error

    assert error["kind"] == "graph_broken", error
    assert words in error["message"]
    if line is not None:
        assert (error["file"], error["line"]) == ("migrations/versions/bad.py", line)


# env.py and its settings ---------------------------------------------------------------------------


def test_an_env_py_that_raises_is_an_env_error_with_its_line(runner: Any, project: Any) -> None:
    env_before(project, "import json\n\ndef load():\n    return json.loads('{')\n\nload()")

    error = runner.run(project, "upgrade").error

    assert error["kind"] == "env_error"
    assert (error["file"], error["line"]) == ("migrations/env.py", 4)
    assert "json/decoder.py" not in error["traceback"]
    assert "return json.loads" in error["traceback"]


PYDANTIC = """
from pydantic_settings import BaseSettings, SettingsConfigDict

class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="app_")
    secret_key: str
    workers: int = 1

Settings()
"""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import os\nos.environ['PAYMENT_KEY']", ["PAYMENT_KEY"]),
        ("import os\nif not os.getenv('DB_HOST'):\n    raise RuntimeError('DB_HOST is not set')", ["DB_HOST"]),
        ("raise ValueError('Please set the environment variable SECRET_KEY first')", ["SECRET_KEY"]),
        ("import sys\nsys.exit('missing APP_TOKEN')", ["APP_TOKEN"]),
        (PYDANTIC, ["APP_SECRET_KEY"]),
        ("from sqlalchemy import create_engine\ncreate_engine('')", []),
        (
            "try:\n    import os; os.environ['A_B']\nexcept KeyError as e:\n    raise RuntimeError('no') from e",
            ["A_B"],
        ),
    ],
    ids=["environ", "runtime_error", "value_error", "exit", "pydantic", "empty_url", "cause"],
)
def test_a_setting_that_nobody_gave_is_named(runner: Any, project: Any, text: str, names: list[str]) -> None:
    env_before(project, text)

    error = runner.run(project, "upgrade").error

    assert (error["kind"], error["names"]) == ("missing_setting", names), error


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("import numpyy.core", "numpyy", "not among"),
        ("import api.models", "api", "prepend_sys_path"),
        ("import pg8000", "pg8000", "driver"),
    ],
)
def test_a_module_that_is_not_installed_is_named(runner: Any, project: Any, text: str, name: str, words: str) -> None:
    project.write("src/api/__init__.py", "")
    env_before(project, text)

    error = runner.run(project, "upgrade").error

    assert (error["kind"], error["names"]) == ("missing_module", [name])
    assert words in error["message"]
    assert error["file"] == "migrations/env.py"


def test_a_virtualenv_without_alembic_says_so_even_where_the_project_has_a_folder_of_that_name(
    bare_runner: Any, project: Any, make_virtualenv: Any
) -> None:
    project.write("alembic/env.py", "")

    run = bare_runner.run(project, "graph", python=make_virtualenv("greenlet"))

    assert run.one("hello")["alembic"] is None
    assert run.error["kind"] == "missing_module"
    assert run.error["message"].startswith("No module named 'alembic")
    assert "not installed in the project's virtualenv" in run.error["message"]


def test_an_env_py_that_needs_flask_gets_the_advice_to_use_the_command(runner: Any, project: Any) -> None:
    env_before(project, "from flask import current_app\ncurrent_app.config")

    error = runner.run(project, "upgrade").error

    assert error["kind"] == "env_error"
    assert "flask db upgrade" in error["message"]


@pytest.mark.parametrize(
    "text", ["import sys; sys.exit(0)", "config = None", "import sys; sys.exit(3)"], ids=["exit0", "nothing", "exit3"]
)
def test_an_env_py_that_does_nothing_is_no_success(runner: Any, project: Any, text: str) -> None:
    project.write("migrations/env.py", text)

    assert runner.run(project, "upgrade").error["kind"] == "env_error"


def test_an_env_py_that_swallows_the_failure_is_no_success(runner: Any, project: Any) -> None:
    env = project.root / "migrations" / "env.py"
    env.write_text(
        env.read_text().replace(
            "\nrun_migrations_online()\n", "\ntry:\n    run_migrations_online()\nexcept Exception:\n    pass\n"
        )
    )
    project.revision("a1", None, 'op.execute("SELECT 1/0")')

    error = runner.run(project, "upgrade").error

    assert (error["kind"], error["revision"]) == ("migration_error", "a1")


def test_a_project_that_falls_back_to_sqlite_is_refused_before_it_does_anything(runner: Any, project: Any) -> None:
    project.chain(1)

    run = runner.run(project, "upgrade", url=f"sqlite:///{project.root}/fallback.db")

    assert run.error["kind"] == "missing_setting"
    assert "sqlite" in run.error["message"]
    assert run.of("plan", "step_started") == []
    assert run.one("context")["dialect"] == "sqlite"


# Connecting ----------------------------------------------------------------------------------------


def wrong(right: Any, driver: str, **parts: Any) -> str:
    import dataclasses

    return str(dataclasses.replace(right.address, **parts).url_for(f"postgresql+{driver}"))


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg"])
def test_a_server_that_is_not_there_and_a_wrong_password_are_told_apart(
    runner: Any, project: Any, database: Any, async_env: str, driver: str
) -> None:
    if driver == "asyncpg":
        project.write("migrations/env.py", async_env)
    project.chain(1)

    nobody = runner.run(project, "upgrade", url=wrong(database, driver, port=1)).error
    password = runner.run(project, "upgrade", url=wrong(database, driver, password="wrong")).error

    assert nobody["kind"] == "connect_failed", nobody
    assert password["kind"] == "auth_failed", password
    assert password["sqlstate"] in (None, "28P01")


def test_a_database_that_does_not_exist_is_a_failed_connection(runner: Any, project: Any, database: Any) -> None:
    project.chain(1)

    error = runner.run(project, "upgrade", url=wrong(database, "psycopg", database="absent")).error

    assert error["kind"] == "connect_failed"
    assert "absent" in error["message"]


# Sizes and nonsense --------------------------------------------------------------------------------


def test_a_huge_message_is_cut_to_sixteen_kibibytes(runner: Any, project: Any) -> None:
    project.revision("a1", None, "raise RuntimeError('ж' * 100_000)")

    error = runner.run(project, "upgrade").error

    assert len(error["message"].encode()) <= 16 * 1024
    assert len(error["traceback"].encode()) <= 16 * 1024


def test_a_message_with_broken_characters_still_arrives(runner: Any, project: Any) -> None:
    project.revision("a1", None, r"raise RuntimeError('zero \x00 surrogate \ud800 escape \x1b[31m')")

    message = runner.run(project, "upgrade").error["message"]

    assert not re.search("[\x00\x1b\ud800]", message)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"protocol": 2}', b'{"protocol": 1, "kind": "dance"}', b"\xff"])
def test_a_request_that_is_none_ends_as_internal(bare_runner: Any, project: Any, raw: bytes) -> None:
    run = bare_runner.run(project, "upgrade", raw=raw)

    assert run.error["kind"] == "internal"
    assert run.types[0] == "hello"
