"""Commands of the project's own: console scripts, scripts, modules, shells and their children."""

from __future__ import annotations

from typing import Any

import pytest

MANAGE = """
import os, sys
from alembic import command
from alembic.config import Config

def main():
    config = Config()
    config.set_main_option("script_location", "migrations")
    config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"])
    if sys.argv[1:] == ["migrate"]:
        command.upgrade(config, "head")
    elif sys.argv[1] == "to":
        command.upgrade(config, sys.argv[2])
    elif sys.argv[1] == "exit":
        sys.exit(int(sys.argv[2]))
    elif sys.argv[1] == "child":
        import subprocess
        sys.exit(subprocess.run([sys.executable, __file__, *sys.argv[2:]]).returncode)
    print("name", __name__, "path", os.path.basename(sys.path[0]))

if __name__ == "__main__":
    main()
"""


@pytest.fixture
def managed(project: Any) -> Any:
    (project.root / "alembic.ini").unlink()
    project.write("manage.py", MANAGE)
    project.chain(2)
    return project


def run(runner: Any, project: Any, database: Any, *command: str, **request: Any) -> Any:
    env = {"DATABASE_URL": database.url(), "PATH": "/usr/bin:/bin", **request.pop("env", {})}
    return runner.run(project, "command", command=command, env=env, **request)


def test_a_script_runs_as_the_main_program_and_its_migrations_are_seen(
    runner: Any, managed: Any, database: Any
) -> None:
    done = run(runner, managed, database, "python", "manage.py", "migrate", lock_timeout_ms=1500).expect_ok()

    assert done.one("command_started")["mode"] == "in_process"
    assert done.one("command_finished")["status"] == 0
    assert [s["revision"] for s in done.one("plan")["steps"]] == ["a1", "a2"]
    assert [s["revision"] for s in done.of("step_finished")] == ["a1", "a2"]
    assert done.one("context")["session"]["lock_timeout"] == "1500"
    assert [s["line"] for s in done.of("statement_started") if "CREATE TABLE t" in s["sql"]] == [12, 12]
    assert done.one("heads")["heads"] == ["a2"]
    assert done.stdout == "name __main__ path project\n"
    assert database.heads == {"a2"}


def test_a_module_runs_with_the_projects_folder_on_its_path(runner: Any, managed: Any, database: Any) -> None:
    managed.write("tool/__init__.py", "")
    (managed.root / "manage.py").rename(managed.root / "tool" / "__main__.py")

    done = run(runner, managed, database, "python", "-m", "tool", "migrate").expect_ok()

    assert done.one("command_started")["mode"] == "in_process"
    assert done.stdout == "name __main__ path project\n"
    assert database.heads == {"a2"}


def test_flask_db_upgrade_is_seen_step_by_step(runner: Any, project: Any, database: Any) -> None:
    project.write(
        "app.py",
        """
        import os
        from flask import Flask
        from flask_migrate import Migrate
        from flask_sqlalchemy import SQLAlchemy
        app = Flask(__name__)
        app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
        migrate = Migrate(app, SQLAlchemy(app))
        """,
    )
    (project.root / "alembic.ini").unlink()
    project.write("migrations/alembic.ini", "[alembic]\n")
    project.write(
        "migrations/env.py",
        """
        from alembic import context
        from flask import current_app
        with current_app.extensions["migrate"].db.engine.connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """,
    )
    project.chain(1)
    project.revision("b1", "a1", 'op.execute("SELECT 1/0")')

    good = run(runner, project, database, "flask", "db", "upgrade", "a1").expect_ok()
    bad = run(runner, project, database, "flask", "db", "upgrade")
    unknown = run(runner, project, database, "flask", "db", "upgrade", "zzz")

    assert good.one("command_started")["mode"] == "in_process"
    assert [s["revision"] for s in good.of("step_finished")] == ["a1"]
    assert (bad.error["kind"], bad.error["revision"], bad.error["line"]) == ("migration_error", "b1", 12)
    assert "ZeroDivision" in bad.stderr or "DivisionByZero" in bad.stderr
    assert unknown.one("command_finished")["status"] == 1
    assert unknown.error["kind"] == "unknown_revision"
    assert database.heads == {"a1"}


@pytest.mark.parametrize("how", ["shell", "child"])
def test_python_children_report_what_they_do(runner: Any, managed: Any, database: Any, how: str) -> None:
    commands = {
        "shell": ("sh", "-c", "echo before; python manage.py to a1 && exec python manage.py migrate"),
        "child": ("python", "manage.py", "child", "migrate"),
    }

    done = run(runner, managed, database, *commands[how], lock_timeout_ms=700).expect_ok()

    assert done.one("command_started")["mode"] == {"shell": "subprocess", "child": "in_process"}[how]
    assert [s["revision"] for s in done.of("step_finished")] == ["a1", "a2"]
    numbers = [s["n"] for s in done.of("statement_started")]
    assert len(set(numbers)) == len(numbers) > 4
    assert sorted(numbers) == sorted(s["n"] for s in done.of("statement_finished"))
    contexts = [c["n"] for c in done.of("context")]
    assert contexts == list(range(1, len(contexts) + 1))
    assert {c["session"]["lock_timeout"] for c in done.of("context")} == {"700"}
    assert done.types[-2:] == ["command_finished", "done"]
    assert database.heads == {"a2"}


def test_a_failing_child_explains_itself(runner: Any, managed: Any, database: Any) -> None:
    managed.revision("b1", "a2", 'op.execute("SELECT 1/0")')

    failed = run(runner, managed, database, "sh", "-c", "python manage.py migrate")

    assert failed.one("command_finished")["status"] == 1
    assert (failed.error["kind"], failed.error["revision"]) == ("migration_error", "b1")
    assert failed.error["file"] == "migrations/versions/b1.py"


@pytest.mark.parametrize("command", [("python", "manage.py", "exit", "7"), ("sh", "-c", "exit 7")])
def test_a_status_that_is_not_zero_fails_the_run(
    runner: Any, managed: Any, database: Any, command: tuple[str, ...]
) -> None:
    failed = run(runner, managed, database, *command)

    assert failed.one("command_finished")["status"] == 7
    assert failed.error["kind"] == "command_failed"
    assert "status 7" in failed.error["message"]


def test_a_command_that_does_not_exist_is_named(runner: Any, managed: Any, database: Any) -> None:
    error = run(runner, managed, database, "no-such-tool", "up").error

    assert error["kind"] == "command_failed"
    assert "no-such-tool" in error["message"]


def test_an_exception_of_the_command_is_explained_and_printed(runner: Any, managed: Any, database: Any) -> None:
    managed.write("broken.py", "import os\nos.environ['MAIL_HOST']\n")

    failed = run(runner, managed, database, "python", "broken.py")

    assert (failed.error["kind"], failed.error["names"]) == ("missing_setting", ["MAIL_HOST"])
    assert (failed.error["file"], failed.error["line"]) == ("broken.py", 2)
    assert "KeyError: 'MAIL_HOST'" in failed.stderr


def test_the_sitecustomize_of_the_environment_still_runs(runner: Any, managed: Any, database: Any) -> None:
    managed.write("site/sitecustomize.py", "print('customized')")

    done = run(
        runner,
        managed,
        database,
        "sh",
        "-c",
        "python manage.py migrate",
        env={"PYTHONPATH": str(managed.root / "site")},
    ).expect_ok()

    assert done.stdout.splitlines()[0] == "customized"
    assert done.of("step_finished")


def test_a_command_without_a_writable_temporary_folder_still_runs(runner: Any, managed: Any, database: Any) -> None:
    # A path too long for a socket stands for every folder in which none can be made.
    deep = managed.root / ("d" * 120)
    deep.mkdir()

    run(runner, managed, database, "python", "manage.py", "migrate", env={"TMPDIR": str(deep)}).expect_ok()

    assert database.heads == {"a2"}


def test_nothing_is_left_in_the_temporary_folder(runner: Any, managed: Any, database: Any) -> None:
    temporary = managed.root / "tmp"
    temporary.mkdir()

    run(runner, managed, database, "sh", "-c", "python manage.py migrate", env={"TMPDIR": str(temporary)}).expect_ok()

    assert list(temporary.iterdir()) == []
