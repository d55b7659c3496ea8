"""Has PostgreSQL explain what a piece of work asks, and says which of it would not stay cheap with years."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

# A sort of what one page, one database or one person has is fine.
MOST_SORTED = 2_000


class Explained:
    """The plans of everything that was asked, and the tables that are large after years."""

    def __init__(self, large: Collection[str]) -> None:
        self.large = large
        self.plans: list[tuple[str, dict[str, Any]]] = []

    def faults(self) -> list[str]:
        """Scans of a whole large table, and sorts of many rows."""
        found = []
        for statement, plan in self.plans:
            for node in _nodes(plan):
                if node["Node Type"].endswith("Seq Scan") and node["Relation Name"] in self.large:
                    found.append(f"reads all of {node['Relation Name']}: {statement}")
                if "Sort" in node["Node Type"] and _nodes_below(node) > MOST_SORTED:
                    found.append(f"sorts {_nodes_below(node)} rows: {statement}")
        return found


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in _nodes(child))]


def _nodes_below(node: dict[str, Any]) -> int:
    return max((int(child["Plan Rows"]) for child in node.get("Plans", [])), default=0)


async def explained(engine: AsyncEngine, ask: Callable[[], Awaitable[Any]], large: Collection[str]) -> Explained:
    """Does the work as it is always done, and has each of its statements explained as the same role."""
    asked: list[tuple[str, Any]] = []

    def remember(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        asked.append((statement, parameters[0] if many else parameters))

    with _listening(engine.sync_engine, remember):
        await ask()
    found = Explained(large)
    async with engine.connect() as connection:
        for statement, parameters in asked:
            if statement.lstrip().lower().startswith(("select", "update", "delete", "with")):
                answer = await connection.exec_driver_sql(f"explain (format json) {statement}", parameters)
                told = answer.scalar_one()
                found.plans.append((statement, (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]))
    assert found.plans, "nothing was asked"
    return found


@contextmanager
def _listening(engine: Any, remember: Callable[..., None]) -> Any:
    event.listen(engine, "before_cursor_execute", remember)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", remember)
