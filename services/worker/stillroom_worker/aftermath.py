"""What a job left behind that did not apply wholly: compared by what the database said before and says now."""

from collections.abc import Iterable, Sequence
from typing import Any

from stillroom_core.revisions.graph import Graph
from stillroom_worker.supervise.stayed import MOST, Statements


def moved(graph: Graph, before: Iterable[str], after: Iterable[str]) -> frozenset[str]:
    """The revisions that were applied or reverted for good: the version table is committed with them."""
    return graph.ancestors(before) ^ graph.ancestors(after)


def aftermath(
    *,
    committed: Sequence[str],
    current: str | None,
    stayed: Statements,
    invalid_before: Iterable[str],
    invalid_after: Iterable[str],
) -> dict[str, Any]:
    """The stored form. `committed` in the order in which they ran; names of indexes are quoted already."""
    indexes = sorted(set(invalid_after) - set(invalid_before))
    left = [
        {
            "what": "invalid_index",
            "text": name,
            "revision": current,
            "line": None,
            "certain": True,
            "cleanup": f"DROP INDEX CONCURRENTLY {name};",
        }
        for name in indexes[:MOST]
    ]
    return {
        "committed": list(committed[-MOST:]),
        "committed_count": len(committed),
        "current": None if current in committed else current,
        "left": [*left, *stayed.first],
        "left_count": len(indexes) + stayed.count,
    }


def in_order(found: frozenset[str], ran: Iterable[str]) -> list[str]:
    """Those that the run named, in its order, then the rest by name."""
    named = [revision for revision in dict.fromkeys(ran) if revision in found]
    return [*named, *sorted(found.difference(named))]
