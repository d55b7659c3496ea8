"""How a job ended, in one sentence; stored as code and parameters so that the web can say it in any language."""

from typing import Any

_SENTENCES = {
    "upgraded": "Upgraded to {heads}: {done} of {total} revisions applied.",
    "downgraded": "Downgraded to {heads}: {done} of {total} revisions reverted.",
    "stamped": "Stamped: the version table now says {heads}.",
    "nothing_to_do": "Nothing to do: the database already stands at {heads}.",
    "read": "Read: the database stands at {heads}.",
    "check_clean": "Models and database agree.",
    "check_differs": "Models and database differ in {count} places.",
    "command_done": "The command ended well; the database stands at {heads}.",
    "failed_before_start": "Failed before anything ran; the database was not touched.",
    "failed_unchanged": "Failed; the version table is unchanged at {heads}.",
    "failed_partial": "Failed; {done} of {total} revisions are committed, the database stands at {heads}.",
    "failed_committed_inside": (
        "Failed inside revision {revision} after part of it was committed; the version table says {heads}. "
        "Look at what it left before you run it again."
    ),
    "cancelled_committed_inside": (
        "Cancelled inside revision {revision} after part of it was committed; the version table says {heads}. "
        "Look at what it left before you run it again."
    ),
    "window_closed": (
        "Not started: the change window closed before its turn came, and the database was not touched. "
        "The next one opens at {until}."
    ),
    "frozen": "Not started: a freeze began before its turn came, and the database was not touched. It says: {reason}",
    "cancelled_before_start": "Cancelled before anything ran; the database was not touched.",
    "cancelled_unchanged": "Cancelled; the version table is unchanged at {heads}.",
    "cancelled_partial": "Cancelled; {done} of {total} revisions are committed, the database stands at {heads}.",
    "unknown": "The database could not be read afterwards; nobody knows what was changed.",
    "lost": "The worker vanished; nobody knows what was changed until the database is read again.",
    "lost_read": "The worker vanished; the database was read again and stands at {heads}.",
}


def outcome(code: str, **params: Any) -> dict[str, Any]:
    """The stored form of an outcome; raises KeyError for a code without a sentence."""
    if code not in _SENTENCES:
        raise KeyError(code)
    return {"code": code, "params": params}


def sentence(stored: dict[str, Any]) -> str:
    """The English sentence of a stored outcome."""
    params = dict(stored["params"])
    if "heads" in params:
        params["heads"] = ", ".join(params["heads"]) or "base"
    return _SENTENCES[stored["code"]].format(**params)


def aftermath_sentence(stored: dict[str, Any]) -> str:
    """The English sentence of what a job left behind."""
    count, current, left = stored["committed_count"], stored["current"], stored["left_count"]
    last = f", {stored['committed'][-1]} as the last" if count else ""
    said = f"{count} revision{'' if count == 1 else 's'} committed{last}." if count else "No revision is committed."
    if left:
        things = "one thing remains" if left == 1 else f"{left} things remain"
        return f"{said} Of {current or 'the rest'} {things}."
    return f"{said} {current} was undone; nothing of it remains." if current else said


def codes() -> frozenset[str]:
    """Every outcome that can be stored."""
    return frozenset(_SENTENCES)
