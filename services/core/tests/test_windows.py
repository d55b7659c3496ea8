"""When an environment takes changes: weeks, midnights, clocks that jump, and freezes."""

from datetime import UTC, datetime, time, timedelta

import pytest

from stillroom_core.environments.windows import Pause, Window, check_zone, opening_at, parsed
from stillroom_core.errors import Invalid

EVERY_DAY = frozenset(range(7))
BERLIN = "Europe/Berlin"
NIGHTS = [Window(EVERY_DAY, time(22), time(6))]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_without_windows_changes_are_taken_always() -> None:
    assert opening_at([], "UTC", [], utc("2026-11-26 12:00")) == opening_at([], BERLIN, [], utc("2026-01-01 00:00"))
    found = opening_at([], "UTC", [], utc("2026-11-26 12:00"))
    assert (found.open, found.until, found.because) == (True, None, None)


def test_a_window_is_read_off_the_clocks_of_its_zone() -> None:
    tuesdays = parsed([{"days": [1], "opens": "09:00", "closes": "11:30"}])
    # Berlin is an hour ahead in winter and two in summer.
    assert opening_at(tuesdays, BERLIN, [], utc("2026-12-01 08:00")).until == utc("2026-12-01 10:30")
    assert opening_at(tuesdays, BERLIN, [], utc("2026-07-07 07:00")).open
    closed = opening_at(tuesdays, BERLIN, [], utc("2026-12-01 10:30"))
    assert (closed.open, closed.because, closed.until) == (False, "window", utc("2026-12-08 08:00"))


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens() -> None:
    friday = [Window(frozenset({4}), time(22), time(2))]
    assert opening_at(friday, "UTC", [], utc("2026-11-28 01:59")).until == utc("2026-11-28 02:00")  # a Saturday
    assert not opening_at(friday, "UTC", [], utc("2026-11-27 01:00")).open
    assert opening_at(friday, "UTC", [], utc("2026-11-28 02:00")).until == utc("2026-12-04 22:00")


def test_windows_that_touch_are_one_and_one_that_opens_when_it_closes_lasts_a_day() -> None:
    weekend = [Window(frozenset({5, 6}), time(0), time(0))]
    assert opening_at(weekend, "UTC", [], utc("2026-11-28 10:00")).until == utc("2026-11-30 00:00")
    always = [Window(EVERY_DAY, time(0), time(0))]
    assert opening_at(always, "UTC", [], utc("2026-11-28 10:00")).until is None


def test_the_night_in_which_clocks_go_forward_is_shorter_and_the_other_longer() -> None:
    spring = opening_at(NIGHTS, BERLIN, [], utc("2026-03-28 21:00"))
    assert spring.until is not None and spring.until - utc("2026-03-28 21:00") == timedelta(hours=7)
    autumn = opening_at(NIGHTS, BERLIN, [], utc("2026-10-24 20:00"))
    assert autumn.until is not None and autumn.until - utc("2026-10-24 20:00") == timedelta(hours=9)


def test_the_hour_that_comes_twice_belongs_to_its_window_twice() -> None:
    sunday = [Window(frozenset({6}), time(2), time(3))]
    assert opening_at(sunday, BERLIN, [], utc("2026-10-25 00:00")).until == utc("2026-10-25 02:00")
    half = [Window(frozenset({6}), time(1), time(2, 30))]
    assert opening_at(half, BERLIN, [], utc("2026-10-24 23:00")).until == utc("2026-10-25 01:30")


def test_a_window_within_the_hour_that_does_not_exist_does_not_take_place() -> None:
    sunday = [Window(frozenset({6}), time(2), time(3))]
    assert opening_at(sunday, BERLIN, [], utc("2026-03-29 00:00")).until == utc("2026-04-05 00:00")
    # An edge in it is as much later as the jump is wide.
    edge = [Window(frozenset({6}), time(2, 30), time(5))]
    assert opening_at(edge, BERLIN, [], utc("2026-03-29 00:30")).until == utc("2026-03-29 01:30")
    until = [Window(frozenset({6}), time(1, 30), time(2, 30))]
    assert opening_at(until, BERLIN, [], utc("2026-03-29 00:30")).until == utc("2026-03-29 01:30")


def test_a_freeze_closes_open_windows_and_says_why() -> None:
    frozen = [Pause(utc("2026-12-20 00:00"), utc("2027-01-04 00:00"), "Christmas")]
    found = opening_at([], "UTC", frozen, utc("2026-12-24 12:00"))
    assert (found.open, found.because, found.reason, found.until) == (
        False,
        "freeze",
        "Christmas",
        utc("2027-01-04 00:00"),
    )
    assert opening_at([], "UTC", frozen, utc("2026-12-19 23:59")).until == utc("2026-12-20 00:00")
    assert opening_at([], "UTC", frozen, utc("2027-01-04 00:00")).open


def test_after_a_freeze_the_next_opening_is_that_of_a_window_and_freezes_add_up() -> None:
    frozen = [
        Pause(utc("2026-12-20 00:00"), utc("2027-01-04 00:00"), "Christmas"),
        Pause(utc("2027-01-03 00:00"), utc("2027-01-05 12:00"), "Stocktaking"),
    ]
    mondays = [Window(frozenset({0}), time(8), time(10))]
    assert opening_at(mondays, "UTC", frozen, utc("2026-12-22 12:00")).until == utc("2027-01-11 08:00")
    assert opening_at([], "UTC", frozen, utc("2026-12-22 12:00")).until == utc("2027-01-05 12:00")
    # It begins within the window: that closes with it.
    assert opening_at(NIGHTS, "UTC", frozen, utc("2026-12-19 23:00")).until == utc("2026-12-20 00:00")


def test_the_next_opening_may_be_years_away() -> None:
    retired = [Pause(utc("2026-01-01 00:00"), utc("2036-01-01 00:00"), "Retired")]
    assert opening_at([], "UTC", retired, utc("2026-11-26 12:00")).until == utc("2036-01-01 00:00")
    mondays = [Window(frozenset({0}), time(8), time(10))]
    assert opening_at(mondays, "UTC", retired, utc("2026-11-26 12:00")).until == utc("2036-01-07 08:00")


def test_a_zone_that_nobody_knows_is_refused() -> None:
    check_zone("Asia/Novosibirsk")
    for name in ("Mars/Olympus", "../etc/passwd", ""):
        with pytest.raises(Invalid, match="no time zone"):
            check_zone(name)
