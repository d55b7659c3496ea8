"""Revisions and how they stand to each other."""

from time import process_time
from typing import Any

import pytest

from stillroom_core.errors import Invalid
from stillroom_core.revisions.graph import Graph, Revision, same_shape


def graph(*rows: tuple[str, str] | tuple[str, str, str] | tuple[str, str, str, str]) -> Graph:
    """(id, parents, dependencies, labels), each a list in words."""
    return Graph(
        Revision(row[0], *(tuple(words.split()) for words in row[1:]), path=f"versions/{row[0]}.py") for row in rows
    )


DIAMOND = graph(("a", ""), ("b1", "a"), ("b2", "a"), ("b3", "b2"), ("c", "b1 b3"), ("z", "", "c", "side"))


def test_heads_bases_merges_and_branch_points() -> None:
    assert DIAMOND.heads == ("c", "z")
    assert DIAMOND.effective_heads == ("z",)
    assert DIAMOND.bases == ("a", "z")
    assert DIAMOND.merges == ("c",)
    assert DIAMOND.branch_points == ("a",)
    assert DIAMOND.labels == {"side": "z"}
    assert [problem.code for problem in DIAMOND.problems] == ["several_heads"]
    assert not DIAMOND.broken


def test_the_order_keeps_a_branch_in_one_piece() -> None:
    assert DIAMOND.order == ("z", "c", "b1", "b3", "b2", "a")


def test_version_rows_imply_their_ancestors_and_dependencies() -> None:
    assert DIAMOND.ancestors(["b3"]) == {"a", "b2", "b3"}
    assert DIAMOND.ancestors(["z"]) == set(DIAMOND.revisions)
    assert DIAMOND.ancestors(["nothing"]) == frozenset()
    assert DIAMOND.unknown(["b3", "nothing"]) == ("nothing",)
    assert DIAMOND.tips({"a", "b1", "b2"}) == ("b1", "b2")


@pytest.mark.parametrize(
    ("broken", "code", "revisions"),
    [
        (graph(("a", ""), ("b", "gone")), "missing_parent", ("b",)),
        (graph(("a", ""), ("b", "a", "gone")), "missing_dependency", ("b",)),
        (graph(("a", ""), ("b", "c"), ("c", "b")), "cycle", ("b", "c")),
        (graph(("a", "a")), "cycle", ("a",)),
        (graph(("a", "", "b"), ("b", "a")), "cycle", ("a", "b")),
        (graph(("a", ""), ("a", "")), "duplicate_revision", ("a",)),
        (graph(("a", "", "", "x"), ("b", "", "", "x")), "duplicate_label", ("a", "b")),
        (graph(("a", "", "", "b"), ("b", "")), "duplicate_label", ("a", "b")),
    ],
)
def test_what_alembic_could_not_work_with_is_named(broken: Graph, code: str, revisions: tuple[str, ...]) -> None:
    [problem] = [problem for problem in broken.problems if problem.fatal]
    assert (problem.code, tuple(sorted(problem.revisions))) == (code, revisions)
    assert broken.broken
    assert sorted(broken.order) == sorted(broken.revisions)


def test_a_cycle_is_named_without_what_merely_leads_to_it() -> None:
    tangled = graph(("a", ""), ("b", "a d"), ("c", "b"), ("d", "c"), ("e", "d"))
    [cycle] = [problem for problem in tangled.problems if problem.code == "cycle"]
    assert sorted(cycle.revisions) == ["b", "c", "d"]


def test_json_gives_the_same_graph_back() -> None:
    full = Graph(
        [
            Revision("a", (), (), ("x", "y"), "first", "first\n\nwith more", "v/a.py"),
            Revision("b", ("a",), ("a", "x"), (), "zweite Ä", "zweite Ä", "v/b.py"),
            Revision("c", ("a", "b")),
        ]
    )
    content = full.to_json_bytes()
    assert Graph.from_json(content) == full
    assert Graph.from_json(full.to_json()) == full
    assert b"null,null]" not in content


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"format":2,"revisions":[]}', b'{"format":1,"revisions":[1]}']
)
def test_something_else_than_a_stored_graph_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        Graph.from_json(content)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"revisions": "x"},
        {"revisions": [1]},
        {"revisions": [{}]},
        {"revisions": [{"id": ""}]},
        {"revisions": [{"id": 5}]},
        {"revisions": [{"id": "a", "down": [5]}]},
        {"revisions": [{"id": "a", "down": {"b": 1}}]},
        {"revisions": [{"id": "a" * 300}]},
        {"revisions": [{"id": "a\0"}]},
        {"revisions": [{"id": "a", "doc": 5}]},
        {"revisions": [{"id": "a"}] * 50_001},
    ],
)
def test_an_event_of_another_shape_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        Graph.from_alembic_event(event)


def test_an_event_gives_the_graph_and_agreement_can_be_told() -> None:
    event = {
        "revisions": [
            {"id": "b", "down": ["a"], "depends_on": None, "labels": ["x"], "doc": "two\n\nmore", "path": "/w/v/b.py"},
            {"id": "a", "down": [], "labels": ["x"], "message": "one", "path": "/elsewhere/a.py"},
        ]
    }
    told = Graph.from_alembic_event(event, root="/w")
    assert told["b"] == Revision("b", ("a",), (), (), "two", "two\n\nmore", "v/b.py")
    assert told["a"] == Revision("a", (), (), ("x",), "one", "one", "/elsewhere/a.py")
    assert same_shape(told, graph(("a", "", "", "x"), ("b", "a")))
    assert not same_shape(told, graph(("a", ""), ("b", "a")))


def test_ten_thousand_revisions_are_a_graph_at_once() -> None:
    rows = [
        Revision(f"r{n}", (f"r{n - 1}",) if n else (), (), (), "message", "message", f"v/r{n}.py")
        for n in range(10_000)
    ]
    begun = process_time()
    made = Graph(rows)
    assert (made.heads, made.bases, len(made.order), made.problems) == (("r9999",), ("r0",), 10_000, ())
    assert process_time() - begun < 1.5  # 60 ms on an idle machine
