"""The same events from every Alembic and SQLAlchemy that tenants may have, with each driver."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .test_hook_revision import TEMPLATE, names

SA14, SA20, SA21 = "sqlalchemy==1.4.54", "sqlalchemy==2.0.36", "sqlalchemy==2.1.9"
DRIVERS = ("psycopg2-binary", "psycopg[binary]", "asyncpg", "greenlet")

# Every driver at both ends of the range; between them one each, in turn.
RUNS = [
    ("1.7.7", SA14, "psycopg2"),
    ("1.7.7", SA14, "asyncpg"),
    ("1.9.4", SA14, "psycopg2"),
    ("1.11.3", SA20, "psycopg"),
    ("1.13.3", SA20, "asyncpg"),
    ("1.15.2", SA20, "psycopg2"),
    ("1.16.5", SA20, "psycopg"),
    ("1.18.4", SA14, "asyncpg"),
    ("1.18.4", SA21, "psycopg2"),
    ("1.20.1", SA20, "asyncpg"),
    ("1.20.1", SA21, "psycopg2"),
    ("1.20.1", SA21, "psycopg"),
    ("1.20.1", SA21, "asyncpg"),
]


def history(project: Any) -> None:
    """A branch, a dependency, a merge, an autocommit block, and a failure after one."""
    project.revision("base1", None, 'op.execute("CREATE TABLE t (id int)")', 'op.execute("DROP TABLE t")')
    project.revision("left", "base1", 'op.add_column("t", sa.Column("l", sa.Integer()))')
    project.revision("right", "base1", 'op.get_bind().execute(sa.text("SELECT 1"))', depends_on="left")
    project.revision("merged", ["left", "right"])
    project.revision(
        "index1",
        "merged",
        'with op.get_context().autocommit_block():\n    op.execute("CREATE INDEX CONCURRENTLY i ON t (id)")',
    )
    project.revision("broken", "index1", 'op.execute("CREATE TABLE u (id int)")\nop.execute("SELECT 1/0")')


@pytest.mark.parametrize(("alembic", "sqlalchemy", "driver"), RUNS)
def test_a_history_with_everything_is_told_alike(
    make_virtualenv: Callable[..., Path],
    bare_runner: Any,
    project: Any,
    database: Any,
    async_env: str,
    alembic: str,
    sqlalchemy: str,
    driver: str,
) -> None:
    python = make_virtualenv(f"alembic=={alembic}", sqlalchemy, *DRIVERS)
    if driver == "asyncpg":
        project.write("migrations/env.py", async_env)
    history(project)

    run = bare_runner.run(
        project, "upgrade", target="heads", python=python, url=database.url(driver), lock_timeout_ms=4000
    )

    assert run.one("hello")["alembic"] == alembic
    context = run.one("context")
    assert (context["driver"], context["database"]) == (driver, database.address.database)
    assert context["session"]["lock_timeout"] == "4000"
    assert not context["external_transaction"]
    assert [s["revision"] for s in run.one("plan")["steps"]] == [
        "base1", "left", "right", "merged", "index1", "broken",
    ]  # fmt: skip
    assert [s["revision"] for s in run.of("step_finished")] == ["base1", "left", "right", "merged", "index1"]
    lines = {s["sql"]: s["line"] for s in run.of("statement_started") if s["file"] and s["revision"]}
    assert lines["CREATE TABLE t (id int)"] == 12
    assert lines["CREATE INDEX CONCURRENTLY i ON t (id)"] == 13
    assert [(t["what"], t["revision"]) for t in run.of("transaction") if t["inside"]] == [
        ("commit", "index1"),
        ("autocommit", "index1"),
        ("begin", "index1"),
    ]
    assert run.of("transaction")[-1]["what"] == "rollback"
    error = run.error
    assert (error["kind"], error["revision"], error["line"]) == ("migration_error", "broken", 13)
    assert (error["sqlstate"], run.one("statement_failed")["sqlstate"]) == ("22012", "22012")
    assert error["message"].startswith("division by zero")
    # The index is there, its version row is not: the row belongs to the transaction after the block.
    assert database.heads == {"merged"}
    assert database.rows("SELECT 1 FROM pg_indexes WHERE indexname = 'i'")
    assert database.tables == {"t", "alembic_version"}


@pytest.mark.parametrize(
    ("alembic", "sqlalchemy"),
    [("1.7.7", SA14), ("1.9.4", SA14), ("1.13.3", SA20), ("1.16.5", SA20), ("1.18.4", SA21)],
)
def test_transactions_per_migration_downgrade_and_check_work_alike(
    make_virtualenv: Callable[..., Path],
    bare_runner: Any,
    project: Any,
    database: Any,
    alembic: str,
    sqlalchemy: str,
) -> None:
    python = make_virtualenv(f"alembic=={alembic}", sqlalchemy, *DRIVERS)
    url = database.url("psycopg2")
    history(project)

    forced = bare_runner.run(
        project, "upgrade", target="merged", python=python, url=url, transaction_per_migration=True
    ).expect_ok()
    back = bare_runner.run(project, "downgrade", target="base", python=python, url=url).expect_ok()

    commits = [t["revision"] for t in forced.of("transaction") if t["what"] == "commit" and t["revision"]]
    assert commits == ["base1", "left", "right", "merged"]
    assert forced.one("heads")["heads"] == ["merged"]
    assert [s["revision"] for s in back.of("step_finished")][-1] == "base1"
    assert "t" not in database.tables


@pytest.mark.parametrize(("alembic", "sqlalchemy"), [("1.7.7", SA14), ("1.13.3", SA20)])
def test_check_works_even_where_alembic_has_no_such_command(
    make_virtualenv: Callable[..., Path],
    bare_runner: Any,
    project: Any,
    database: Any,
    alembic: str,
    sqlalchemy: str,
) -> None:
    python = make_virtualenv(f"alembic=={alembic}", sqlalchemy, *DRIVERS)
    env = project.root / "migrations" / "env.py"
    env.write_text(
        env.read_text().replace(
            "target_metadata = None",
            "import sqlalchemy as sa\ntarget_metadata = sa.MetaData()\n"
            'sa.Table("wanted", target_metadata, sa.Column("id", sa.Integer))',
        )
    )
    database.rows("CREATE TABLE unwanted (id int)")

    check = bare_runner.run(project, "check", python=python, url=database.url("psycopg2")).expect_ok().one("check")

    assert check["diffs"] == ["add table wanted", "remove table unwanted"]


@pytest.mark.parametrize("runs_env", [False, True])
@pytest.mark.parametrize(
    ("alembic", "sqlalchemy"),
    [("1.7.7", SA14), ("1.9.4", SA14), ("1.13.3", SA20), ("1.16.5", SA20), ("1.18.4", SA21), ("1.20.1", SA21)],
)
def test_revisions_are_written_alike_with_and_without_env_py(
    make_virtualenv: Callable[..., Path],
    bare_runner: Any,
    project: Any,
    database: Any,
    alembic: str,
    sqlalchemy: str,
    runs_env: bool,
) -> None:
    python = make_virtualenv(f"alembic=={alembic}", sqlalchemy, *DRIVERS)
    url = database.url("psycopg2")
    project.write("migrations/script.py.mako", TEMPLATE)
    if runs_env:
        ini = project.root / "alembic.ini"
        ini.write_text(ini.read_text().replace("[alembic]", "[alembic]\nrevision_environment = true"))
    project.chain(2)
    project.revision("b1", "a1")
    before = sorted(path.name for path in project.root.rglob("*.py"))

    def written(heads: list[str], **more: Any) -> Any:
        asked = {"message": "a message", "rev_id": "new1", "heads": heads, "autogenerate": False, **more}
        return bare_runner.run(project, "revision", python=python, url=url, revision=asked)

    empty = written(["a2"]).expect_ok()
    merged = written(["a2", "b1"]).expect_ok().one("revision")
    first = written([]).expect_ok().one("revision")

    # env.py is asked where the project wants it, and only there; nothing is made in the database either way.
    assert bool(empty.of("context")) == runs_env
    assert empty.one("revision")["path"] == "migrations/versions/new1_a_message.py"
    assert names(empty.one("revision")["text"])["down_revision"] == "a2"
    assert set(names(merged["text"])["down_revision"]) == {"a2", "b1"}
    assert names(first["text"])["down_revision"] is None
    assert sorted(path.name for path in project.root.rglob("*.py")) == before
    assert database.tables == set()


def test_pyproject_configuration_is_refused_with_the_version_where_alembic_cannot_read_it(
    make_virtualenv: Callable[..., Path], bare_runner: Any, project: Any
) -> None:
    project.write("pyproject.toml", '[tool.alembic]\nscript_location = "migrations"\n')

    error = bare_runner.run(
        project,
        "graph",
        python=make_virtualenv("alembic==1.15.2", SA20, *DRIVERS),
        config_file="pyproject.toml",
    ).error

    assert error["kind"] == "no_config"
    assert "1.16" in error["message"]
    assert "1.15.2" in error["message"]


@pytest.mark.parametrize(
    ("kind", "target", "expected"),
    [
        ("upgrade", "zzz", "unknown_revision"),
        ("upgrade", "le", "ambiguous_revision"),
        ("upgrade", "head", "multiple_heads"),
        ("upgrade", "+9", "relative_out_of_range"),
        ("downgrade", "left2", "not_ancestor"),
        ("downgrade", "-9", "relative_out_of_range"),
    ],
)
def test_targets_that_do_not_fit_are_told_apart_in_the_oldest_version(
    make_virtualenv: Callable[..., Path],
    bare_runner: Any,
    project: Any,
    database: Any,
    kind: str,
    target: str,
    expected: str,
) -> None:
    python = make_virtualenv("alembic==1.7.7", SA14, *DRIVERS)
    project.revision("base1", None)
    project.revision("left1", "base1")
    project.revision("left2", "base1")
    database.rows("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    database.rows("INSERT INTO alembic_version VALUES ('left1')")

    error = bare_runner.run(project, kind, target=target, python=python, url=database.url("psycopg2")).error

    assert error["kind"] == expected, error
