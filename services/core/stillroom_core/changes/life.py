"""The life of one object, told backwards: from what stands in the database to the revision that made it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from stillroom_core.changes.change import PART, RELATION, Change, family

# A part of a table by the kinds that name it, and its name: a primary key is a constraint and an index of one name.
Part = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Touch:
    """A change with the revision that made it; without a job it was read from the source."""

    change: Change
    revision: str
    upgrade: bool = True
    job_id: UUID | None = None
    at: datetime | None = None


@dataclass
class Span:
    """Who made something and who last changed it."""

    made: Touch | None = None
    changed: Touch | None = None


class Life:
    """Follows an object backwards through touches, the newest first; renames lead on under the older name.

    `within` says whether a name that was written with this schema, or with none, means the object's schema.
    """

    def __init__(
        self, kind: str, schema: str, name: str, parts: Collection[Part], within: Callable[[str, str], bool]
    ) -> None:
        self._kinds = family(kind)
        self._is_relation = kind in RELATION
        self.schema, self.name = schema, name
        self._within = within
        self.span = Span()
        self.touches: list[Touch] = []
        self.parts: dict[Part, Span] = {part: Span() for part in parts}
        self._alive: dict[Part, Part] = {part: part for part in parts}  # as it was called then → as it is called now
        self.ended = False

    @property
    def names(self) -> set[str]:
        """The names under which touches have to be looked for."""
        return {self.name, *(name for kind, name in self._alive if kind == "index")}

    def follow(self, touches: Iterable[Touch]) -> bool:
        """Takes touches, the newest first; True: it had another name before, under which older ones are to be found."""
        for touch in touches:
            if self._take(touch):
                return True
            if self.ended:
                break
        return False

    def close(self) -> None:
        """What was never seen being made by itself came with the whole, where that was seen."""
        for span in self.parts.values():
            span.made = span.made or (self.span.made if span.changed is None else None)
            span.changed = span.changed or span.made
        self.span.changed = self.span.changed or self.span.made

    def _take(self, touch: Touch) -> bool:
        change = touch.change
        if change.kind in self._kinds and not change.table and change.kind != "index":
            return self._whole(touch)
        if self._is_relation and (change.kind in PART or change.kind in ("index", "statistics")):
            self._part(touch)
        elif change.kind in self._kinds and change.kind == "index":
            return self._whole(touch)
        return False

    def _whole(self, touch: Touch) -> bool:
        change = touch.change
        if change.action == "rename" and change.to == self.name and self._same(change.to_schema or change.schema):
            self._note(touch)
            moved = bool(change.to_schema) and not self._same(change.schema)
            self.name, self.schema = change.name, change.schema if moved else self.schema
            return True
        if change.name != self.name or not self._same(change.schema):
            return False
        if change.action == "alter":
            self._note(touch)
        elif change.action == "create":
            self._note(touch)
            self.span.made = touch
            self.ended = True
        else:  # dropped, or renamed away: what stands there now was made later, and nobody saw it
            self.ended = True
        return False

    def _part(self, touch: Touch) -> None:
        change = touch.change
        if change.table:
            if change.table != self.name or not self._same(change.schema):
                return
        elif not (change.kind == "index" and self._same(change.schema) and self._named(change)):
            return
        self._note(touch)
        name = change.to if change.action == "rename" else change.name
        for kind in ("constraint", "index") if change.kind in ("constraint", "index") else (change.kind,):
            now = self._alive.get((kind, name))
            if now is None:
                continue
            span = self.parts[now]
            if change.action == "drop":
                del self._alive[kind, name]
                continue
            span.changed = span.changed or touch
            if change.action == "create":
                span.made = touch
                del self._alive[kind, name]
            elif change.action == "rename":
                del self._alive[kind, name]
                self._alive[kind, change.name] = now

    def _named(self, change: Change) -> bool:
        return ("index", change.to if change.action == "rename" else change.name) in self._alive

    def _same(self, schema: str) -> bool:
        return self._within(schema, self.name) if not schema else schema == self.schema

    def _note(self, touch: Touch) -> None:
        self.span.changed = self.span.changed or touch
        self.touches.append(touch)


@dataclass
class ByName:
    """Touches that were read from sources, by every name under which they may be looked for; the newest first."""

    touches: list[Touch] = field(default_factory=list)
    places: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, revisions: Iterable[tuple[str, Iterable[Mapping[str, object]]]]) -> "ByName":
        """From the stored changes of each revision, the newest revision first."""
        found = cls()
        for revision, changes in revisions:
            for stored in reversed(list(changes)):
                change = Change(**stored)  # type: ignore[arg-type]
                for name in {change.name, change.table, change.to} - {""}:
                    found.places.setdefault(name, []).append(len(found.touches))
                found.touches.append(Touch(change, revision))
        return found

    def under(self, names: Collection[str], after: int) -> list[int]:
        """The places of touches under these names, from a place on."""
        return sorted({at for name in names for at in self.places.get(name, ()) if at >= after})
