"""Takes known secrets out of everything that is stored, sent or logged, by value.

One door for all of them: whatever is unsealed while a piece of work runs (`keeping_secrets`) is known here, and every
word of others that the work writes passes `masked`. This is courtesy, not protection: code that means harm can spell
a secret in any way. The protection is that a database's password never enters the job.
"""

import base64
import html
import json
import re
import shlex
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from enum import Enum
from typing import Any
from urllib.parse import quote, quote_plus, unquote

MASK = "•••"
SHORTEST = 6  # shorter values would mask ordinary words
_LONG = 20  # a value of a secret file that nobody types by chance
_LINE = 8  # of a secret with several lines
_CUT = 4  # so much of a secret's beginning, at the end of a text that was cut, is no chance
# Passwords that nobody told us: in URLs, and where SQL sets one. Bounded, because they are looked for at every cut.
_IN_URL = re.compile(r"(://[^/\s'\":@]{0,128}:)(?!\*\*\*@|\{\{|•••@)[^/\s'\"]{1,256}(?=@)")
_IN_SQL = re.compile(r"(\bpassword\s{1,8}e?)'(?!•••')(?:[^']|''){0,256}'", re.IGNORECASE)
_UNTOLD = (re.compile(_IN_URL.pattern.encode() + b"@"), re.compile(_IN_SQL.pattern.encode(), re.IGNORECASE))
_LONGEST_UNTOLD = 400
_TELLING = re.compile(r"pass|pwd|secret|token|key|cred|dsn", re.IGNORECASE)
_PAIR = re.compile(r"""^\s*(?:export\s+)?["']?([\w.-]+)["']?\s*[=:]\s*["']?(.*?)["']?\s*,?\s*$""")
# Names of our own vocabulary's words, checked where they come from: a secret spelled `failed` changes no state.
_OURS = frozenset({"code", "kind", "state", "stream", "type", "what"})
# Names of things in a history and in a database. They are compared with others that nobody masked, and a password
# that is a common word must not make `0001_initial` unknown: only what cannot be chance is masked in them.
_NAMES = frozenset(
    {"id", "revision", "down", "depends_on", "labels", "heads", "bases", "heads_before", "heads_after"}
    | {"committed", "current", "invalid_before", "path", "file"}
)
_NO_CHANCE = 12
_MOST_IN_LOGS = 500


class Redactor:
    """Masks values in every spelling that programs commonly print."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        found = {spelling for secret in secrets for value in _values(secret) for spelling in _spellings(value)}
        self._spellings = sorted(found, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, self._spellings))) if found else None
        raw = sorted((spelling.encode(errors="surrogatepass") for spelling in found), key=len, reverse=True)
        self._bytes = re.compile(b"|".join(map(re.escape, raw))) if raw else None
        self.longest = max(_LONGEST_UNTOLD, len(raw[0]) if raw else 0)

    def __repr__(self) -> str:
        return "Redactor()"

    def __call__(self, text: str) -> str:
        """The text with every known secret masked, also where its end was cut off with the text's."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
            if len(text) > 1000 or text.endswith("…"):
                text = self._without_beginning(text)
        if "://" in text:
            text = _IN_URL.sub(rf"\1{MASK}", text)
        return _IN_SQL.sub(rf"\1'{MASK}'", text) if "'" in text else text

    def cut(self, data: bytes, at: int) -> int:
        """Where to cut instead of `at` so that no secret is divided; `data` goes on for `longest` bytes behind it."""
        begin, moved = max(0, at - self.longest), True
        while moved:
            moved = False
            for pattern in (self._bytes, *_UNTOLD):
                place = begin
                while pattern and (met := pattern.search(data, place)) and met.start() < at:
                    if met.end() > at:
                        at, moved = met.end(), True
                    place = met.start() + 1
        return at

    def _without_beginning(self, text: str) -> str:
        """Whoever cut the text may have cut a secret in two: what is left of it stands at the end."""
        whole = text.removesuffix("…")
        for spelling in self._spellings:
            tail, beginning = whole[-(len(spelling) - 1) :], spelling[:_CUT]
            place = tail.find(beginning)
            while place >= 0:
                if spelling.startswith(tail[place:]):
                    return whole[: len(whole) - len(tail) + place] + MASK + text[len(whole) :]
                place = tail.find(beginning, place + 1)
        return text


class _Known:
    """The secrets that one piece of work has opened so far."""

    def __init__(self) -> None:
        self._secrets: dict[str, None] = {}
        self._redactor: Redactor | None = None

    def add(self, secrets: Iterable[str]) -> None:
        fresh = [secret for secret in secrets if secret not in self._secrets]
        if fresh:
            self._secrets.update(dict.fromkeys(fresh))
            self._redactor = None

    @property
    def redactor(self) -> Redactor:
        if self._redactor is None:
            self._redactor = Redactor(self._secrets)
        return self._redactor


_NOTHING_KNOWN = Redactor()
_known: ContextVar[_Known | None] = ContextVar("known_secrets", default=None)
# Logs are read by the operator alone and are written by everybody: there the secrets of all work are masked.
_ours = _Known()
_lately: deque[str] = deque(maxlen=_MOST_IN_LOGS)
_logs: list[Redactor] = []


@contextmanager
def keeping_secrets() -> Iterator[None]:
    """What is opened while the block runs, in it or in its tasks, is masked in what they write."""
    token = _known.set(_Known())
    try:
        yield
    finally:
        _known.reset(token)


def hide(*secrets: str) -> None:
    """From now on these are masked in what the present work writes, and in this process's logs."""
    given = [secret for secret in secrets if len(secret) >= SHORTEST]
    if (known := _known.get()) is not None:
        known.add(given)
    if fresh := [secret for secret in given if secret not in _lately]:
        _lately.extend(fresh)
        _logs.clear()


def hide_in_logs(*secrets: str) -> None:
    """Never forgotten: the secrets of the process itself."""
    _ours.add(secret for secret in secrets if len(secret) >= SHORTEST)
    _logs.clear()


def redactor() -> Redactor:
    """The one of the present work; outside any it knows no value, only what passwords in URLs look like."""
    known = _known.get()
    return known.redactor if known is not None else _NOTHING_KNOWN


def masked(value: Any) -> Any:
    """A text, or every text in lists and objects, without the secrets of the present work."""
    return _deep(value, redactor())


def masked_for_logs(value: Any) -> Any:
    """The same without the secrets of any work of this process, and without the process's own."""
    if not _logs:
        _logs.append(Redactor((*_ours._secrets, *_lately)))
    return _deep(value, _logs[0])


def passwords_in(text: str) -> list[str]:
    """The passwords of the URLs in a text, as they stand there and unquoted."""
    found = [met[0][len(met[1]) :] for met in _IN_URL.finditer(text)]
    return [*found, *map(unquote, found)]


def _deep(value: Any, redact: Redactor, *, names: bool = False) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return _name(value, redact) if names else redact(value)
    if isinstance(value, dict):
        return {
            name: item if name in _OURS else _deep(item, redact, names=name in _NAMES) for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_deep(item, redact, names=names) for item in value]
    return value


def _name(value: str, redact: Redactor) -> str:
    without = redact(value)
    return without if len(value) - len(without.replace(MASK, "")) >= _NO_CHANCE else value


def _values(secret: str) -> set[str]:
    """The secret, and what in it is a secret by itself: its lines, the password of a URL, values of a file."""
    found = {secret, *passwords_in(secret)}
    lines = [line.strip() for line in secret.splitlines()]
    if len(lines) > 1:
        found |= {line for line in lines if len(line) >= _LINE}
    found |= {value for line in lines if (met := _PAIR.match(line)) for value in _if_telling(met[1], met[2])}
    with suppress(ValueError, RecursionError):  # it is no JSON
        found |= set(_leaves(json.loads(secret), ""))
    return {value for value in found if len(value) >= SHORTEST}


def _leaves(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, str):
        for found in _if_telling(name, value):
            yield found
            yield from (line.strip() for line in found.splitlines() if len(line.strip()) >= _LINE)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, name)


def _if_telling(name: str, value: str) -> list[str]:
    """The value where its name or its length says that it is one; `public` or `require` would mask half a log."""
    return [value, *passwords_in(value)] if len(value) >= _LONG or _TELLING.search(name) else passwords_in(value)


def _spellings(secret: str) -> set[str]:
    raw = secret.encode(errors="surrogatepass")
    in_hex, in_json = raw.hex(), json.dumps(secret)[1:-1]
    found = {secret, in_hex, in_hex.upper(), in_json, json.dumps(secret, ensure_ascii=False)[1:-1]}
    found |= {json.dumps(in_json)[1:-1], repr(secret)[1:-1], repr(raw)[2:-1], html.escape(secret)}
    found |= {shlex.quote(secret).removeprefix("'").removesuffix("'"), secret.replace("'", "''")}
    for quoted in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        found |= {quoted, re.sub("%[0-9A-F]{2}", lambda met: met[0].lower(), quoted)}
    # base64 of a text depends on where in a group of three bytes the secret begins, and at its end on what follows.
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        kept = encoded[(offset * 8 + 5) // 6 : (offset + len(raw)) * 8 // 6]
        found |= {kept, kept.replace("+", "-").replace("/", "_")}
    return {spelling for spelling in found if len(spelling) >= SHORTEST}
