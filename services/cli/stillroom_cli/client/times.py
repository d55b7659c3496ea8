"""Times and durations as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def parsed(text: str | None) -> datetime | None:
    """An ISO 8601 time of the API; None stays None."""
    return datetime.fromisoformat(text) if text else None


def duration(milliseconds: float | None) -> str:
    """8 ms, 1.2 s, 3 m 04 s, 2 h 05 m; empty for None."""
    if milliseconds is None:
        return ""
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} m"


def clock(start: datetime | None, moment: datetime) -> str:
    """Time since the start, as 0:03.2 or 1:02:03.4; never negative, since clocks differ."""
    seconds = max((moment - start).total_seconds(), 0.0) if start else 0.0
    minutes, rest = divmod(int(seconds * 10), 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{minutes:02d}" if hours else f"{minutes}"
    return f"{hours}:{tail}:{rest / 10:04.1f}" if hours else f"{tail}:{rest / 10:04.1f}"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """just now, 5 m ago, 3 h ago, 12 d ago; then the date."""
    if moment is None:
        return ""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < 60:
        return "just now"
    for unit, size, limit in (("m", 60, 3600), ("h", 3600, 86_400), ("d", 86_400, 86_400 * 60)):
        if seconds < limit:
            return f"{int(seconds // size)} {unit} ago"
    return moment.date().isoformat()
