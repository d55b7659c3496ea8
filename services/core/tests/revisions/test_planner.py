"""Plans and refusals, in the cases that people meet."""

import os
import subprocess
import sys

import pytest

from stillroom_core.errors import Conflict, StillroomError
from stillroom_core.revisions.graph import Graph, Revision
from stillroom_core.revisions.planner import Step, plan, resolve

LINE = Graph(Revision(f"rev{n}", (f"rev{n - 1}",) if n else (), message=f"change {n}") for n in range(5))
BRANCHES = Graph(
    [
        Revision("base0000"),
        Revision("left0001", ("base0000",), labels=("left",)),
        Revision("left0002", ("left0001",)),
        Revision("right001", ("base0000",), labels=("right",)),
        Revision("right002", ("right001",), ("left0001",)),
    ]
)


def ids(graph: Graph, kind: str, target: str, *heads: str) -> list[str]:
    return [step.revision for step in resolve(graph, kind, target, heads)]


def refusal(graph: Graph, kind: str, target: str, *heads: str) -> StillroomError:
    with pytest.raises(StillroomError) as caught:
        resolve(graph, kind, target, heads)
    assert caught.value.title
    assert caught.value.fix
    return caught.value


def test_an_upgrade_goes_from_where_the_database_stands_to_the_target() -> None:
    assert ids(LINE, "upgrade", "head") == ["rev0", "rev1", "rev2", "rev3", "rev4"]
    assert ids(LINE, "upgrade", "head", "rev2") == ["rev3", "rev4"]
    assert ids(LINE, "upgrade", "+1", "rev2") == ["rev3"]
    assert ids(LINE, "upgrade", "rev1+2", "rev1") == ["rev2", "rev3"]
    assert ids(LINE, "upgrade", " rev3 ", "rev2") == ["rev3"]


def test_a_downgrade_goes_back_step_by_step() -> None:
    assert ids(LINE, "downgrade", "-1", "rev3") == ["rev3"]
    assert ids(LINE, "downgrade", "base", "rev1") == ["rev1", "rev0"]
    assert ids(LINE, "downgrade", "rev1", "rev3") == ["rev3", "rev2"]


def test_a_stamp_is_one_step_per_row() -> None:
    assert resolve(LINE, "stamp", "head", ["rev1"]) == [Step("rev4", "change 4", "stamp", ("rev1",), ("rev4",))]
    assert resolve(LINE, "stamp", "base", ["rev1"]) == [Step("rev1", "change 1", "stamp", ("rev1",), ())]
    assert plan(LINE, "stamp", "head", ["rev1"]).heads_after == ("rev4",)


def test_a_stamp_from_a_row_that_the_code_does_not_have_begins_with_an_emptied_table() -> None:
    found = plan(LINE, "stamp", "rev3", ["fromelsewhere"])
    assert (found.heads, found.heads_after) == (("fromelsewhere",), ("rev3",))
    assert list(found.steps) == [Step("rev3", "change 3", "stamp", (), ("rev3",))]
    assert refusal(LINE, "stamp", "base", "fromelsewhere").code == "database_unknown_revision"
    assert refusal(LINE, "downgrade", "rev1", "fromelsewhere").code == "database_unknown_revision"


def test_a_step_tells_message_direction_and_both_ends() -> None:
    assert resolve(LINE, "upgrade", "+1", ["rev2"]) == [Step("rev3", "change 3", "upgrade", ("rev2",), ("rev3",))]
    assert resolve(LINE, "downgrade", "-1", ["rev0"]) == [Step("rev0", "change 0", "downgrade", ("rev0",), ())]


def test_branches_and_dependencies_are_followed() -> None:
    assert ids(BRANCHES, "upgrade", "right@head") == ["base0000", "left0001", "right001", "right002"]
    assert plan(BRANCHES, "upgrade", "heads", []).heads_after == ("left0002", "right002")
    assert plan(BRANCHES, "upgrade", "right@head", ["left0001"]).heads_after == ("right002",)
    assert ids(BRANCHES, "upgrade", "left@+1", "left0001", "right001") == ["left0002"]


@pytest.mark.parametrize(
    ("kind", "target"), [("upgrade", "head"), ("upgrade", "rev4"), ("downgrade", "rev4"), ("stamp", "head")]
)
def test_at_the_target_there_is_nothing_to_do_and_that_is_said(kind: str, target: str) -> None:
    found = plan(LINE, kind, target, ["rev4"])
    assert found.steps == ()
    assert found.nothing is not None
    assert found.nothing.code == "already_there"
    assert found.heads_after == ("rev4",)


def test_nothing_to_go_back_from_an_empty_database() -> None:
    found = plan(LINE, "downgrade", "base", [])
    assert found.nothing is not None
    assert found.nothing.code == "already_there"


@pytest.mark.parametrize("target", ["rev1", "base", "rev4-2"])
def test_an_upgrade_to_what_lies_behind_says_that_it_does_nothing(target: str) -> None:
    found = plan(LINE, "upgrade", target, ["rev3"])
    assert found.steps == ()
    assert found.nothing is not None
    assert found.nothing.code == "target_behind"
    assert "downgrade" in found.nothing.fix


def test_an_empty_project_at_its_head_has_nothing_to_do() -> None:
    assert plan(Graph([]), "upgrade", "head", []).nothing is not None


@pytest.mark.parametrize(
    ("kind", "target", "heads", "code"),
    [
        ("upgrade", "nosuch", [], "unknown_revision"),
        ("upgrade", "nosuch@head", [], "unknown_revision"),
        ("upgrade", "left@right002", [], "unknown_revision"),
        ("upgrade", "right00", [], "ambiguous_revision"),
        ("upgrade", "base0000+1", ["base0000"], "ambiguous_revision"),
        ("upgrade", "+1", ["left0001", "right001"], "ambiguous_revision"),
        ("upgrade", "head", [], "multiple_heads"),
        ("downgrade", "heads", ["left0002"], "multiple_heads"),
        ("upgrade", "left@+9", [], "relative_out_of_range"),
        ("upgrade", "left0002+1", [], "relative_out_of_range"),
        ("upgrade", "-1", ["left0001"], "relative_out_of_range"),
        ("downgrade", "+1", ["left0001"], "relative_out_of_range"),
        ("downgrade", "-9", ["left0002"], "relative_out_of_range"),
        ("downgrade", "-1", [], "relative_out_of_range"),
        ("stamp", "+1", ["left0001"], "relative_out_of_range"),
        ("downgrade", "right002", ["left0001"], "not_ancestor"),
        ("upgrade", "base0000:head", [], "range_not_allowed"),
        ("upgrade", "", [], "unknown_revision"),
        ("sideways", "head", [], "unknown_kind"),
        ("upgrade", "heads", ["base0000", "left0001"], "database_heads_overlap"),
        ("upgrade", "heads", ["fromelsewhere"], "database_unknown_revision"),
    ],
)
def test_each_refusal_has_its_code(kind: str, target: str, heads: list[str], code: str) -> None:
    assert refusal(BRANCHES, kind, target, *heads).code == code


def test_an_ambiguous_id_lists_its_candidates() -> None:
    error = refusal(BRANCHES, "upgrade", "right00")
    assert error.params["candidates"] == ["right001", "right002"]
    assert "right001, right002" in error.detail


def test_several_heads_are_listed_with_the_ways_out() -> None:
    error = refusal(BRANCHES, "upgrade", "head")
    assert error.params["heads"] == ["left0002", "right002"]
    assert "`heads`" in error.fix
    assert "`left@head`" in error.fix


def test_a_revision_that_the_commit_lacks_is_a_conflict_that_names_it() -> None:
    error = refusal(LINE, "upgrade", "head", "rev2", "elsewhere")
    assert isinstance(error, Conflict)
    assert error.params["unknown"] == ["elsewhere"]
    assert "elsewhere" in error.detail


def test_a_broken_graph_is_not_planned() -> None:
    broken = Graph([Revision("a"), Revision("b", ("gone",)), Revision("c", ("d",)), Revision("d", ("c",))])
    error = refusal(broken, "upgrade", "a")
    assert error.code == "graph_broken"
    assert "gone" in error.detail


def test_ids_with_dots_and_letters_are_ids_like_any_other() -> None:
    releases = Graph([Revision("0.1.0"), Revision("v3.0.0.a", ("0.1.0",)), Revision("v3.0.0.b", ("v3.0.0.a",))])
    assert ids(releases, "upgrade", "head", "0.1.0") == ["v3.0.0.a", "v3.0.0.b"]
    assert ids(releases, "downgrade", "0.1.0", "v3.0.0.b") == ["v3.0.0.b", "v3.0.0.a"]


SEEDED = """
from stillroom_core.revisions.graph import Graph, Revision
from stillroom_core.revisions.planner import plan
needed = [Revision(f"need{n}") for n in range(6)]
graph = Graph([*needed, Revision("root"), Revision("user", ("root",), tuple(r.id for r in needed))])
print(plan(graph, "upgrade", "heads", []).steps, plan(graph, "downgrade", "base", ["user"]).steps)
"""


def test_the_order_of_dependencies_does_not_vary_with_the_hash_seed() -> None:
    printed = set()
    for seed in "01234":
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = [sys.executable, "-c", SEEDED]
        printed.add(subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(printed) == 1
