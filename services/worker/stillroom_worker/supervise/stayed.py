"""Which statements of a revision stay in the database even if the revision fails: told by the events of its run."""

from dataclasses import dataclass, field
from typing import Any

# More are counted; a page that lists a thousand statements helps nobody.
MOST = 100
_LONGEST = 2000
# What SQLAlchemy asks about tables changes nothing.
_LOOKING = ("select pg_catalog.", "show ", "select current_schema", "select version_num")


@dataclass
class Statements:
    """The first statements of a kind, and how many there were."""

    first: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0

    def add(self, statement: dict[str, Any]) -> None:
        """One more."""
        self.count += 1
        if len(self.first) < MOST:
            self.first.append(statement)

    def take(self, others: "Statements") -> None:
        """All of the others."""
        self.first = [*self.first, *others.first][:MOST]
        self.count += others.count


class Stayed:
    """Follows transactions by their events: what was committed before its revision was through.

    A revision's statements and its row in the version table are usually one transaction. An autocommit block, or a
    commit in the middle, makes statements permanent that the version table knows nothing of yet.
    """

    def __init__(self) -> None:
        self._open: dict[int, dict[str, Any]] = {}
        self._pending: dict[int | None, Statements] = {}
        self._stayed: dict[int | None, Statements] = {}
        self._autocommit: set[int | None] = set()

    def statement_started(self, content: dict[str, Any]) -> None:
        """A statement runs now; a tenant may announce them without end."""
        if content["revision"] is not None and len(self._open) < MOST:
            self._open[content["n"]] = content

    def statement_finished(self, content: dict[str, Any]) -> None:
        """It has come back: it is done at once in autocommit, else it waits for the commit."""
        begun = self._open.pop(content["n"], None)
        if begun is None or begun["sql"].lstrip().lower().startswith(_LOOKING):
            return
        place = begun["connection"]
        kept = self._stayed if place in self._autocommit else self._pending
        kept.setdefault(place, Statements()).add(_told(begun, certain=True))

    def statement_failed(self, content: dict[str, Any]) -> None:
        """It did nothing; what is left of an index, the catalogue says."""
        self._open.pop(content["n"], None)

    def transaction(self, content: dict[str, Any]) -> None:
        """A transaction began or ended, or the connection left transactions."""
        place, what = content["connection"], content["what"]
        if what == "autocommit":
            self._autocommit.add(place)
            return
        self._autocommit.discard(place)
        if what == "commit":
            pending = self._pending.pop(place, Statements())
            if content["inside"]:
                self._stayed.setdefault(place, Statements()).take(pending)
            else:  # with the version table's row: nothing is left half done
                self._stayed.pop(place, None)
        elif what == "rollback":
            self._pending.pop(place, None)

    def left(self, through: frozenset[str]) -> Statements:
        """What has stayed of revisions that are not through."""
        found = Statements()
        for stayed in self._stayed.values():
            of_others = [statement for statement in stayed.first if statement["revision"] in through]
            rest = [statement for statement in stayed.first if statement["revision"] not in through]
            if rest:
                found.take(Statements(rest, stayed.count - len(of_others)))
        for running in self._open.values():
            if running["connection"] in self._autocommit and running["revision"] not in through:
                found.add(_told(running, certain=False))
        return found


def _told(statement: dict[str, Any], *, certain: bool) -> dict[str, Any]:
    sql = statement["sql"]
    return {
        "what": "statement",
        "text": sql if len(sql) <= _LONGEST else f"{sql[: _LONGEST - 1]}…",
        "revision": statement["revision"],
        "line": statement["line"],
        "certain": certain,
        "cleanup": None,
    }
