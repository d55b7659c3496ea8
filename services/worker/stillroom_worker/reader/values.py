"""Values of any type as text: so much as a cell shows, never the whole hundred megabytes."""

from typing import Any

STREAM_CHUNK = 200
_BYTEA = 17


class _Shown:
    """SQL that gives the beginning of a value as text, one character more than is shown where there is more."""

    LIMIT = 400

    def __call__(self, expression: str, type_oid: int, *, whole: bool = False) -> str:
        """The server cuts: what is not shown does not travel."""
        if whole:
            return f"{expression}::text"
        if type_oid == _BYTEA:
            return f"'\\x' || encode(substring({expression} from 1 for {self.LIMIT // 2 + 1}), 'hex')"
        return f"left({expression}::text, {self.LIMIT + 1})"


shown = _Shown()


def told(value: Any) -> str | None:
    """A text as it goes into JSON."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value
