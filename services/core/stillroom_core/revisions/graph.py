"""Revisions and how they stand to each other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stillroom_core.revisions import graph_json
from stillroom_core.revisions.order import newest_first
from stillroom_core.revisions.problems import Problem, find_problems


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision as its file states it.

    `down` and `depends_on` are as written: the latter may name branch labels. `labels` are those of this
    file, not those that Alembic lends to its descendants. `message` is the first paragraph of the
    docstring, `doc` all of it. `path` is relative to the repository.
    """

    id: str
    down: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    message: str = ""
    doc: str = ""
    path: str = ""

    @property
    def is_base(self) -> bool:
        """Whether it starts a history."""
        return not self.down

    @property
    def is_merge(self) -> bool:
        """Whether it joins several branches."""
        return len(self.down) > 1


class Graph:
    """The revisions of one commit; built in one pass, everything else is worked out when asked for.

    Of revisions with the same id the last one counts, as in Alembic; `problems` names them. Orders follow
    the order of the files, which is Alembic's, too.
    """

    def __init__(self, revisions: Iterable[Revision]) -> None:
        """Take revisions in the order of their files."""
        self.all_revisions: tuple[Revision, ...] = tuple(revisions)
        self.revisions: dict[str, Revision] = {revision.id: revision for revision in self.all_revisions}

    def __len__(self) -> int:
        return len(self.revisions)

    def __contains__(self, key: object) -> bool:
        return key in self.revisions

    def __getitem__(self, key: str) -> Revision:
        return self.revisions[key]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Graph) and self.all_revisions == other.all_revisions

    __hash__ = object.__hash__

    @cached_property
    def labels(self) -> dict[str, str]:
        """Branch label → id of the revision that carries it."""
        return {label: revision.id for revision in self.revisions.values() for label in revision.labels}

    @cached_property
    def dependencies(self) -> dict[str, tuple[str, ...]]:
        """Id → ids that it depends on, labels resolved; only for revisions that depend on known ones."""
        return {
            revision.id: found
            for revision in self.revisions.values()
            if revision.depends_on
            and (found := tuple(key for name in revision.depends_on if (key := self._resolve(name)) is not None))
        }

    @cached_property
    def children(self) -> dict[str, tuple[str, ...]]:
        """Id → ids whose down_revision names it, in the order of their files."""
        found: dict[str, list[str]] = {}
        for revision in self.revisions.values():
            for down in dict.fromkeys(revision.down):
                found.setdefault(down, []).append(revision.id)
        return {key: tuple(value) for key, value in found.items()}

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """Revisions that no down_revision names."""
        children = self.children
        return tuple(key for key in self.revisions if key not in children)

    @cached_property
    def effective_heads(self) -> tuple[str, ...]:
        """Heads without those that another revision depends on: what alembic_version holds at the end."""
        needed = {key for keys in self.dependencies.values() for key in keys}
        return tuple(key for key in self.heads if key not in needed)

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """Revisions without a down_revision."""
        return tuple(key for key, revision in self.revisions.items() if not revision.down)

    @cached_property
    def merges(self) -> tuple[str, ...]:
        """Revisions with several down_revisions."""
        return tuple(key for key, revision in self.revisions.items() if len(revision.down) > 1)

    @cached_property
    def branch_points(self) -> tuple[str, ...]:
        """Revisions that several down_revisions name."""
        children = self.children
        return tuple(key for key in self.revisions if len(children.get(key, ())) > 1)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """All ids, newest first: each before what it builds on, and each branch in one piece."""
        return newest_first(self)

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the graph, or worth knowing about it."""
        return find_problems(self)

    @property
    def broken(self) -> bool:
        """Whether Alembic itself could not work with it."""
        return any(problem.fatal for problem in self.problems)

    def parents(self, key: str) -> tuple[str, ...]:
        """What must be applied before a revision: its down_revisions and dependencies, present ones only."""
        revision = self.revisions[key]
        down = tuple(parent for parent in revision.down if parent in self.revisions)
        if key in self.dependencies:
            return tuple(dict.fromkeys(down + self.dependencies[key]))
        return down

    def ancestors(self, heads: Iterable[str]) -> frozenset[str]:
        """The revisions that are applied in a database with these version rows, dependencies included.

        Rows that are no revisions of this graph contribute nothing; see `unknown`.
        """
        todo = [head for head in heads if head in self.revisions]
        seen = set(todo)
        while todo:
            for parent in self.parents(todo.pop()):
                if parent not in seen:
                    seen.add(parent)
                    todo.append(parent)
        return frozenset(seen)

    def unknown(self, heads: Iterable[str]) -> tuple[str, ...]:
        """Version rows that are no revisions of this graph."""
        return tuple(head for head in heads if head not in self.revisions)

    def tips(self, applied: Iterable[str]) -> tuple[str, ...]:
        """The version rows of a database in which exactly these revisions are applied."""
        keys = dict.fromkeys(key for key in applied if key in self.revisions)
        covered = {parent for key in keys for parent in self.parents(key)}
        return tuple(key for key in self.revisions if key in keys and key not in covered)

    def to_json(self) -> dict[str, Any]:
        """A compact form: rows instead of objects, defaults cut off."""
        return graph_json.dump(self)

    def to_json_bytes(self) -> bytes:
        """`to_json` as UTF-8 text without spaces."""
        return graph_json.dump_bytes(self)

    @classmethod
    def from_json(cls, content: bytes | str | Mapping[str, Any]) -> "Graph":
        """The graph of `to_json` or `to_json_bytes`. Raises Invalid for anything else."""
        return cls(Revision(*row) for row in graph_json.load(content))

    @classmethod
    def from_alembic_event(cls, data: Mapping[str, Any], *, root: str = "") -> "Graph":
        """The graph of the runner's `graph` event, which is untrusted. Raises Invalid.

        `root` is the folder of the checkout as the tenant's process saw it; paths below it become relative.
        """
        return cls(Revision(*row) for row in graph_json.load_event(data, root))

    def _resolve(self, name: str) -> str | None:
        return name if name in self.revisions else self.labels.get(name)


def same_shape(first: Graph, second: Graph) -> bool:
    """Whether two readings of a commit agree on ids, parents, dependencies and labels (texts aside)."""
    return _shape(first) == _shape(second)


def _shape(graph: Graph) -> dict[str, Sequence[object]]:
    return {
        key: (set(revision.down), set(graph.dependencies.get(key, ())), set(revision.labels))
        for key, revision in graph.revisions.items()
    }
