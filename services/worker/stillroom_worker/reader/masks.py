"""What is shown of masked columns, and which statements are refused because they could show more (docs/adr/0027).

Rows of a table are masked cell by cell, in the statement itself: what is hidden does not leave the server. SQL that
people typed is not rewritten. PostgreSQL analyses it, which locks every table that it names, also those behind views;
where one of them has masked columns, or a function is used that could read one, nothing of it is run.
"""

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

import asyncpg

from stillroom_core.catalogues.names import quoted
from stillroom_core.errors import Invalid
from stillroom_core.settings import Settings
from stillroom_worker.reader import masks_sql as statements
from stillroom_worker.reader.harmless import EXTENSIONS, FUNCTIONS, RELATIONS

Masks = list[dict[str, str]]

SHOWN = "•••"
# Shorter values would be shown nearly whole by their last four letters.
_LONG_ENOUGH = 8
# Where several masks name a column, the one that shows least counts.
KINDS = ("hide", "hash", "domain", "last4")


async def masked_columns(session: "asyncpg.Connection", masks: Masks, schema: str, table: str) -> dict[str, str]:
    """The masked columns of one table with their kinds; what a partition's or a parent's column hides, it hides too."""
    if not masks:
        return {}
    found: dict[str, str] = {}
    for row in await session.fetch(statements.COLUMNS_OF, *_patterns(masks), schema, table):
        known = found.get(row["name"])
        if known is None or KINDS.index(row["kind"]) < KINDS.index(known):
            found[row["name"]] = row["kind"]
    return found


def residue(kind: str, expression: str) -> str:
    """SQL that gives what may be shown of a value, without more of it leaving the server."""
    text = f"({expression})::text"
    if kind == "last4":
        return f"case when length({text}) >= {_LONG_ENOUGH} then right({text}, 4) else left({text}, 0) end"
    if kind == "domain":
        return f"coalesce(substring({text} from '@[^@]*$'), left({text}, 0))"
    if kind == "hash":
        return f"encode(sha256(convert_to({text}, getdatabaseencoding())), 'hex')"
    return "''::text"


class Cells:
    """Turns the residue of a value into what is shown."""

    def __init__(self, settings: Settings, organization_id: UUID, kinds: Collection[str | None]) -> None:
        self._kinds = list(kinds)
        # Of the organization alone: equal values look equal in all of its databases, and nowhere else.
        secret = settings.secret_key.get_secret_value().encode()
        self._key = hmac.digest(secret, b"masked values of " + organization_id.bytes, "sha256")

    def __call__(self, row: Iterable[str | None]) -> list[str | None]:
        """One row."""
        return [self._shown(kind, value) for kind, value in zip(self._kinds, row, strict=True)]

    def _shown(self, kind: str | None, value: str | None) -> str | None:
        if kind is None or value is None:
            return value
        if kind == "hash":
            return "#" + hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()[:16]
        return SHOWN + value


def refuse_masked(column: str) -> Invalid:
    """Comparing and sorting tell a value bit by bit."""
    return Invalid(
        "masked_column",
        "This column is masked, so that rows can be neither filtered nor sorted by it.",
        detail=column,
        fix="Choose another column, or ask somebody who has the permission data.unmasked.",
        fields={"column": column},
    )


async def refuse_what_is_masked(session: "asyncpg.Connection", masks: Masks, sql: str | None) -> None:
    """Raises Invalid where the statement that was prepared last in this transaction could show masked columns.

    To be asked right after the statement was prepared and before anything of it runs; outside of it the transaction
    must have read tables of the system alone. `sql` is what people typed; None where the statement is our own.
    """
    if not masks:
        return
    locked = [row["relation"] for row in await session.fetch(statements.LOCKED)]
    if not await session.fetchval(statements.ANY, *_patterns(masks)):
        return
    touched = await session.fetchrow(statements.TOUCHED, *_patterns(masks), *_harmless(), locked, list(RELATIONS))
    if touched is not None:
        raise Invalid(
            "masked_table",
            "This reads a table or view with masked columns, which you may not see in clear.",
            detail=touched["name"],
            fix="Look at the table's rows, where what is masked is shown masked; "
            "or ask somebody who has the permission data.unmasked.",
        )
    if sql is not None:
        _refuse_functions(sql, await session.fetchrow(statements.UNSAFE, *_harmless()))


def _refuse_functions(sql: str, unsafe: Any) -> None:
    """By the words of the text, wherever they stand in it: too strict at times, and never too lax."""
    if unsafe["implicit"]:
        raise _by_function(unsafe["implicit"])
    text = sql.lower()
    if 'u&"' in text:
        raise _by_function('U&""')
    words = set()
    for word in re.findall(r"\w+", text):
        words |= {word, word.lstrip("0123456789"), word.encode()[:63].decode(errors="ignore")}
    for name in unsafe["functions"]:
        low = name.lower()
        if low in words if re.fullmatch(r"\w+", low) else low in text:
            raise _by_function(name)
    for name in unsafe["operators"]:
        if name in sql:
            raise _by_function(name)


def _by_function(name: str) -> Invalid:
    return Invalid(
        "masked_function",
        "This uses, or merely names, a function that could read masked columns.",
        detail=name,
        fix="Do without it; or ask somebody who has the permission data.unmasked.",
    )


def _patterns(masks: Masks) -> tuple[list[str], list[str], list[str], list[str]]:
    """As ILIKE reads them: capitals do not matter, so that no spelling of a name slips through."""

    def like(text: str) -> str:
        return re.sub(r"([\\%_])", r"\\\1", text).replace("*", "%")

    parts = [[like(mask[part]) for mask in masks] for part in ("schema", "table", "column")]
    return parts[0], parts[1], parts[2], [mask["kind"] for mask in masks]


def _harmless() -> tuple[list[str], list[str]]:
    return list(FUNCTIONS), list(EXTENSIONS)


def column_of(name: str) -> str:
    """Named with its table: without, ORDER BY would mean the text that the list of values calls the same."""
    return f"t.{quoted(name)}"
