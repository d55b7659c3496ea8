"""Lanes, tables, times and the terminal: what can be said without a server."""

import io
from datetime import UTC, datetime, timedelta

import pytest

from stillroom_cli.client.lanes import draw
from stillroom_cli.client.table import write_table
from stillroom_cli.client.terminal import Style, Terminal, clean, shortened
from stillroom_cli.client.times import ago, clock, duration


def drawn(*revisions: tuple[str, str]) -> list[str]:
    rows = draw((key, tuple(down.split())) for key, down in revisions)
    return [f"{row.lanes} {row.revision or ''}".rstrip() for row in rows]


def test_a_straight_history_is_a_straight_line() -> None:
    assert drawn(("c", "b"), ("b", "a"), ("a", "")) == ["● c", "● b", "● a"]


def test_a_merge_opens_lanes_and_a_branch_point_joins_them() -> None:
    assert drawn(("m", "a b c"), ("c", "z"), ("b", "z"), ("a", "z"), ("z", "")) == [
        "● m",
        "├─┬─╮",
        "│ │ ● c",
        "│ ● │ b",
        "● │ │ a",
        "├─┴─╯",
        "● z",
    ]


def test_a_lane_that_goes_straight_on_is_crossed() -> None:
    assert drawn(("h", "e f"), ("x", "c"), ("f", "d g"), ("g", "d"), ("e", "d"), ("d", "c"), ("c", "")) == [
        "● h",
        "├─╮",
        "│ │ ● x",
        "│ ● │ f",
        "│ ├─┼─╮",
        "│ │ │ ● g",
        "● │ │ │ e",
        "├─┴─┼─╯",
        "● │ d".replace("● │ d", "●   │ d"),
        "├───╯",
        "● c",
    ]


def test_several_bases_stand_beside_each_other() -> None:
    assert drawn(("b2", "b1"), ("a2", "a1"), ("b1", ""), ("a1", "")) == ["● b2", "│ ● a2", "● │ b1", "  ● a1"]


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (8.4, "8 ms"),
        (999.7, "1.0 s"),
        (1234, "1.2 s"),
        (59_960, "1 m 00 s"),
        (184_000, "3 m 04 s"),
        (7.5e6, "2 h 05 m"),
    ],
)
def test_durations_read_well_at_every_size(milliseconds: float, text: str) -> None:
    assert duration(milliseconds) == text


def test_clocks_count_from_the_start_and_never_below() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert clock(start, start + timedelta(seconds=63.25)) == "1:03.2"
    assert clock(start, start + timedelta(hours=1, minutes=2, seconds=3.4)) == "1:02:03.4"
    assert clock(start, start - timedelta(seconds=5)) == "0:00.0"
    assert ago(start, start + timedelta(days=2)) == "2 d ago"


def test_control_sequences_are_taken_out_whole() -> None:
    assert clean("\x1b[1;31mred\x1b[0m\x1b]8;;http://x\x07link\x1b]8;;\x07\ta\x00b") == "redlink    a b"


def test_texts_are_cut_by_columns_not_by_letters() -> None:
    assert shortened("日本語です", 5) == "日本…"
    assert shortened("short", 5) == "short"


def test_a_stream_that_knows_only_ascii_gets_ascii() -> None:
    raw = io.BytesIO()
    terminal = Terminal(io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    terminal.line("├─╮ ● ✓ ", ("наш", Style.GOOD))
    assert raw.getvalue() == b"+-. * + ???\n"


def test_a_terminal_gets_colours_unless_they_are_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured, plain = Tty(), Tty()
    terminal = Terminal(coloured)
    terminal.passing("working")
    terminal.line(("fine", Style.GOOD))
    assert coloured.getvalue() == "\x1b[36mworking\x1b[0m\r\x1b[2K\x1b[32mfine\x1b[0m\n"
    monkeypatch.setenv("NO_COLOR", "1")
    Terminal(plain).line(("fine", Style.GOOD))
    assert plain.getvalue() == "fine\n"


def test_columns_are_as_wide_as_their_contents() -> None:
    out = io.StringIO()
    write_table(Terminal(out), ("a", "b"), [("long one", "x"), (("日本", Style.BAD), "y")])
    assert out.getvalue() == "A         B\nlong one  x\n日本      y\n"
