"""The kinds that only look: current, check and graph."""

from __future__ import annotations

from typing import Any

import pytest

MODELS = """
import sqlalchemy as sa
metadata = sa.MetaData()
sa.Table("t1", metadata, sa.Column("id", sa.Integer), sa.Column("name", sa.String(20)))
sa.Table("extra", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""


def with_models(project: Any, models: str = MODELS) -> None:
    project.write("models.py", models)
    env = project.root / "migrations" / "env.py"
    env.write_text(env.read_text().replace("target_metadata = None", "from models import metadata as target_metadata"))


def test_current_tells_the_heads_and_makes_nothing(runner: Any, project: Any, database: Any) -> None:
    project.chain(2)

    empty = runner.run(project, "current").expect_ok()
    assert empty.one("heads")["heads"] == []
    assert empty.of("plan") == []
    assert database.tables == set()

    runner.run(project, "upgrade", target="a1").expect_ok()
    assert runner.run(project, "current").expect_ok().one("heads")["heads"] == ["a1"]


def test_current_reads_revisions_that_the_commit_does_not_have(runner: Any, project: Any, database: Any) -> None:
    project.chain(1)
    runner.run(project, "upgrade").expect_ok()
    database.rows("UPDATE alembic_version SET version_num = 'elsewhere'")

    assert runner.run(project, "current").expect_ok().one("context")["heads"] == ["elsewhere"]


def test_check_tells_each_difference_as_a_sentence(runner: Any, project: Any, database: Any) -> None:
    with_models(project)
    project.chain(1)
    runner.run(project, "upgrade").expect_ok()

    run = runner.run(project, "check").expect_ok()

    assert not run.one("check")["clean"]
    assert run.one("check")["diffs"] == ["add table extra", "add column t1.name (VARCHAR(20))"]
    assert database.tables == {"t1", "alembic_version"}


def test_check_is_clean_when_models_and_database_agree(runner: Any, project: Any) -> None:
    with_models(
        project,
        'import sqlalchemy as sa\nmetadata = sa.MetaData()\nsa.Table("t1", metadata, sa.Column("id", sa.Integer))\n',
    )
    project.chain(1)
    runner.run(project, "upgrade").expect_ok()

    check = runner.run(project, "check").expect_ok().one("check")

    assert (check["clean"], check["diffs"]) == (True, [])


def test_check_tells_changed_types_indexes_and_keys(runner: Any, project: Any) -> None:
    with_models(
        project,
        """
        import sqlalchemy as sa
        metadata = sa.MetaData()
        sa.Table("p", metadata, sa.Column("id", sa.Integer, primary_key=True))
        sa.Table("c", metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("p_id", sa.Integer, sa.ForeignKey("p.id")),
            sa.Column("label", sa.String(50), nullable=False),
            sa.Index("ix_label", "label"))
        """,
    )
    project.revision(
        "a1",
        None,
        """
        op.execute("CREATE TABLE p (id int PRIMARY KEY)")
        op.execute("CREATE TABLE c (id int PRIMARY KEY, p_id int, label varchar(20))")
        """,
    )
    runner.run(project, "upgrade").expect_ok()

    diffs = runner.run(project, "check").expect_ok().one("check")["diffs"]

    assert "add index ix_label on c" in diffs
    assert any(diff.startswith("add foreign key") and diff.endswith("on c") for diff in diffs), diffs
    assert any("modify type of c.label: from VARCHAR(20" in diff for diff in diffs), diffs
    assert any("modify nullable of c.label: from True to False" in diff for diff in diffs), diffs


def test_check_without_models_or_behind_says_so(runner: Any, project: Any) -> None:
    project.chain(1)
    assert runner.run(project, "check").error["kind"] == "not_up_to_date"

    runner.run(project, "upgrade").expect_ok()
    assert runner.run(project, "check").error["kind"] == "check_unavailable"


def test_graph_needs_no_database_and_does_not_run_env_py(bare_runner: Any, project: Any) -> None:
    project.write("migrations/env.py", "raise RuntimeError('not for reading')")
    project.revision("a1", None, labels=["main"])
    project.revision("b1", "a1")
    project.revision("c1", "a1", depends_on="b1")
    project.revision("d1", ["b1", "c1"])
    # What a static reader cannot know.
    project.write(
        "migrations/versions/e1.py",
        '''
        """Computed.

        With more to say.
        """
        revision = "".join(["e", "1"])
        down_revision = "d1"
        def upgrade(): pass
        ''',
    )

    graph = bare_runner.run(project, "graph").expect_ok().one("graph")

    revisions = {revision["id"]: revision for revision in graph["revisions"]}
    assert graph["revisions"][0]["id"] == "e1"
    assert (graph["heads"], graph["bases"]) == (["e1"], ["a1"])
    assert sorted(revisions["d1"]["down"]) == ["b1", "c1"]
    assert revisions["c1"]["depends_on"] == ["b1"]
    assert (revisions["a1"]["labels"], revisions["b1"]["labels"]) == (["main"], [])
    assert revisions["e1"]["message"] == "Computed."
    assert "With more to say." in revisions["e1"]["doc"]
    assert revisions["e1"]["path"] == "migrations/versions/e1.py"
    assert graph["version_locations"] == ["migrations/versions"]


def test_graph_warns_of_a_revision_that_is_there_twice(bare_runner: Any, project: Any) -> None:
    project.revision("a1", None)
    (project.root / "migrations/versions/copy.py").write_text((project.root / "migrations/versions/a1.py").read_text())

    graph = bare_runner.run(project, "graph").expect_ok().one("graph")

    assert any("a1 is present more than once" in warning for warning in graph["warnings"])


@pytest.mark.parametrize("kind", ["current", "graph"])
def test_an_empty_history_is_no_error(runner: Any, project: Any, kind: str) -> None:
    runner.run(project, kind).expect_ok()
