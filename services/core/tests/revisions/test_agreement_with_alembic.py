"""The reader, the graph and the planner against the real Alembic, on random histories with a fixed seed."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillroom_core.errors import StillroomError
from stillroom_core.revisions.graph import Graph
from stillroom_core.revisions.planner import plan
from stillroom_core.revisions.reader import read_graph
from stillroom_core.revisions.source import Source

PROJECTS = 60
INI = "[alembic]\nscript_location = migrations\n"


def random_history(dice: random.Random) -> list[dict[str, Any]]:
    """Revisions oldest first: several bases, branches, merges, labels, dependencies by id and by label."""
    history: list[dict[str, Any]] = []
    names: list[str] = []
    for number in range(dice.randint(1, 35)):
        key = f"{dice.getrandbits(32):08x}{number:02d}"
        tips = [one["key"] for one in history if not any(one["key"] in other["down"] for other in history)]
        down: list[str] = []
        if history and dice.random() > 0.08:
            down = [dice.choice(tips if dice.random() < 0.75 else [one["key"] for one in history])]
            if len(tips) > 1 and dice.random() < 0.25:
                down = dice.sample(tips, dice.randint(2, min(3, len(tips))))
        labels = [f"branch{number}"] if dice.random() < 0.12 else []
        depends_on = [dice.choice(names)] if names and dice.random() < 0.15 else []
        history.append({"key": key, "down": down, "labels": labels, "depends_on": depends_on})
        names += [key, *labels]
    return history


def shape(ids: list[str], dice: random.Random) -> Any:
    """The same ids in one of the ways in which people write them."""
    if not ids:
        return dice.choice([None, (), []])
    if len(ids) == 1:
        return dice.choice([ids[0], (ids[0],), [ids[0]]])
    return dice.choice([tuple(ids), list(ids)])


def random_targets(graph: Graph, dice: random.Random) -> list[tuple[str, str, list[str]]]:
    keys = list(graph.revisions)
    labels = list(graph.labels)
    asked = []
    for _ in range(25):
        applied = graph.ancestors(dice.sample(keys, dice.randint(0, min(3, len(keys)))))
        heads = list(graph.tips(applied))
        key = dice.choice(keys)
        label = dice.choice(labels) if labels else key
        target = dice.choice(
            [
                key,
                key[:5],
                key[:2],
                "zzzz",
                "head",
                "heads",
                "base",
                f"+{dice.randint(1, 4)}",
                f"-{dice.randint(1, 4)}",
                f"{key}+{dice.randint(1, 2)}",
                f"{key}-{dice.randint(1, 2)}",
                f"{label}@head",
                f"{label}@heads",
                f"{label}@base",
                f"{label}@{key}",
                f"{label}@+1",
                f"{label}@-1",
                "nosuch@head",
            ]
        )
        asked.append((dice.choice(["upgrade", "upgrade", "downgrade", "stamp"]), target, heads))
    return asked


@pytest.fixture(scope="module")
def compared(
    tmp_path_factory: pytest.TempPathFactory, ask_alembic: Any, revision_text: Callable[..., str]
) -> list[tuple[Graph, dict[str, Any], list[Any], list[list[str]]]]:
    """For every random project: our graph, Alembic's answers, what was asked."""
    dice = random.Random(20240501)  # noqa: S311 - the same histories every time
    read, questions, asked_of_each, rows_of_each = [], [], [], []
    for number in range(PROJECTS):
        root: Path = tmp_path_factory.mktemp(f"project{number}")
        versions = root / "migrations" / "versions"
        versions.mkdir(parents=True)
        (root / "alembic.ini").write_text(INI)
        for one in random_history(dice):
            (versions / f"{one['key']}_change.py").write_text(
                revision_text(
                    one["key"],
                    shape(one["down"], dice),
                    labels=shape(one["labels"], dice),
                    depends_on=shape(one["depends_on"], dice),
                    message=f"change {one['key']}",
                )
            )
        reading = read_graph(Source(export=root))
        assert reading.complete, reading.notes
        graph = reading.graph
        asked = random_targets(graph, dice)
        rows = [list(dict.fromkeys(dice.choices(list(graph.revisions), k=2))) for _ in range(5)]
        read.append(graph)
        asked_of_each.append(asked)
        rows_of_each.append(rows)
        questions.append({"root": str(root), "cwd": str(root), "ini": "alembic.ini", "asked": asked, "rows": rows})
    return list(zip(read, ask_alembic(questions), asked_of_each, rows_of_each, strict=True))


def usable(compared: Any) -> list[Any]:
    """Histories that Alembic accepts; random dependencies make some cyclic ones."""
    found = [one for one in compared if "error" not in one[1]]
    assert len(found) > PROJECTS * 0.6
    return found


def test_the_graph_is_broken_exactly_where_alembic_refuses_it(compared: Any) -> None:
    for graph, truth, _, _ in compared:
        assert graph.broken == ("error" in truth), (graph.problems, truth.get("error"))


def test_revisions_read_statically_are_those_that_alembic_loads(compared: Any) -> None:
    for graph, truth, _, _ in usable(compared):
        assert set(graph.revisions) == set(truth["revisions"])
        for key, expected in truth["revisions"].items():
            revision = graph[key]
            assert list(revision.down) == expected["down"]
            assert list(graph.dependencies.get(key, ())) == expected["depends_on"]
            assert sorted(revision.labels) == expected["labels"]
            assert (revision.message, revision.doc, revision.path) == (
                expected["message"],
                expected["doc"],
                expected["path"],
            )
            assert (key in graph.merges, key in graph.branch_points) == (expected["merge"], expected["branch"])


def test_heads_bases_and_effective_heads_are_alembics_in_its_order(compared: Any) -> None:
    for graph, truth, _, _ in usable(compared):
        assert list(graph.heads) == truth["heads"]
        assert list(graph.effective_heads) == truth["effective_heads"]
        assert list(graph.bases) == truth["bases"]


def test_the_order_has_every_revision_once_and_before_its_parents(compared: Any) -> None:
    for graph, truth, _, _ in usable(compared):
        place = {key: number for number, key in enumerate(graph.order)}
        assert sorted(place) == sorted(truth["order"])
        assert len(graph.order) == len(place)
        assert all(place[key] < place[parent] for key in place for parent in graph.parents(key))


def test_what_version_rows_imply_is_what_alembic_takes_for_applied(compared: Any) -> None:
    for graph, truth, _, rows in usable(compared):
        for heads, expected in zip(rows, truth["applied"], strict=True):
            assert sorted(graph.ancestors(heads)) == expected


def test_steps_are_those_that_alembic_would_run(compared: Any) -> None:
    agreed = refused = 0
    for graph, truth, asked, _ in usable(compared):
        # Alembic keeps several dependencies in a set: its order then differs from run to run.
        ordered = all(len(keys) < 2 for keys in graph.dependencies.values())
        for question, expected in zip(asked, truth["steps"], strict=True):
            kind, target, heads = question
            try:
                found = plan(graph, kind, target, heads)
            except StillroomError as error:
                assert isinstance(expected, dict), (question, error, expected)
                assert error.code in {
                    "unknown_revision",
                    "ambiguous_revision",
                    "multiple_heads",
                    "relative_out_of_range",
                    "not_ancestor",
                }, (question, error.code, error)
                assert error.title
                assert error.fix
                refused += 1
                continue
            assert isinstance(expected, list), (question, found, expected)
            agreed += 1
            if kind == "stamp":
                steps: list[Any] = [[list(s.from_revisions), list(s.to_revisions)] for s in found.steps]
            else:
                steps = [step.revision for step in found.steps]
            assert (steps == expected) if ordered else (sorted(steps) == sorted(expected)), question
            assert (found.nothing is None) == bool(steps)
    assert agreed > 400
    assert refused > 100


def test_the_version_rows_afterwards_are_those_that_alembic_writes(compared: Any) -> None:
    checked = 0
    for graph, truth, asked, _ in usable(compared):
        for question, expected in zip(asked, truth["heads_after"], strict=True):
            if isinstance(expected, dict):
                continue
            kind, target, heads = question
            assert sorted(plan(graph, kind, target, heads).heads_after) == expected, question
            checked += 1
    assert checked > 400


def test_the_map_from_alembics_own_event_plans_the_same(compared: Any) -> None:
    """The runner's event may carry labels that Alembic lent to descendants."""
    for graph, truth, asked, _ in usable(compared)[:20]:
        event = {
            "revisions": [
                {
                    "id": key,
                    "down": item["down"],
                    "depends_on": item["depends_on"],
                    "labels": item["all_labels"],
                    "message": item["message"],
                    "doc": item["doc"],
                    "path": f"/job/checkout/{item['path']}",
                }
                for key, item in truth["revisions"].items()
            ]
        }
        again = Graph.from_alembic_event(event, root="/job/checkout")
        assert not again.broken
        assert [r.path for r in again.revisions.values()] == [graph[key].path for key in again.revisions]
        for kind, target, heads in asked:
            if kind == "stamp":
                continue
            try:
                expected = [step.revision for step in plan(graph, kind, target, heads).steps]
            except StillroomError:
                continue
            assert sorted(s.revision for s in plan(again, kind, target, heads).steps) == sorted(expected)
