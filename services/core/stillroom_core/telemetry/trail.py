"""What leads from a request to the work that it causes: its id, and its place in a trace.

Every line of a log carries what is bound here. A message takes it along in its headers, and a job keeps it in its row,
because the message may be lost and sent again by the sweeper.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import structlog

from stillroom_core.telemetry import traces

REQUEST_ID = "X-Request-ID"
_KEY = "request_id"
# What others give us ends in logs and in headers: letters that mean nothing there, and no more than a table holds.
_FITS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,63}")

Trail = dict[str, str]


def accepted(given: str | None) -> str:
    """The request id that a caller gave (8 to 64 letters, digits, `.`, `_`, `:` and `-`), or a new one."""
    return given if given and _FITS.fullmatch(given) else str(uuid4())


def carried() -> Trail:
    """What the present work hands on to the work that it causes; empty where there is nothing."""
    bound = structlog.contextvars.get_contextvars().get(_KEY)
    return {**({_KEY: str(bound)} if bound else {}), **traces.carried()}


def believed(given: object) -> Trail:
    """What a message or a row carries, without whatever does not look like it."""
    if not isinstance(given, Mapping):
        return {}
    request_id = given.get(_KEY)
    fits = isinstance(request_id, str) and _FITS.fullmatch(request_id)
    return {**({_KEY: str(request_id)} if fits else {}), **traces.believed(given)}


@contextmanager
def following(trail: Trail, **more: Any) -> Iterator[None]:
    """Until the block ends, logs carry the trail's request id and what else is given, and spans hang below it."""
    known = {_KEY: trail[_KEY]} if _KEY in trail else {}
    with structlog.contextvars.bound_contextvars(**known, **more), traces.below(trail):
        yield
