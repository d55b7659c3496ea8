"""The order in which history is shown."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillroom_core.revisions.graph import Graph


def newest_first(graph: "Graph") -> tuple[str, ...]:
    """Every id before its parents, and a branch's revisions together, like `git log --topo-order`.

    Of two heads that could come first it is the first file's; of a merge's parents the first named. What a
    cycle keeps from ever becoming free comes last, in the order of the files.
    """
    waiting = dict.fromkeys(graph.revisions, 0)
    parents = {}
    for key in graph.revisions:
        parents[key] = graph.parents(key)
        for parent in parents[key]:
            waiting[parent] += 1
    # A stack, so that what was just freed goes on at once: that keeps a branch in one piece.
    free = [key for key in reversed(graph.revisions) if not waiting[key]]
    order = []
    while free:
        key = free.pop()
        order.append(key)
        for parent in reversed(parents[key]):
            waiting[parent] -= 1
            if not waiting[parent]:
                free.append(parent)
    if len(order) < len(graph.revisions):
        done = set(order)
        order.extend(key for key in graph.revisions if key not in done)
    return tuple(order)
