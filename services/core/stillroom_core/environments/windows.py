"""When an environment takes changes: weekly windows in a time zone, less the freezes.

A window opens at a time of day as people there read it off their clocks, and closes at one. Where clocks jump, it
keeps its length as people would tell it: the hour that comes twice belongs to it twice, a time that does not exist
is as much later as the jump is wide, and a window that lies wholly in the jump does not take place that day.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from stillroom_core.errors import Invalid

# Longer than a week by the days that a jump of the clocks may take away.
_SCAN_DAYS = 15


@dataclass(frozen=True)
class Window:
    """Days of the week on which it opens (Monday is 0); it closes on the next day where that is not later."""

    days: frozenset[int]
    opens: time
    closes: time


@dataclass(frozen=True)
class Pause:
    """A time without changes: a freeze, its end not included."""

    starts_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True)
class Opening:
    """Whether changes may start at a moment. `until`: when that ends, None where no end is in sight."""

    open: bool
    until: datetime | None
    because: Literal["window", "freeze"] | None = None
    reason: str = ""  # of the freeze


def parsed(stored: Sequence[Mapping[str, Any]]) -> list[Window]:
    """The windows of an environment's row."""
    return [
        Window(frozenset(one["days"]), time.fromisoformat(one["opens"]), time.fromisoformat(one["closes"]))
        for one in stored
    ]


def check_zone(name: str) -> None:
    """Raises Invalid for a time zone that nobody knows."""
    if name not in available_timezones():
        raise Invalid(
            "unknown_zone",
            "There is no time zone of this name.",
            fix="Use a name like Europe/Berlin, Asia/Novosibirsk or UTC.",
            fields={"windows_zone": "unknown time zone"},
        )


def opening_at(windows: Sequence[Window], zone: str, pauses: Sequence[Pause], moment: datetime) -> Opening:
    """Whether changes may start at `moment`, and until when that is so."""
    known = ZoneInfo(zone)
    for pause in pauses:
        if pause.starts_at <= moment < pause.ends_at:
            return Opening(False, _next_opening(windows, known, pauses, moment), "freeze", pause.reason)
    if not windows or _end_at(windows, known, moment):
        return Opening(True, _closing(windows, known, pauses, moment))
    return Opening(False, _next_opening(windows, known, pauses, moment), "window")


def _next_opening(
    windows: Sequence[Window], zone: ZoneInfo, pauses: Sequence[Pause], moment: datetime
) -> datetime | None:
    candidate: datetime | None = moment
    while candidate is not None:  # each turn leaves a freeze, or the time before a window, for good
        frozen = [pause.ends_at for pause in pauses if pause.starts_at <= candidate < pause.ends_at]
        if frozen:
            candidate = max(frozen)
        elif not windows or _end_at(windows, zone, candidate):
            return candidate
        else:
            candidate = _start_after(windows, zone, candidate)
    return None


def _closing(windows: Sequence[Window], zone: ZoneInfo, pauses: Sequence[Pause], moment: datetime) -> datetime | None:
    freeze = min((pause.starts_at for pause in pauses if pause.starts_at > moment), default=None)
    end: datetime | None = moment
    while windows and end is not None and (further := _end_at(windows, zone, end)):
        end = further if further - moment < timedelta(days=_SCAN_DAYS) else None  # one window follows on another
    closing = end if windows else None
    return min((one for one in (freeze, closing) if one is not None), default=None)


def _end_at(windows: Sequence[Window], zone: ZoneInfo, moment: datetime) -> datetime | None:
    """When the window ends that is open at a moment; None where none is."""
    today = moment.astimezone(zone).date()
    spans = _spans(windows, zone, today - timedelta(days=2), 4)
    return max((end for start, end in spans if start <= moment < end), default=None)


def _start_after(windows: Sequence[Window], zone: ZoneInfo, moment: datetime) -> datetime | None:
    today = moment.astimezone(zone).date()
    spans = _spans(windows, zone, today - timedelta(days=1), _SCAN_DAYS)
    return min((start for start, end in spans if start > moment and start < end), default=None)


def _spans(windows: Sequence[Window], zone: ZoneInfo, first: date, days: int) -> Iterator[tuple[datetime, datetime]]:
    for day in (first + timedelta(days=count) for count in range(days)):
        for window in windows:
            if day.weekday() in window.days:
                over = timedelta(days=1 if window.closes <= window.opens else 0)
                start = datetime.combine(day, window.opens, zone)
                end = datetime.combine(day + over, window.closes, zone)
                yield start.astimezone(UTC), max(end.astimezone(UTC), end.replace(fold=1).astimezone(UTC))
