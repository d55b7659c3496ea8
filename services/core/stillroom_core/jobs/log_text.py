"""A job's stream as plain text, one line or more for each event: what is downloaded."""

import re
from datetime import UTC
from typing import Any

from stillroom_core.jobs.feed import Event

# What a tenant prints must not reach a terminal as anything but text.
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def log_line(event: Event) -> str:
    """The event's number, its time in UTC, what it is, and its words; ends with a line feed."""
    at = event.at.astimezone(UTC)
    words = _CONTROLS.sub("", _words(event.type, event.data)).rstrip("\n")
    return f"{event.seq:>6} {at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} {words}\n"


def _words(kind: str, data: dict[str, Any]) -> str:
    match kind:
        case "output":
            return f"{data.get('stream')}: {data.get('text', '')}"
        case "statement_started":
            return f"statement {data.get('n')}: {data.get('sql', '')}"
        case "statement_finished":
            rows = data.get("rows")
            return f"statement {data.get('n')} took {data.get('ms')} ms" + (f", {rows} rows" if rows else "")
        case "statement_failed":
            state = f" [{data['sqlstate']}]" if data.get("sqlstate") else ""
            return f"statement {data.get('n')} failed after {data.get('ms')} ms{state}: {data.get('message', '')}"
        case "transaction":
            return f"transaction: {data.get('what')}"
        case "step":
            title = " ".join(str(part) for part in (data.get("revision"), data.get("title")) if part)
            return f"step {data.get('state')}: {title}"
        case "error":
            parts = [data.get("title"), data.get("detail"), f"Fix: {data['fix']}" if data.get("fix") else None]
            return "error: " + "\n".join(str(part) for part in parts if part)
        case "state":
            return f"job {data.get('state')}"
        case _:
            return f"{kind}: {data.get('text', '')}"
