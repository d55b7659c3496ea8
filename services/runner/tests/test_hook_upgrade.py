"""Upgrades, downgrades and stamps of small real projects, seen through their events."""

from __future__ import annotations

from typing import Any

import pytest

QUIET = ("statement_started", "statement_finished", "transaction")


def told(run: Any) -> list[str]:
    return [kind for kind in run.types if kind not in QUIET]


def planned(run: Any) -> list[str]:
    return [step["revision"] for step in run.one("plan")["steps"]]


def branches(project: Any) -> None:
    """base → left, right (depends on left), merged; and a second base with a label."""
    project.revision("base1", None)
    project.revision("left", "base1", 'op.execute("CREATE TABLE l (id int)")', 'op.drop_table("l")')
    project.revision("right", "base1", depends_on="left")
    project.revision("merged", ["left", "right"])
    project.revision("other", None, labels=["reports"])
    project.revision("other2", "other")


def test_a_linear_upgrade_tells_context_plan_steps_and_heads_in_order(runner: Any, project: Any, database: Any) -> None:
    project.chain(2)

    run = runner.run(project, "upgrade").expect_ok()

    assert told(run) == [
        "hello",
        "context",
        "plan",
        *("step_started", "step_finished") * 2,
        "heads",
        "done",
    ]
    assert run.one("hello")["alembic"] == "1.20.1"
    assert run.one("plan")["steps"][1] == {
        "revision": "a2",
        "message": "make a2",
        "direction": "upgrade",
        "path": "migrations/versions/a2.py",
        "from": ["a1"],
        "to": ["a2"],
        "autocommit": False,
    }
    assert run.one("heads")["heads"] == ["a2"]
    assert database.heads == {"a2"}
    assert database.tables == {"t1", "t2", "alembic_version"}


def test_the_context_says_which_database_answered(runner: Any, project: Any, database: Any) -> None:
    project.chain(1)

    context = runner.run(project, "upgrade").expect_ok().one("context")

    address = database.address
    assert context["server"] == f"{address.host}:{address.port}/{address.database}"
    assert context["database"] == address.database
    assert (context["dialect"], context["driver"]) == ("postgresql", "psycopg")
    assert context["version_table"] == "alembic_version"
    assert context["backend_pid"] > 0
    assert not context["external_transaction"]
    assert address.password not in str(context) or not address.password


def test_every_statement_of_a_revision_names_the_line_that_made_it(runner: Any, project: Any) -> None:
    project.write("helpers.py", "def make(op, name):\n    op.execute(f'CREATE TABLE {name} (id int)')\n")
    project.revision(
        "a1",
        None,
        """
        op.execute("CREATE TABLE one (id int)")

        for name in ("two", "three"):
            make(op, name)
        """,
        top="from helpers import make",
    )

    run = runner.run(project, "upgrade").expect_ok()

    lines = {s["sql"]: (s["file"], s["line"], s["revision"]) for s in run.of("statement_started")}
    assert lines["CREATE TABLE one (id int)"] == ("migrations/versions/a1.py", 12, "a1")
    assert lines["CREATE TABLE three (id int)"] == ("migrations/versions/a1.py", 15, "a1")
    version = next(key for key in lines if key.startswith("INSERT INTO alembic_version"))
    assert lines[version] == (None, None, "a1")
    assert len(run.of("statement_started")) == len(run.of("statement_finished"))


def test_statements_are_cut_to_the_asked_size(runner: Any, project: Any) -> None:
    project.revision("a1", None, 'op.execute("SELECT \'" + "x" * 5000 + "\'")')

    run = runner.run(project, "upgrade", max_sql=100).expect_ok()

    statement = next(s for s in run.of("statement_started") if s["line"])
    assert len(statement["sql"]) == 100
    assert statement["truncated"]


def test_a_merge_and_a_dependency_come_in_alembics_order(runner: Any, project: Any, database: Any) -> None:
    branches(project)

    run = runner.run(project, "upgrade", target="heads").expect_ok()

    steps = planned(run)
    assert set(steps) == {"base1", "left", "right", "merged", "other", "other2"}
    assert steps.index("left") < steps.index("right") < steps.index("merged")
    assert database.heads == {"merged", "other2"}
    assert run.one("heads")["heads"] == ["merged", "other2"]


@pytest.mark.parametrize(
    ("target", "heads"),
    [
        ("merged", {"merged"}),
        ("reports@head", {"other2"}),
        ("right", {"right"}),
        ("other+1", {"other2"}),
        ("reports@+1", {"other"}),
    ],
)
def test_targets_are_what_alembic_understands(
    runner: Any, project: Any, database: Any, target: str, heads: set[str]
) -> None:
    branches(project)

    runner.run(project, "upgrade", target=target).expect_ok()

    assert database.heads == heads


def test_a_downgrade_goes_back_step_by_step(runner: Any, project: Any, database: Any) -> None:
    project.chain(3)
    runner.run(project, "upgrade").expect_ok()

    one = runner.run(project, "downgrade", target="-1").expect_ok()
    assert planned(one) == ["a3"]
    assert one.one("plan")["steps"][0]["direction"] == "downgrade"
    assert database.heads == {"a2"}

    all_ = runner.run(project, "downgrade", target="base").expect_ok()
    assert planned(all_) == ["a2", "a1"]
    assert all_.one("heads")["heads"] == []
    assert database.tables == {"alembic_version"}


def test_nothing_to_do_is_an_empty_plan_that_says_why(runner: Any, project: Any) -> None:
    project.chain(2)
    runner.run(project, "upgrade").expect_ok()

    again = runner.run(project, "upgrade").expect_ok()
    back = runner.run(project, "upgrade", target="a1").expect_ok()

    assert (again.one("plan")["steps"], again.one("plan")["note"]) == ([], "at_target")
    assert (back.one("plan")["steps"], back.one("plan")["note"]) == ([], "behind_current")


def test_a_stamp_moves_the_version_table_only(runner: Any, project: Any, database: Any) -> None:
    branches(project)

    run = runner.run(project, "stamp", target="merged,other").expect_ok()

    assert [step["direction"] for step in run.one("plan")["steps"]] == ["stamp", "stamp"]
    assert database.heads == {"merged", "other"}
    assert "l" not in database.tables

    runner.run(project, "stamp", target="base").expect_ok()
    assert database.heads == set()
    runner.run(project, "stamp", target="heads").expect_ok()
    assert database.heads == {"merged", "other2"}


def test_a_stamp_with_purge_replaces_even_unknown_revisions(runner: Any, project: Any, database: Any) -> None:
    project.chain(2)
    runner.run(project, "stamp", target="a1").expect_ok()
    database.rows("UPDATE alembic_version SET version_num = 'lost'")

    assert runner.run(project, "stamp", target="a2").error["kind"] == "unknown_revision"
    runner.run(project, "stamp", target="a2", purge=True).expect_ok()

    assert database.heads == {"a2"}


def test_what_the_project_prints_stays_on_its_own_streams(runner: Any, project: Any) -> None:
    project.revision("a1", None, 'import sys\nprint("to people")\nprint("to errors", file=sys.stderr)')

    run = runner.run(project, "upgrade").expect_ok()

    assert run.stdout == "to people\n"
    assert "to errors" in run.stderr
    assert "Running upgrade  -> a1" in run.stderr


def test_a_revision_that_nobody_expected_is_refused_before_any_runs(runner: Any, project: Any, database: Any) -> None:
    project.chain(3)

    run = runner.run(project, "upgrade", expected=["a1", "a2"])

    assert run.error["kind"] == "not_planned"
    assert "a3" in run.error["message"]
    assert (database.tables - {"alembic_version"}, run.of("step_started")) == (set(), [])


def test_what_is_expected_runs_and_fewer_may_run(runner: Any, project: Any, database: Any) -> None:
    project.chain(2)
    runner.run(project, "upgrade", target="a1", expected=["a1"]).expect_ok()

    runner.run(project, "upgrade", expected=["a1", "a2"]).expect_ok()

    assert database.heads == {"a2"}
