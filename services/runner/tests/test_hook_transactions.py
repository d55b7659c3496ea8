"""What is committed when: transactions, autocommit blocks, external transactions, session settings."""

from __future__ import annotations

from typing import Any

import pytest

FAILING_AFTER_AUTOCOMMIT = """
op.execute("ALTER TABLE t1 ADD COLUMN more int")
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX CONCURRENTLY i1 ON t1 (more)")
op.execute("SELECT 1/0")
"""


def transactions(run: Any) -> list[tuple[str, str | None, bool]]:
    return [(e["what"], e["revision"], e["inside"]) for e in run.of("transaction")]


def test_a_failing_migration_rolls_back_what_ran_before_it(runner: Any, project: Any, database: Any) -> None:
    project.chain(1)
    project.revision("b1", "a1", 'op.execute("SELECT 1/0")')

    run = runner.run(project, "upgrade")

    error = run.error
    assert (error["kind"], error["revision"], error["sqlstate"]) == ("migration_error", "b1", "22012")
    assert (error["file"], error["line"]) == ("migrations/versions/b1.py", 12)
    assert error["error_type"] == "psycopg.errors.DivisionByZero"
    assert error["message"] == "division by zero"
    assert 'op.execute("SELECT 1/0")' in error["traceback"]
    assert "site-packages" not in error["traceback"]
    assert run.one("step_failed")["revision"] == "b1"
    assert run.one("statement_failed")["sqlstate"] == "22012"
    assert transactions(run)[-1] == ("rollback", "b1", False)
    assert database.tables == set()


def test_a_failure_after_an_autocommit_block_shows_the_commit_inside_the_open_step(
    runner: Any, project: Any, database: Any
) -> None:
    project.chain(1)
    project.revision("b1", "a1", FAILING_AFTER_AUTOCOMMIT)

    run = runner.run(project, "upgrade")

    assert run.error["revision"] == "b1"
    assert [t for t in transactions(run) if t[1] == "b1"] == [
        ("commit", "b1", True),
        ("autocommit", "b1", True),
        ("begin", "b1", True),
        ("rollback", "b1", False),
    ]
    assert [step["autocommit"] for step in run.one("plan")["steps"]] == [False, True]
    assert database.heads == {"a1"}


def test_a_forced_transaction_per_migration_keeps_what_succeeded(runner: Any, project: Any, database: Any) -> None:
    project.chain(2)
    project.revision("b1", "a2", 'op.execute("SELECT 1/0")')

    run = runner.run(project, "upgrade", transaction_per_migration=True)

    assert run.error["revision"] == "b1"
    assert run.one("context")["transaction_per_migration"]
    assert database.heads == {"a2"}
    assert ("commit", "a1", False) in transactions(run)


def test_one_transaction_can_be_forced_on_a_project_that_wants_many(runner: Any, project: Any, database: Any) -> None:
    env = project.root / "migrations" / "env.py"
    env.write_text(
        env.read_text().replace("connection=connection,", "connection=connection, transaction_per_migration=True,")
    )
    project.chain(1)
    project.revision("b1", "a1", 'op.execute("SELECT 1/0")')

    run = runner.run(project, "upgrade", transaction_per_migration=False)

    assert run.error["revision"] == "b1"
    assert not run.one("context")["transaction_per_migration"]
    assert database.heads == set()


@pytest.mark.parametrize("per_migration", [None, True])
def test_session_settings_hold_through_commits_and_autocommit_blocks(
    runner: Any, project: Any, per_migration: bool | None
) -> None:
    show = """
    for name in (
        *("lock_timeout", "statement_timeout", "application_name", "client_connection_check_interval"),
        *("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout"),
    ):
        print(name, op.get_bind().exec_driver_sql("SHOW " + name).scalar())
    """
    project.revision("a1", None, show)
    project.revision("a2", "a1", "with op.get_context().autocommit_block():\n    pass")
    project.revision("a3", "a2", show)

    run = runner.run(
        project,
        "upgrade",
        lock_timeout_ms=2500,
        statement_timeout_ms=60_000,
        application_name="stillroom:7",
        transaction_per_migration=per_migration,
    ).expect_ok()

    once = [
        "lock_timeout 2500ms",
        "statement_timeout 1min",
        "application_name stillroom:7",
        "client_connection_check_interval 1s",
        "tcp_keepalives_idle 15",
        "tcp_keepalives_interval 5",
        "tcp_keepalives_count 3",
        "tcp_user_timeout 20000",
    ]
    assert run.stdout.splitlines() == once * 2
    assert run.one("context")["session"]["lock_timeout"] == "2500"
    assert not run.one("context")["external_transaction"]


def test_timeouts_that_env_py_set_itself_stay(runner: Any, project: Any) -> None:
    env = project.root / "migrations" / "env.py"
    env.write_text(
        env.read_text().replace(
            "        context.configure(",
            "        connection.exec_driver_sql(\"SET lock_timeout = '9s'\")\n"
            "        connection.commit()\n        context.configure(",
        )
    )
    project.revision("a1", None, 'print(op.get_bind().exec_driver_sql("SHOW lock_timeout").scalar())')

    run = runner.run(project, "upgrade", lock_timeout_ms=1000).expect_ok()

    assert run.stdout == "9s\n"
    assert run.one("context")["session"]["lock_timeout"] == "9000"


def external(project: Any, ending: str) -> None:
    env = project.root / "migrations" / "env.py"
    env.write_text(
        env.read_text().replace(
            "        context.configure(",
            '        connection.exec_driver_sql("SELECT 1")\n        context.configure(',
        )
    )
    env.write_text(env.read_text().replace("run_migrations()\n\nrun", f"run_migrations()\n{ending}\nrun"))


def test_an_external_transaction_that_nobody_commits_is_an_error_not_a_success(
    runner: Any, project: Any, database: Any
) -> None:
    external(project, "")
    project.chain(1)

    run = runner.run(project, "upgrade")

    assert run.one("context")["external_transaction"]
    assert run.error["kind"] == "silent_rollback"
    assert run.error["names"] == ["a1"]
    assert database.tables == set()


def test_an_external_transaction_that_env_py_commits_is_a_success(runner: Any, project: Any, database: Any) -> None:
    external(project, "        connection.commit()\n")
    project.chain(1)

    run = runner.run(project, "upgrade").expect_ok()

    assert run.one("context")["external_transaction"]
    assert database.heads == {"a1"}


def test_an_autocommit_block_in_an_external_transaction_is_explained(runner: Any, project: Any) -> None:
    external(project, "        connection.commit()\n")
    project.revision("a1", None, "with op.get_context().autocommit_block():\n    pass")

    error = runner.run(project, "upgrade").error

    assert error["kind"] == "external_transaction"
    assert "context.configure()" in error["message"]


def test_a_commit_written_as_a_statement_is_seen(runner: Any, project: Any, database: Any) -> None:
    project.revision("a1", None, 'op.execute("CREATE TABLE kept (id int)")\nop.execute("COMMIT")\nraise OSError("x")')

    run = runner.run(project, "upgrade")

    assert run.error["kind"] == "migration_error"
    assert ("commit", "a1", True) in transactions(run)
    assert "kept" in database.tables


def test_a_commit_inside_a_function_body_or_a_string_is_no_commit(runner: Any, project: Any) -> None:
    project.revision(
        "a1",
        None,
        '''
        op.execute("""
            CREATE PROCEDURE p() LANGUAGE plpgsql AS $body$
            BEGIN
                PERFORM 1; COMMIT;
            END $body$
        """)
        op.execute("SELECT 'x; commit;' -- ; rollback")
        ''',
    )

    run = runner.run(project, "upgrade").expect_ok()

    assert [t for t in transactions(run) if t[2]] == []


def test_a_lock_timeout_is_its_own_kind(runner: Any, project: Any, database: Any) -> None:
    import psycopg

    database.rows("CREATE TABLE busy (id int)")
    project.revision("a1", None, 'op.execute("ALTER TABLE busy ADD COLUMN x int")')

    with psycopg.connect(database.address.url) as holder:
        holder.execute("LOCK TABLE busy")
        run = runner.run(project, "upgrade", lock_timeout_ms=150)

    assert (run.error["kind"], run.error["sqlstate"]) == ("lock_timeout", "55P03")
    assert run.error["revision"] == "a1"


def test_a_statement_timeout_is_its_own_kind(runner: Any, project: Any) -> None:
    project.revision("a1", None, 'op.execute("SELECT pg_sleep(30)")')

    error = runner.run(project, "upgrade", statement_timeout_ms=150).error

    assert (error["kind"], error["sqlstate"]) == ("statement_timeout", "57014")


def test_a_deferred_constraint_that_fails_at_commit_fails_the_run(runner: Any, project: Any, database: Any) -> None:
    project.revision(
        "a1",
        None,
        """
        op.execute("CREATE TABLE p (id int PRIMARY KEY)")
        op.execute("CREATE TABLE c (id int REFERENCES p DEFERRABLE INITIALLY DEFERRED)")
        op.execute("INSERT INTO c VALUES (1)")
        """,
    )

    run = runner.run(project, "upgrade")

    assert (run.error["kind"], run.error["sqlstate"]) == ("migration_error", "23503")
    assert database.tables == set()


def test_a_forked_child_of_a_migration_does_not_mix_its_lines_into_ours(
    runner: Any, project: Any, database: Any
) -> None:
    project.revision(
        "a1",
        None,
        """
        child = os.fork()
        if not child:
            engine = sa.create_engine(os.environ["URL"])
            with engine.begin() as connection:
                connection.execute(sa.text("CREATE TABLE by_child (id int)"))
            os._exit(0)
        os.waitpid(child, 0)
        """,
        top="import os",
    )

    run = runner.run(project, "upgrade", env={"URL": database.url()}).expect_ok()

    assert not any("by_child" in statement["sql"] for statement in run.of("statement_started"))
    assert "by_child" in database.tables


def test_a_session_that_idles_in_its_transaction_is_ended_with_a_kind_of_its_own(runner: Any, project: Any) -> None:
    project.revision(
        "a1",
        None,
        """
        op.execute("CREATE TABLE t (id int)")
        time.sleep(1.5)
        op.execute("SELECT 1")
        """,
        top="import time",
    )

    error = runner.run(project, "upgrade", idle_timeout_ms=200).error

    assert (error["kind"], error["sqlstate"]) == ("idle_timeout", "25P03")
