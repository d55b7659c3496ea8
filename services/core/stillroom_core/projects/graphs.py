"""The revision graph of a commit, parsed once and kept: a commit's graph never changes."""

import zlib
from functools import lru_cache
from uuid import UUID

from stillroom_core.projects.models import Commit
from stillroom_core.revisions.graph import Graph

_KEPT = 64  # a graph of 10,000 revisions takes about 10 MB


def pack(graph: Graph) -> bytes:
    """The stored form."""
    return zlib.compress(graph.to_json_bytes(), level=6)


def graph_of(commit: Commit) -> Graph:
    """The parsed graph of a commit that was read."""
    return _cached(commit.id, _Packed(commit.graph))


class _Packed:
    """Bytes that do not take part in the cache's key: the commit's id says it all."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Packed)


@lru_cache(maxsize=_KEPT)
def _cached(_commit_id: UUID, packed: _Packed) -> Graph:
    return Graph.from_json(zlib.decompress(packed.content))
