"""Reading lines that a hostile process wrote, and building requests."""

from __future__ import annotations

import json
import random
from typing import Any, get_args

import pytest

from stillroom_runner import messages
from stillroom_runner.messages import Rejected, build_request, inspect, parse

STARTED = {"type": "statement_started", "t": 0.5, "n": 1, "sql": "SELECT 1"}


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def test_a_good_line_gives_every_field_and_no_other() -> None:
    assert parse(line(**STARTED, revision="a1", evil="ignored")) == {
        **STARTED,
        "truncated": False,
        "revision": "a1",
        "line": None,
        "file": None,
        "many": False,
        "connection": None,
    }


@pytest.mark.parametrize("shape", get_args(messages.Event), ids=lambda shape: shape.__name__)
def test_the_checks_know_exactly_the_fields_of_each_shape(shape: Any) -> None:
    (name,) = get_args(shape.__annotations__["type"].__forward_arg__ and _literal(shape))
    assert set(messages.EVENT_FIELDS[name]) | {"type"} == set(shape.__annotations__)


def _literal(shape: Any) -> Any:
    import typing

    return typing.get_type_hints(shape)["type"]


def test_every_type_of_event_has_a_shape() -> None:
    names = {get_args(_literal(shape))[0] for shape in get_args(messages.Event)}
    assert names == set(messages.EVENT_TYPES)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"null", "not a JSON object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"type": "done", "t": 1, "ok": NaN}', "not JSON"),
        (b'{"type": "done", "t": 1e999, "ok": true}', "done: t"),
        (b'{"type": "done", "t": 1, "ok": "yes"}', "done: ok is not true or false"),
        (b'{"type": ["done"]}', "type is not known"),
        (b'{"type": "launch_missiles"}', "type is not known"),
        (line(type="step_started", t=1), "revision is not a text"),
        (line(type="step_started", t=-1, revision="a"), "out of its range"),
        (line(type="step_started", t=True, revision="a"), "not a number"),
        (line(type="statement_finished", t=1, n=2**60, ms=1), "n is not a whole number"),
        (line(type="statement_finished", t=1, n=True, ms=1), "n is not a whole number"),
        (line(type="transaction", t=1, what="explode"), "what is not one of its names"),
        (line(type="error", t=1, kind="fun", message=""), "kind is not one of its names"),
        (line(type="plan", t=1, steps=[{"revision": 1}]), "steps revision is not a text"),
        (line(type="plan", t=1, steps=[[]]), "steps is not an object"),
        (line(type="heads", t=1, heads=["x"] * 3000), "too long a list"),
        (line(type="heads", t=1, heads="x"), "not a list"),
        (b'{"n": ' + b"9" * 5000 + b"}", "JSON"),
        (b" " * (messages.MAX_LINE + 1), "too long"),
    ],
)
def test_garbage_is_rejected_with_a_reason_and_never_raises(raw: bytes, reason: str) -> None:
    found = inspect(raw)

    assert isinstance(found, Rejected)
    assert reason in found.reason
    assert len(found.reason) < 200
    assert parse(raw) is None


def test_texts_are_cut_to_their_limits() -> None:
    event: Any = parse(line(**{**STARTED, "sql": "x" * 1_000_000}))
    assert len(event["sql"]) == messages.MAX_SQL
    assert event["sql"].endswith("…")


def test_characters_that_cannot_be_stored_or_shown_are_replaced() -> None:
    raw = rb'{"type": "statement_started", "t": 1, "n": 1, "sql": "a\u0000b\ud800c\u001b[2Jd\n\te"}'

    event: Any = parse(raw)

    assert event["sql"] == "a\ufffdb\ufffdc\ufffd[2Jd\n\te"
    event["sql"].encode()


def test_a_thousand_mutilated_lines_never_raise() -> None:
    chance = random.Random(7)  # noqa: S311 (the same mutilations every time)
    good = line(
        type="context", t=1, n=1, dialect="postgresql", version_table="v", external_transaction=False,
        transaction_per_migration=False, transactional_ddl=True, heads=["a"], session={"a": "b"},
    )  # fmt: skip
    assert parse(good) is not None
    for _ in range(1000):
        bad = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        parse(bytes(bad))


def test_a_request_carries_everything_that_the_hook_reads() -> None:
    request = json.loads(build_request(job="7", kind="upgrade", target="head", lock_timeout_ms=5000))

    assert request == {
        "protocol": 1,
        "job": "7",
        "kind": "upgrade",
        "target": "head",
        "purge": False,
        "expected": None,
        "config_file": None,
        "section": "alembic",
        "ini_text": None,
        "ini_overrides": {},
        "x": [],
        "attributes": {},
        "revision": None,
        "command": None,
        "session": {
            "application_name": "stillroom:7",
            "lock_timeout_ms": 5000,
            "statement_timeout_ms": None,
            "idle_timeout_ms": None,
        },
        "transaction_per_migration": None,
        "dialect": "postgresql",
        "max_sql": messages.MAX_SQL,
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "upgrade"}, "target"),
        ({"kind": "command"}, "argument list"),
        ({"kind": "dance"}, "unknown kind"),
        ({"kind": "current", "lock_timeout_ms": -1}, "negative"),
    ],
)
def test_a_request_that_cannot_work_is_refused_before_a_process_starts(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build_request(job="7", **fields)
