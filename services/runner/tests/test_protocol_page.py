"""docs/runner-protocol.md names exactly what the code knows."""

from __future__ import annotations

import re
from pathlib import Path

from stillroom_runner import messages
from stillroom_runner.request import Request

PAGE = (Path(__file__).parents[3] / "docs" / "runner-protocol.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading."""
    section = re.split(r"^#+ ", PAGE, flags=re.MULTILINE)
    text = next(part for part in section if part.startswith(heading + "\n"))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def first(heading: str) -> list[str]:
    return [row[0].strip("`") for row in rows(heading)]


def named(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text))


def test_the_request_has_the_fields_of_the_page() -> None:
    assert first("Request") == list(Request.__annotations__)


def test_the_kinds_are_those_of_the_page() -> None:
    assert first("Kinds") == list(messages.KINDS)


def test_the_errors_are_those_of_the_page() -> None:
    assert first("Kinds of error") == list(messages.ERROR_KINDS)


def test_every_event_has_the_fields_of_the_page() -> None:
    page = {row[0].strip("`"): named(row[1]) for row in rows("Events")}
    code = {name: set(fields) - {"t"} for name, fields in messages.EVENT_FIELDS.items()}
    assert page == code


def test_the_parts_of_plans_and_graphs_are_those_of_the_page() -> None:
    when = {row[0].strip("`"): row[2] for row in rows("Events")}
    assert set(messages.PlannedStep.__annotations__) <= named(when["plan"])
    assert set(messages.GraphRevision.__annotations__) <= named(when["graph"])


def test_the_limits_are_those_of_the_page() -> None:
    assert messages.MAX_LINE == 4 * 1024 * 1024
    assert "at most 4 MiB" in PAGE
    assert f"a statement {messages.MAX_SQL} characters" in PAGE
    assert f"a name {messages.MAX_NAME} characters, a path {messages.MAX_PATH}" in PAGE
    assert f"a plan or graph {messages.MAX_STEPS} entries" in PAGE
