"""Which messages, ids and branches a draft may have: all of them are data in files and commands of others."""

import io
import re
import tokenize

from stillroom_core.errors import Invalid
from stillroom_core.projects.git_address import check_git_ref

MESSAGE_LIMIT = 200
# What Alembic itself takes for an id, without the signs of its targets; 32 is the width of its version table.
_REV_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]{0,31}")


def check_message(text: str) -> str:
    """One line of printable text without quotes and backslashes; raises Invalid.

    A template puts it into a string of Python. Which kind of string nobody knows, so nothing may end one; that
    it did become text is looked at once more in the file (`is_text_in`).
    """
    clean = text.strip()
    if not clean or len(clean) > MESSAGE_LIMIT or not clean.isprintable() or any(sign in clean for sign in '"\\`'):
        raise Invalid(
            "bad_message",
            "This message cannot be used.",
            detail=f"A message is one line of at most {MESSAGE_LIMIT} characters, without double quotes, backquotes "
            "and backslashes.",
            fix="Say in plain words what the revision does.",
            fields={"message": "one line without quotes"},
        )
    return clean


def check_rev_id(text: str | None) -> str | None:
    """An id, or None for one of Alembic's own; raises Invalid."""
    if not text:
        return None
    if not _REV_ID.fullmatch(text) or ".." in text:
        raise Invalid(
            "bad_rev_id",
            "This cannot be the id of a revision.",
            fix="Use up to 32 letters, digits, underscores and dots, or leave it empty.",
            fields={"rev_id": "letters and digits"},
        )
    return text


def check_branch(text: str) -> str:
    """A branch to make; raises Invalid."""
    check_git_ref(text)
    if text == "HEAD" or text.startswith("refs/"):
        raise Invalid(
            "bad_branch",
            "This is not the name of a branch.",
            fix="Use a name such as revisions/merge-heads.",
            fields={"branch": "not a branch"},
        )
    return text


def branch_for(kind: str, message: str, key: str) -> str:
    """The branch that is proposed: nobody else's, and readable."""
    slug = re.sub(r"[^a-z0-9]+", "-", message.lower()).strip("-")[:40].strip("-") or kind
    return f"stillroom/{slug}-{key}"


def is_text_in(source: str, message: str) -> bool:
    """Whether the message stands in a file only within strings and comments, wherever it stands at all."""
    spans: list[tuple[int, int]] = []
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            plain = token.type == tokenize.STRING and "f" not in token.string[:2].lower().split("'")[0].split('"')[0]
            if plain or token.type == tokenize.COMMENT:
                (row, column), (end_row, end_column) = token.start, token.end
                spans.append((starts[row - 1] + column, starts[end_row - 1] + end_column))
    except (tokenize.TokenError, SyntaxError, IndexError):
        return False
    at = source.find(message)
    while at >= 0:
        if not any(begin <= at and at + len(message) <= end for begin, end in spans):
            return False
        at = source.find(message, at + 1)
    return True
