"""What in a plan may hurt, as the service judges it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from stillroom_cli.client.connection import Client
from stillroom_cli.client.failures import Failure, Refused, Unreachable
from stillroom_cli.client.terminal import Style, Terminal
from stillroom_cli.client.times import ago, parsed

_PATH = "/api/plans/{}/findings"
_STYLES = {"danger": Style.BAD, "warning": Style.CAREFUL, "note": Style.FAINT}
_THOUSANDS = (" thousand", " million", " billion", " trillion")


def findings_of(client: Client, plan: str, *, needed: bool) -> dict[str, Any] | None:
    """The findings of a plan; None where this server tells nothing, which is a Failure if they are needed."""
    try:
        told: dict[str, Any] = client.get(_PATH.format(quote(plan, safe="")))
    except (Refused, Unreachable) as failure:
        if not needed:  # the plan is made and good without them
            return None
        if isinstance(failure, Refused) and failure.status == 404:
            raise Failure(
                "This server does not tell what in a plan may hurt.",
                fix="Bring the server up to date, or leave --check out.",
            ) from None
        raise
    return told


def write_findings(terminal: Terminal, told: list[dict[str, Any]] | None) -> None:
    """What was found in one step, two lines each; None: its file cannot be read."""
    if told is None:
        terminal.line("       ", ("not read: nobody can say what it does before it runs", Style.FAINT))
    for one in told or ():
        level = one["severity"]
        place = ".".join(part for part in (one["schema_name"], one["table"], one["name"]) if part)
        where = ", ".join(part for part in (place, one["line"] and f"line {one['line']}", _size(one["size"])) if part)
        terminal.line(
            "       ", (level, _STYLES.get(level, Style.PLAIN)), f" {where}: " if where else ": ", one["title"]
        )
        terminal.line("         ", (one["fix"], Style.FAINT))


def write_sum(terminal: Terminal, told: dict[str, Any]) -> None:
    """How much was found in all, and when the sizes of the tables were read."""
    if not told["steps"]:
        return
    counts = ", ".join(_counted(told["steps"])) or "nothing here is known to hurt"
    timed = any(one["rows"] for one in _all(told))
    read = ago(parsed(told["read_at"]))
    sizes = f"; sizes as read {read}" if read else "; how large the tables are is not known"
    style = Style.BAD if has_danger(told) else Style.PLAIN
    terminal.line((f"{counts[:1].upper()}{counts[1:]}", style), sizes if timed else "", ".")


def has_danger(told: dict[str, Any]) -> bool:
    """Whether anything in the plan is dangerous."""
    return any(one["severity"] == "danger" for one in _all(told))


def _all(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for step in told["steps"]:
        yield from step["findings"] or ()


def _counted(steps: list[dict[str, Any]]) -> Iterator[str]:
    levels = [one["severity"] for step in steps for one in step["findings"] or ()]
    for level in ("danger", "warning", "note"):
        if count := levels.count(level):
            yield f"{count} {level}{'' if count == 1 else 's'}"
    if unread := sum(step["findings"] is None for step in steps):
        yield f"{unread} file{'' if unread == 1 else 's'} not read"


def _size(size: dict[str, Any] | None) -> str:
    """About 12 million rows; empty where nobody counted them."""
    if not size or size["rows"] is None:
        return ""
    rows, unit = float(size["rows"]), ""
    for word in _THOUSANDS:
        if rows < 999.5:
            break
        rows, unit = rows / 1000, word
    shown = f"{rows:.1f}".removesuffix(".0") if unit and rows < 10 else f"{rows:.0f}"
    return f"about {shown}{unit} row{'' if size['rows'] == 1 else 's'}"
