"""`stillroom gate`: exit codes for init containers, a bound to waiting, and an answer that says how fresh it is."""

import asyncio
import json

import pytest

from stillroom_testing.relay import Relay
from stillroom_testing.stand_in_worker import StandInWorker

from .conftest import Stillroom

Printed = pytest.CaptureFixture[str]


@pytest.fixture
def gate(stillroom: Stillroom, worker: StandInWorker, capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> Stillroom:
    assert stillroom("login") == 0
    capsys.readouterr()
    monkeypatch.setenv("STILLROOM_ENVIRONMENT", "dev")
    monkeypatch.setattr("stillroom_cli.client.commands.gate._FIRST_PAUSE", 0.05)
    return lambda *words: stillroom("gate", *words)


async def test_it_ends_with_0_at_or_after_a_revision_and_with_1_before_it(
    gate: Stillroom, worker: StandInWorker, capsys: Printed
) -> None:
    await worker.stands("dev", ["bbbb00000002"])
    assert gate("bbbb00000002") == 0
    assert capsys.readouterr().out.startswith("open: The database stands at bbbb00000002.\n  dev/main, read ")
    assert gate("aaaa0") == 0
    assert gate("aaaa0", "--exact") == 1
    capsys.readouterr()
    assert gate() == 1
    told = capsys.readouterr()
    assert "closed: The database stands at bbbb00000002, which is not at or after dddd00000004." in told.err
    assert told.out == ""
    assert gate("--json") == 1
    assert json.loads(capsys.readouterr().out)["heads"] == ["bbbb00000002"]


async def test_it_waits_until_the_database_is_there(gate: Stillroom, worker: StandInWorker, capsys: Printed) -> None:
    await worker.stands("dev", [])
    waiting = asyncio.create_task(asyncio.to_thread(gate, "dddd0", "--wait", "--timeout", "60"))
    while "waiting: The database stands at base" not in capsys.readouterr().err:
        await asyncio.sleep(0.05)
    assert not waiting.done()
    await worker.stands("dev", ["dddd00000004"])
    assert await waiting == 0


async def test_waiting_has_an_end(gate: Stillroom, worker: StandInWorker, capsys: Printed) -> None:
    await worker.stands("dev", [])
    assert gate("--wait", "--timeout", "1") == 1
    assert "closed: " in capsys.readouterr().err


async def test_while_it_waits_a_server_that_is_away_may_come_back(
    gate: Stillroom, worker: StandInWorker, relay: Relay, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    await worker.stands("dev", ["dddd00000004"])
    direct = gate("--wait", "--timeout", "30")
    assert direct == 0
    monkeypatch.setenv("STILLROOM_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("STILLROOM_TOKEN", "stillroom_pat_x")
    assert gate() == 4
    assert gate("--wait", "--timeout", "1") == 4
    assert "waiting: http://127.0.0.1:1 does not answer." in capsys.readouterr().err


def test_what_the_server_refuses_is_not_waited_for(gate: Stillroom, capsys: Printed) -> None:
    assert gate("--environment", "nowhere", "--wait", "--timeout", "600") == 4
    assert "does not exist" in capsys.readouterr().err
