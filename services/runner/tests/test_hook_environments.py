"""The shapes of projects: configuration files, env.py files, arguments, several databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def test_an_async_env_py_gives_the_same_events(runner: Any, project: Any, database: Any, async_env: str) -> None:
    project.write("migrations/env.py", async_env)
    project.chain(1)
    project.revision("b1", "a1", 'op.execute("SELECT 1/0")')

    good = runner.run(project, "upgrade", target="a1", url=database.url("asyncpg")).expect_ok()
    bad = runner.run(project, "upgrade", url=database.url("asyncpg"), lock_timeout_ms=100)

    assert good.one("context")["driver"] == "asyncpg"
    assert [s["line"] for s in good.of("statement_started") if "CREATE TABLE t1" in s["sql"]] == [12]
    assert (bad.error["kind"], bad.error["sqlstate"], bad.error["line"]) == ("migration_error", "22012", 12)
    assert bad.error["error_type"] == "asyncpg.exceptions.DivisionByZeroError"
    assert bad.error["message"] == "division by zero"
    assert database.heads == {"a1"}


MULTIDB_ENV = """
import os
from sqlalchemy import create_engine
from alembic import context

for name in ("first", "second"):
    engine = create_engine(os.environ[name.upper() + "_URL"])
    with engine.connect() as connection:
        context.configure(connection=connection, upgrade_token=name + "_upgrades")
        with context.begin_transaction():
            context.run_migrations(engine_name=name)
"""

MULTIDB_REVISION = """
revision = "a1"
down_revision = None

from alembic import op

def upgrade(engine_name):
    op.execute("CREATE TABLE in_%s (id int)" % engine_name)

def downgrade(engine_name):
    pass
"""


def test_several_databases_are_several_contexts(
    bare_runner: Any, project: Any, new_database: Callable[[], Any]
) -> None:
    first, second = new_database(), new_database()
    project.write("migrations/env.py", MULTIDB_ENV)
    project.write("migrations/versions/a1.py", MULTIDB_REVISION)

    run = bare_runner.run(
        project, "upgrade", env={"FIRST_URL": first.url(), "SECOND_URL": second.url("psycopg2")}
    ).expect_ok()

    assert [(c["n"], c["label"], c["database"]) for c in run.of("context")] == [
        (1, "first", first.address.database),
        (2, "second", second.address.database),
    ]
    assert [p["context"] for p in run.of("plan")] == [1, 2]
    assert [s["context"] for s in run.of("step_finished")] == [1, 2]
    assert [h["heads"] for h in run.of("heads")] == [["a1"], ["a1"]]
    assert {"in_first"} < first.tables
    assert {"in_second"} < second.tables
    connections = [context["connection"] for context in run.of("context")]
    assert len(set(connections)) == 2
    assert {t["connection"] for t in run.of("transaction")} == set(connections)


def test_pyproject_toml_alone_configures_a_project(runner: Any, empty_project: Any, database: Any) -> None:
    empty_project.write("pyproject.toml", '[tool.alembic]\nscript_location = "%(here)s/db"\n')
    empty_project.write(
        "db/env.py",
        """
        from sqlalchemy import create_engine
        from alembic import context
        assert context.config.config_file_name is None
        with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """,
    )
    empty_project.revision("a1", None, folder="db/versions")

    for config_file in ("pyproject.toml", None):
        runner.run(empty_project, "upgrade", config_file=config_file).expect_ok()

    assert database.heads == {"a1"}


def test_a_project_without_any_ini_is_configured_by_overrides(runner: Any, project: Any, database: Any) -> None:
    (project.root / "alembic.ini").unlink()
    project.chain(1)

    runner.run(
        project,
        "upgrade",
        ini_overrides={"script_location": "%(here)s/migrations", "sqlalchemy.url": database.url()},
    ).expect_ok()

    assert database.heads == {"a1"}


def test_a_given_ini_text_is_used_with_here_meaning_the_project(runner: Any, project: Any, database: Any) -> None:
    text = (project.root / "alembic.ini").read_text()
    (project.root / "alembic.ini").unlink()
    project.chain(1)

    run = runner.run(
        project,
        "upgrade",
        ini_text=text.replace("script_location = ", "script_location = %(here)s/"),
    ).expect_ok()

    assert database.heads == {"a1"}
    assert "Running upgrade" in run.stderr  # fileConfig() found its file
    assert [path.name for path in project.root.iterdir() if path.suffix == ".ini"] == []


def test_another_section_and_values_with_percent_signs_arrive(runner: Any, project: Any, database: Any) -> None:
    ini = project.root / "alembic.ini"
    ini.write_text("[other]\nscript_location = migrations\n" + ini.read_text().replace("[alembic]", "[unused]"))
    project.chain(1)
    env = project.root / "migrations" / "env.py"
    env.write_text(
        env.read_text()
        + "\nprint(config.config_ini_section, config.get_main_option('word'), "
        + "config.get_section_option('extra', 'word'))\n"
    )

    run = runner.run(
        project,
        "upgrade",
        section="other",
        ini_overrides={"sqlalchemy.url": database.url(), "word": "50%d(x)s", "extra:word": "100%"},
    ).expect_ok()

    assert run.stdout == "other 50%d(x)s 100%\n"


def test_env_py_finds_arguments_attributes_and_command_options(runner: Any, project: Any) -> None:
    env = project.root / "migrations" / "env.py"
    env.write_text(
        env.read_text()
        + """
import sys
print(context.get_x_argument(as_dictionary=True))
print(config.attributes["colour"], config.attributes["limits"])
print(context.get_revision_argument(), context.get_starting_revision_argument())
print(context.get_tag_argument(), config.cmd_opts.cmd[0].__name__, config.cmd_opts.revision)
print(getattr(config.cmd_opts, "autogenerate", None), sys.argv)
"""
    )
    project.chain(1)

    for kind, target in (("upgrade", "head"), ("current", None)):
        run = runner.run(
            project,
            kind,
            target=target,
            config_file="alembic.ini",
            x=["tenant=acme", "dry"],
            attributes={"colour": "red", "limits": [1, 2]},
        ).expect_ok()
        assert run.stdout.splitlines()[:2] == ["{'tenant': 'acme', 'dry': ''}", "red [1, 2]"]
        assert f" {kind} head" in run.stdout
    assert "['alembic', '-c', 'alembic.ini', '-x', 'tenant=acme', '-x', 'dry', 'current']" in run.stdout


@pytest.mark.parametrize("what", ["$engine", "$connection"])
def test_an_attribute_can_be_a_real_connection(bare_runner: Any, project: Any, database: Any, what: str) -> None:
    begin = "with config.attributes['connection'].connect() as connection:"
    project.write(
        "migrations/env.py",
        f"""
        from contextlib import nullcontext
        from alembic import context
        config = context.config
        {begin if what == "$engine" else "with nullcontext(config.attributes['connection']) as connection:"}
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """,
    )
    project.chain(1)

    bare_runner.run(project, "upgrade", attributes={"connection": {what: database.url()}}).expect_ok()

    assert database.heads == {"a1"}


def test_modules_beside_the_configuration_can_be_imported_and_ours_cannot(runner: Any, project: Any) -> None:
    ini = project.root / "alembic.ini"
    ini.write_text(ini.read_text().replace("prepend_sys_path = .\n", ""))
    project.write("settings.py", "NAME = 'of the project'")
    project.write("alembic/__init__.py", "raise ImportError('the folder of the project, not the package')")
    project.revision(
        "a1",
        None,
        """
        import settings, sys
        print(settings.NAME)
        print([p for p in sys.path if "stillroom_runner" in p])
        """,
    )

    assert runner.run(project, "upgrade").expect_ok().stdout == "of the project\n[]\n"


def test_revision_environment_and_file_templates_do_not_disturb(runner: Any, project: Any, database: Any) -> None:
    ini = project.root / "alembic.ini"
    ini.write_text(
        ini.read_text().replace(
            "prepend_sys_path = .",
            "prepend_sys_path = .\nrevision_environment = true\nfile_template = %%(rev)s_%%(slug)s",
        )
    )
    project.chain(1)

    runner.run(project, "upgrade").expect_ok()
    assert len(runner.run(project, "graph").expect_ok().one("graph")["revisions"]) == 1
    assert database.heads == {"a1"}


def test_a_version_table_with_its_own_name_and_schema_is_told(runner: Any, project: Any, database: Any) -> None:
    env = project.root / "migrations" / "env.py"
    env.write_text(
        env.read_text().replace(
            "        context.configure(connection=connection,",
            '        connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS ops")\n'
            "        connection.commit()\n"
            '        context.configure(connection=connection, version_table="v", version_table_schema="ops",',
        )
    )
    project.chain(1)

    context = runner.run(project, "upgrade").expect_ok().one("context")

    assert (context["version_table"], context["version_table_schema"]) == ("v", "ops")
    assert database.rows("SELECT version_num FROM ops.v") == [("a1",)]
