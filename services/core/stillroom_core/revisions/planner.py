"""What Alembic would run: its own planner, fed with our graph instead of a tenant's code."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Literal

from alembic.runtime.migration import StampStep
from alembic.script import ScriptDirectory
from alembic.script import revision as alembic_revision
from alembic.util import CommandError, to_tuple

from stillroom_core.errors import StillroomError
from stillroom_core.revisions import refusals
from stillroom_core.revisions.graph import Graph, Revision

Direction = Literal["upgrade", "downgrade", "stamp"]
_DIRECTIONS: dict[str, Direction] = {"upgrade": "upgrade", "downgrade": "downgrade", "stamp": "stamp"}
_RELATIVE = re.compile(r"(?:(.+?)@)?(\w+)?((?:\+|-)\d+)")
_SYMBOLS = frozenset({"head", "heads", "base"})
_KEPT_PLANNERS = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One revision that is run, or one row that a stamp writes."""

    revision: str
    message: str
    direction: Direction
    from_revisions: tuple[str, ...] = ()
    to_revisions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """Why there are no steps: `already_there` or `target_behind`."""

    code: Literal["already_there", "target_behind"]
    title: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """The steps to a target, or why there are none. `heads_after` are the version rows afterwards.

    A stamp from rows that the code does not know begins with none: they all go, without a step.
    """

    kind: Direction
    target: str
    heads: tuple[str, ...]
    steps: tuple[Step, ...]
    heads_after: tuple[str, ...]
    nothing: Nothing | None


def resolve(graph: Graph, kind: str, target: str, heads: Sequence[str]) -> list[Step]:
    """The steps that Alembic would run, in its order; empty when there is nothing to do.

    `heads` are the rows of the database's version table. Raises Invalid or Conflict with one of the codes
    of refusals.py.
    """
    return list(plan(graph, kind, target, heads).steps)


def plan(graph: Graph, kind: str, target: str, heads: Sequence[str]) -> Resolution:
    """The same with what it means: where the database stands afterwards, and why nothing is to be done."""
    direction = _DIRECTIONS.get(kind)
    if direction is None:
        raise refusals.unknown_kind(kind)
    target = target.strip()
    rows = tuple(sorted(set(heads)))  # the order of version rows means nothing, so it may change nothing
    if not target:
        raise refusals.no_target(kind)
    if ":" in target:
        raise refusals.range_not_allowed(target)
    if graph.broken:
        raise refusals.graph_broken([problem for problem in graph.problems if problem.fatal])
    start = rows
    if unknown := graph.unknown(rows):
        # Alembic can plan from no row that it does not know; only a stamp may begin with an emptied table.
        if direction != "stamp" or target == "base":
            raise refusals.database_unknown_revision(unknown)
        start = ()
    steps = _planner(graph).steps(kind, target, start)
    return Resolution(
        kind=direction,
        target=target,
        heads=rows,
        steps=tuple(steps),
        heads_after=_heads_after(graph, steps, start),
        nothing=None if steps else _nothing(graph, kind, target, rows),
    )


def _heads_after(graph: Graph, steps: Sequence[Step], rows: tuple[str, ...]) -> tuple[str, ...]:
    if steps and steps[0].direction == "stamp":
        left = dict.fromkeys(rows)
        for step in steps:
            for key in step.from_revisions:
                left.pop(key, None)
            left.update(dict.fromkeys(step.to_revisions))
        return tuple(left)
    applied = set(graph.ancestors(rows))
    for step in steps:
        if step.direction == "upgrade":
            applied.add(step.revision)
        else:
            applied.discard(step.revision)
    return graph.tips(applied)


def _nothing(graph: Graph, kind: str, target: str, rows: tuple[str, ...]) -> Nothing:
    at = ", ".join(rows) or "base"
    if kind == "upgrade" and rows:
        named = _planner(graph).targets(target, rows)
        if not named or not set(named) <= set(rows) | set(graph.effective_heads):
            return Nothing(
                code="target_behind",
                title=f"'{target}' is behind the database, which stands at {at}: an upgrade does nothing.",
                fix="Use downgrade to go back to it.",
            )
    return Nothing(
        code="already_there",
        title=f"Nothing to do: the database stands at {at} already.",
        fix="",
    )


@lru_cache(maxsize=_KEPT_PLANNERS)
def _planner(graph: Graph) -> "_Planner":
    """Kept, because building Alembic's map of a large graph takes longer than planning."""
    return _Planner(graph)


class _Node(alembic_revision.Revision):
    """A revision for Alembic's planner, which also asks for a module and a text that it then never uses."""

    module = SimpleNamespace(upgrade=len, downgrade=len)

    def __init__(self, revision: Revision) -> None:
        super().__init__(revision.id, revision.down, revision.depends_on or None, revision.labels or None)
        self.doc = revision.message


class _Scripts(ScriptDirectory):
    """Alembic's own planning, without a directory."""

    def __init__(self, revisions: alembic_revision.RevisionMap) -> None:
        self.revision_map = revisions


class _Planner:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._map = alembic_revision.RevisionMap(lambda: [_Node(r) for r in graph.revisions.values()])
        self._scripts = _Scripts(self._map)
        # Alembic keeps these in the order of a set, which differs from process to process; our steps must not.
        for node in self._map._revision_map.values():
            if node is not None:
                node._normalized_resolved_dependencies = tuple(sorted(node._normalized_resolved_dependencies))

    def steps(self, kind: str, target: str, rows: tuple[str, ...]) -> list[Step]:
        """Alembic's steps as ours, its refusals as ours."""
        scripts: Any = self._scripts
        try:
            if kind == "stamp":
                return [self._stamp(step) for step in scripts._stamp_revs(to_tuple(target), rows)]
            compute = scripts._upgrade_revs if kind == "upgrade" else scripts._downgrade_revs
            return [
                Step(
                    step.revision.revision,
                    self._graph[step.revision.revision].message,
                    "upgrade" if step.is_upgrade else "downgrade",
                    tuple(step.from_revisions),
                    tuple(step.to_revisions),
                )
                for step in compute(target, rows)
            ]
        except CommandError as error:
            cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
            raise self._refusal(cause, kind, target, rows) from error
        except (alembic_revision.RevisionError, AssertionError, KeyError, IndexError, TypeError) as error:
            # Alembic asserts where a walk leaves the graph; its users see a traceback, ours a sentence.
            raise self._refusal(error, kind, target, rows) from error

    def targets(self, target: str, rows: tuple[str, ...]) -> tuple[str, ...]:
        """The revisions that an upgrade's target stands for."""
        revisions: Any = self._map
        found = revisions._parse_upgrade_target(rows, target, assert_relative_length=True)
        return tuple(node.revision for node in found if isinstance(node, alembic_revision.Revision))

    def _stamp(self, step: StampStep) -> Step:
        moved = step.to_ or step.from_
        return Step(moved[0], self._graph[moved[0]].message, "stamp", tuple(step.from_), tuple(step.to_))

    def _refusal(self, error: Exception, kind: str, target: str, rows: tuple[str, ...]) -> StillroomError:
        text = str(error)
        relative = _RELATIVE.match(target)
        if isinstance(error, alembic_revision.MultipleHeads):
            return refusals.multiple_heads(target, kind, error.heads, self._labels(error.heads))
        if isinstance(error, alembic_revision.ResolutionError):
            if kind == "stamp" and relative and "No such branch" not in text:
                return refusals.stamp_takes_no_steps(target)
            return self._unresolved(error, target)
        if isinstance(error, alembic_revision.RangeNotAncestorError) or "Not a valid downgrade" in text:
            return refusals.not_ancestor(target, kind, rows)
        if "overlaps with other" in text:
            return self._overlap(text, target, rows)
        if "Ambiguous" in text:
            return refusals.ambiguous_revision(
                target, self._next(target, rows), "The history branches there, so the steps could lead either way."
            )
        if relative and not relative[2] and (int(relative[3]) < 0) == (kind == "upgrade"):
            return refusals.wrong_way(target, kind)
        if relative or target.rpartition("@")[2] in _SYMBOLS:
            return refusals.relative_out_of_range(target, rows)
        return refusals.not_ancestor(target, kind, rows)

    def _overlap(self, text: str, target: str, rows: tuple[str, ...]) -> StillroomError:
        """Either the rows imply each other, or the revisions that the target stands for do."""
        if set(self._graph.tips(self._graph.ancestors(rows))) != set(rows):
            return refusals.overlapping_heads(rows, text)
        return refusals.ambiguous_revision(target, sorted(self.targets(target, rows)), text)

    def _unresolved(self, error: alembic_revision.ResolutionError, target: str) -> StillroomError:
        name = str(error.argument)
        text = str(error)
        if "No such branch" in text:
            return refusals.unknown_revision(target, name, branch=True)
        if "not a member of branch" in text:
            return refusals.not_on_branch(target, f"{text}.")
        candidates = [key for key in (*self._graph.revisions, *self._graph.labels) if key.startswith(name)]
        if "Multiple revisions" in text and len(candidates) > 1:
            return refusals.ambiguous_revision(target, candidates)
        return refusals.unknown_revision(target, name)

    def _labels(self, heads: Sequence[str]) -> list[str]:
        """Labels that tell these heads apart."""
        found = []
        for head in heads:
            node = self._map._revision_map.get(head)
            if node is not None:
                found += sorted(label for label in node.branch_labels if label not in found)
        return found

    def _next(self, target: str, rows: tuple[str, ...]) -> list[str]:
        """What an ambiguous walk could have meant: the next revisions around where it starts."""
        relative = _RELATIVE.match(target)
        start = [relative[2]] if relative and relative[2] in self._graph else list(rows)
        near = self._graph.children if "-" not in target else {k: self._graph[k].down for k in self._graph.revisions}
        return [key for row in start for key in near.get(row, ())] or list(self._graph.bases)
