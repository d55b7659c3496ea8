"""Columns whose names sound like personal data, from the catalogues as they were last read."""

import re
from dataclasses import dataclass

from sqlalchemy import select

from stillroom_core.actors.actor import Actor
from stillroom_core.catalogues.kinds import Kind
from stillroom_core.catalogues.repository import CatalogueRepository
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.masks.models import Mask
from stillroom_core.masks.service import list_masks
from stillroom_core.projects.models import Project

MOST = 100
_MOST_DATABASES = 20
# A word of the name, and what to show of such a value. The first that fits counts.
_SOUNDS = (
    (re.compile(r"pass(word|wd|code|phrase)?|pwd|secret|token|otp|api_?key|private_?key|pin|cvv|cvc"), "hide"),
    (re.compile(r"e?_?mail"), "domain"),
    (re.compile(r"phone|mobile|tel|fax|iban|card|pan|account_?(no|number)|bic"), "last4"),
    (re.compile(r"ssn|snils|inn|passport|tax_?id|national_?id|licen[cs]e|insurance"), "hash"),
    (re.compile(r"(first|last|middle|full|sur|maiden|family|given)_?name|birth\w*|dob|gender|sex|religion"), "hide"),
    (re.compile(r"address|street|zip|postal\w*|post_?code|ip(_?addr\w*)?|lat(itude)?|lon(gitude)?|salary"), "hide"),
)
_PARTS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Suggestion:
    """A column that has no mask, and the one that would suit it."""

    schema_name: str
    table_name: str
    column_name: str
    kind: str


async def suggestions(session: Session, actor: Actor, project: Project) -> list[Suggestion]:
    """At most MOST columns by name; the databases themselves are not asked."""
    repository = CatalogueRepository(session, actor.organization_id)
    covered = [_pattern(mask) for mask in await list_masks(session, actor, project)]
    databases = await session.scalars(
        select(Database)
        .where(Database.organization_id == actor.organization_id, Database.project_id == project.id)
        .order_by(Database.id)
        .limit(_MOST_DATABASES)
    )
    found: dict[tuple[str, str, str], Suggestion] = {}
    for database in databases:
        catalogue = await repository.newest(database.id)
        tables = [one for one in (catalogue.listing if catalogue else ()) if one[0] == Kind.TABLE.value]
        contents = await repository.contents_in_parts([bytes.fromhex(one[3]) for one in tables])
        for table in tables:
            for column in contents[bytes.fromhex(table[3])]["columns"]:
                place = (table[1], table[2], column["name"])
                kind = sounds_like(column["name"])
                if kind and not any(pattern.match("\0".join(place).lower()) for pattern in covered):
                    found[place] = Suggestion(*place, kind)
    return [found[place] for place in sorted(found)][:MOST]


def sounds_like(column: str) -> str | None:
    """What to show of a column of this name, or None where nothing speaks for personal data."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", column).lower()
    words = [word for word in _PARTS.split(spaced) if word]
    tried = [*words, *("_".join(words[at : at + 2]) for at in range(len(words) - 1)), "_".join(words)]
    return next((kind for shape, kind in _SOUNDS if any(shape.fullmatch(one) for one in tried)), None)


def _pattern(mask: Mask) -> re.Pattern[str]:
    parts = (mask.schema_name, mask.table_name, mask.column_name)
    return re.compile("\0".join(_part(part.lower()) for part in parts) + r"\Z")


def _part(text: str) -> str:
    """`*` stands for any letters, and nothing else has a meaning."""
    return "[^\0]*".join(re.escape(piece) for piece in text.split("*"))
