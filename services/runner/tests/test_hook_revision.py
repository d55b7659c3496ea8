"""Writing a revision: by Alembic, with the project's template, and without touching the checkout."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from stillroom_runner.messages import MAX_REVISION

from .test_hook_kinds import with_models

TEMPLATE = '''"""${message}

Revision ID: ${up_revision}
"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
'''


@pytest.fixture
def project(project: Any) -> Any:
    """The same with the template of `alembic init`."""
    project.write("migrations/script.py.mako", TEMPLATE)
    return project


def written(runner: Any, project: Any, **revision: Any) -> Any:
    given = {"message": "a message", "rev_id": None, "heads": ["a2"], "autogenerate": False, **revision}
    return runner.run(project, "revision", revision=given)


def names(text: str) -> dict[str, Any]:
    return {
        node.targets[0].id if isinstance(node, ast.Assign) else node.target.id: ast.literal_eval(node.value)
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
    }


def test_an_empty_revision_follows_the_head_and_the_checkout_stays(runner: Any, project: Any, database: Any) -> None:
    project.chain(2)
    before = sorted(path.name for path in project.root.rglob("*.py"))

    event = written(runner, project, rev_id="new1").expect_ok().one("revision")

    assert event["path"] == "migrations/versions/new1_a_message.py"
    found = names(event["text"])
    assert (found["revision"], found["down_revision"]) == ("new1", "a2")
    assert sorted(path.name for path in project.root.rglob("*.py")) == before
    assert database.tables == set()


def test_several_heads_are_merged(runner: Any, project: Any) -> None:
    project.chain(2)
    project.revision("b1", "a1")

    event = written(runner, project, heads=["a2", "b1"]).expect_ok().one("revision")

    assert set(names(event["text"])["down_revision"]) == {"a2", "b1"}


def test_no_head_is_a_base_of_its_own(runner: Any, project: Any) -> None:
    event = written(runner, project, heads=[]).expect_ok().one("revision")
    assert names(event["text"])["down_revision"] is None


def test_models_are_compared_with_the_database(runner: Any, project: Any, database: Any) -> None:
    with_models(project)
    project.chain(1)
    runner.run(project, "upgrade").expect_ok()
    before = database.tables

    event = written(runner, project, heads=["a1"], autogenerate=True).expect_ok().one("revision")

    assert "create_table('extra'" in event["text"].replace('"', "'")
    assert database.tables == before


def test_comparing_needs_the_database_at_head_and_makes_no_version_table(
    runner: Any, project: Any, database: Any
) -> None:
    with_models(project)
    project.chain(1)

    run = written(runner, project, heads=["a1"], autogenerate=True)

    assert run.error["kind"] == "not_up_to_date"
    assert database.tables == set()


def test_a_hook_that_fails_leaves_the_file_and_a_note(runner: Any, project: Any) -> None:
    project.chain(2)
    ini = project.root / "alembic.ini"
    ini.write_text(
        f"{ini.read_text()}\n[post_write_hooks]\nhooks = x\nx.type = exec\nx.executable = /no/such/program\n"
    )

    event = written(runner, project).expect_ok().one("revision")

    assert event["note"]
    assert names(event["text"])["down_revision"] == "a2"


def test_a_template_that_leads_elsewhere_is_refused(runner: Any, project: Any) -> None:
    project.chain(2)
    ini = project.root / "alembic.ini"
    ini.write_text(ini.read_text().replace("[alembic]", "[alembic]\nfile_template = ../../%%(rev)s"))

    assert "leads out" in written(runner, project).error["message"]


def test_what_the_template_makes_is_bounded(runner: Any, project: Any) -> None:
    project.chain(2)
    project.write("migrations/script.py.mako", f"${{'x' * {MAX_REVISION + 1}}}")

    assert not written(runner, project).ok
