"""What can be wrong with a graph of revisions."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillroom_core.revisions.graph import Graph


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One finding; `fatal` when Alembic refuses to work with such a graph, or would do so by chance."""

    code: str
    detail: str
    revisions: tuple[str, ...]
    fatal: bool = True

    def as_dict(self) -> dict[str, object]:
        """As served."""
        return {
            "code": self.code,
            "detail": self.detail,
            "revisions": list(self.revisions),
            "fatal": self.fatal,
        }


def find_problems(graph: "Graph") -> tuple[Problem, ...]:
    """All findings, the fatal ones first."""
    found = [*_duplicates(graph), *_labels(graph), *_missing(graph), *_cycles(graph)]
    if len(graph.heads) > 1:
        names = ", ".join(graph.heads[:20])
        found.append(
            Problem(
                code="several_heads",
                detail=f"there are several heads: {names}",
                revisions=graph.heads,
                fatal=False,
            )
        )
    return tuple(found)


def _duplicates(graph: "Graph") -> Iterator[Problem]:
    if len(graph.all_revisions) == len(graph.revisions):
        return
    for key, times in Counter(revision.id for revision in graph.all_revisions).items():
        if times > 1:
            paths = ", ".join(revision.path for revision in graph.all_revisions if revision.id == key)
            yield Problem(
                code="duplicate_revision",
                detail=f"{times} files have the revision {key}: {paths}",
                revisions=(key,),
            )


def _labels(graph: "Graph") -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for revision in graph.revisions.values():
        for label in revision.labels:
            other = label if label in graph.revisions else owners.setdefault(label, revision.id)
            if other != revision.id:
                yield Problem(
                    code="duplicate_label",
                    detail=f"the branch label '{label}' of {revision.id} is taken already by {other}",
                    revisions=tuple(dict.fromkeys((other, revision.id))),
                )


def _missing(graph: "Graph") -> Iterator[Problem]:
    for revision in graph.revisions.values():
        for down in revision.down:
            # Alembic looks parents up in the map that holds labels, too, and then falls over the mismatch.
            if down not in graph.revisions:
                yield Problem(
                    code="missing_parent",
                    detail=f"{revision.id} follows {down}, which no file defines",
                    revisions=(revision.id,),
                )
        for name in revision.depends_on:
            if name not in graph.revisions and name not in graph.labels:
                yield Problem(
                    code="missing_dependency",
                    detail=f"{revision.id} depends on {name}, which no file defines",
                    revisions=(revision.id,),
                )


def _cycles(graph: "Graph") -> Iterator[Problem]:
    """The cycles, each as the ids on it: strongly connected components (Tarjan), without recursion."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    on_path: set[str] = set()
    for start in _entangled(graph):
        if start in index:
            continue
        calls = [(start, iter(graph.parents(start)))]
        index[start] = low[start] = len(index)
        path.append(start)
        on_path.add(start)
        while calls:
            key, parents = calls[-1]
            for parent in parents:
                if parent not in index:
                    index[parent] = low[parent] = len(index)
                    path.append(parent)
                    on_path.add(parent)
                    calls.append((parent, iter(graph.parents(parent))))
                    break
                if parent in on_path:
                    low[key] = min(low[key], index[parent])
            else:
                calls.pop()
                if calls:
                    low[calls[-1][0]] = min(low[calls[-1][0]], low[key])
                if low[key] == index[key]:
                    cycle = _unwind(path, on_path, key)
                    if len(cycle) > 1 or key in graph.parents(key):
                        yield Problem(
                            code="cycle",
                            detail=f"these follow each other: {', '.join(cycle[:20])}",
                            revisions=cycle,
                        )


def _unwind(path: list[str], on_path: set[str], key: str) -> tuple[str, ...]:
    members = path[path.index(key) :]
    del path[len(path) - len(members) :]
    on_path.difference_update(members)
    return tuple(members)


def _entangled(graph: "Graph") -> list[str]:
    """Ids that stay when everything without remaining children is taken away: cycles and what is below."""
    waiting = dict.fromkeys(graph.revisions, 0)
    for key in graph.revisions:
        for parent in graph.parents(key):
            waiting[parent] += 1
    free = [key for key, children in waiting.items() if not children]
    for key in free:
        for parent in graph.parents(key):
            waiting[parent] -= 1
            if not waiting[parent]:
                free.append(parent)
    left = set(free)
    return [key for key in graph.revisions if key not in left]
