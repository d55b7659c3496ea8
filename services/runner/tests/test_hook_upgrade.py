"""Upgrades and downgrades of small real projects, seen through their events."""

from __future__ import annotations

from typing import Any


def test_a_linear_upgrade_tells_context_plan_steps_and_heads_in_order(
    runner: Any, project: Any, database: Any
) -> None:
    project.chain(2)

    run = runner.run(project, "upgrade").expect_ok()

    told = [t for t in run.types if not t.startswith(("statement", "transaction"))]
    assert told == [
        "hello", "context", "plan", "step_started", "step_finished", "step_started", "step_finished", "heads", "done",
    ]  # fmt: skip
    assert run.one("hello")["alembic"] == "1.20.1"
    assert [step["revision"] for step in run.one("plan")["steps"]] == ["a1", "a2"]
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
