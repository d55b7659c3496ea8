"""What the commands print, and the exit codes that they end with."""

import asyncio
import json
import re

import pytest

from stillroom_testing.api_server import ApiServer
from stillroom_testing.stand_in_worker import StandInWorker

from .conftest import Stillroom


@pytest.fixture
def signed_in(stillroom: Stillroom, worker: StandInWorker, capsys: pytest.CaptureFixture[str]) -> Stillroom:
    assert stillroom("login") == 0
    capsys.readouterr()
    return stillroom


Printed = pytest.CaptureFixture[str]


def test_projects_are_listed_with_their_commit(signed_in: Stillroom, capsys: Printed) -> None:
    assert signed_in("projects") == 0
    assert re.search(r"demo/shop +Shop +https://example.com/shop.git +\w{10} main", capsys.readouterr().out)
    assert signed_in("projects", "--org", "demo", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["slug"] == "shop"


def test_an_unknown_organization_is_refused(signed_in: Stillroom, capsys: Printed) -> None:
    assert signed_in("projects", "--org", "nobody") == 4
    assert "does not exist, or you have no access to it" in capsys.readouterr().err


async def test_the_history_is_drawn_with_lanes_and_with_where_environments_stand(
    signed_in: Stillroom, worker: StandInWorker, capsys: Printed
) -> None:
    await worker.stands("dev", ["dddd00000004"])
    await worker.stands("staging", ["aaaa00000001"])
    assert signed_in("history") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "●  dddd00000004  (dev)  [head]  together  Ann, 3 d ago"
    assert lines[1] == "├─╮"
    assert [line[:17].rstrip() for line in lines[2:4]] in (
        ["│ ●  cccc00000003", "● │  bbbb00000002"],
        ["│ ●  bbbb00000002", "● │  cccc00000003"],
        ["● │  bbbb00000002", "│ ●  cccc00000003"],
    )
    assert lines[4] == "├─╯"
    assert lines[5].startswith("●  aaaa00000001  (staging)  customers")
    assert signed_in("history", "-n", "1") == 0
    assert "… and 3 more" in capsys.readouterr().out


async def test_current_tells_where_every_database_stands(
    signed_in: Stillroom, worker: StandInWorker, capsys: Printed
) -> None:
    await worker.stands("dev", ["aaaa00000001"])
    await worker.stands("staging", ["feed00000009"])
    assert signed_in("current") == 0
    printed = capsys.readouterr().out
    assert re.search(r"dev +main +aaaa00000001 +behind by 3 +just now", printed)
    assert re.search(r"staging +main +feed00000009 +not in this commit: feed00000009", printed)
    assert signed_in("current", "-e", "dev", "--json") == 0
    assert [e["slug"] for e in json.loads(capsys.readouterr().out)["environments"]] == ["dev"]


def test_a_command_without_its_project_is_a_usage_error(
    signed_in: Stillroom, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.delenv("STILLROOM_PROJECT")
    assert signed_in("history") == 2
    assert "Give --project, or set STILLROOM_PROJECT." in capsys.readouterr().err
    assert signed_in("upgrade", "-p", "shop", "head") == 2
    assert "Give --environment, or set STILLROOM_ENVIRONMENT." in capsys.readouterr().err


def test_a_refused_revision_is_told_with_detail_and_fix(signed_in: Stillroom, capsys: Printed) -> None:
    assert signed_in("upgrade", "-e", "dev", "ffff00000000") == 4
    told = capsys.readouterr().err
    assert "error: This commit has no revision or branch 'ffff00000000'." in told
    assert "Fix: Look the revision up" in told


async def test_an_upgrade_starts_a_job_and_the_same_key_starts_it_once(
    signed_in: Stillroom, worker: StandInWorker, capsys: Printed
) -> None:
    for _ in range(2):
        assert signed_in("upgrade", "-e", "dev", "head", "--idempotency-key", "build 7", "--json") == 0
    out = capsys.readouterr().out
    first, second = json.loads("[" + out.replace("}\n{", "},{") + "]")
    assert first["id"] == second["id"]
    assert (first["kind"], first["revision"], first["state"]) == ("upgrade", "head", "queued")


async def test_a_plan_is_shown_and_then_run_exactly_once(
    signed_in: Stillroom, worker: StandInWorker, capsys: Printed
) -> None:
    await worker.stands("dev", ["bbbb00000002"])
    assert signed_in("plan", "upgrade", "head", "-e", "dev") == 0
    printed = capsys.readouterr().out
    assert "dev/main from bbbb00000002 to dddd00000004" in printed
    assert re.search(r" 1 ↑ cccc00000003  prices\n(?: {7}.*\n)* +2 ↑ dddd00000004  together", printed)
    key = re.search(r"--plan (\S+)", printed)[1]  # type: ignore[index]
    assert signed_in("upgrade", "--plan", key, "--json") == 0
    job = json.loads(capsys.readouterr().out)
    assert (job["plan_id"], job["revision"], job["plan_confirmed"]) == (key, "head", True)
    assert signed_in("upgrade", "--plan", key) == 4
    assert f"Job #{job['number']} has applied this plan already." in capsys.readouterr().err


async def test_a_stale_plan_is_told_with_what_moved(
    signed_in: Stillroom, worker: StandInWorker, capsys: Printed
) -> None:
    await worker.stands("dev", ["aaaa00000001"])
    signed_in("plan", "upgrade", "head", "-e", "dev", "--json")
    key = json.loads(capsys.readouterr().out)["id"]
    await worker.stands("dev", ["bbbb00000002"])
    assert signed_in("upgrade", "--plan", key) == 4
    assert "moved from aaaa00000001 to bbbb00000002" in capsys.readouterr().err


def test_a_move_without_revision_and_plan_is_a_usage_error(signed_in: Stillroom, capsys: Printed) -> None:
    assert signed_in("upgrade", "-e", "dev") == 2
    assert "Give REV, or a plan with --plan." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("downgrade", "base"), "downgrade"),
        (("stamp", "heads", "--reason", "restored by hand"), "stamp"),
        (("check",), "check"),
    ],
)
async def test_every_move_starts_its_kind_of_job(
    signed_in: Stillroom, worker: StandInWorker, capsys: Printed, words: tuple[str, ...], kind: str
) -> None:
    await worker.stands("dev", ["aaaa00000001"])
    assert signed_in(words[0], "-e", "dev", "-d", "main", *words[1:]) == 0
    assert re.search(r"Job \d+ is queued: [0-9a-f-]{36}", capsys.readouterr().out)
    job = await worker.newest_job()
    assert job is not None
    assert job.kind == kind


def test_a_stamp_without_a_reason_is_a_usage_error(signed_in: Stillroom, capsys: Printed) -> None:
    assert signed_in("stamp", "-e", "dev", "heads") == 2
    assert "Say it with --reason" in capsys.readouterr().err
    assert signed_in("stamp", "-e", "dev", "heads", "--reason", "  ") == 2


async def test_the_reason_of_a_stamp_is_an_option_or_a_variable_for_ci(
    signed_in: Stillroom, worker: StandInWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await worker.stands("dev", ["aaaa00000001"])
    monkeypatch.setenv("STILLROOM_REASON", "restored from the backup of Monday")
    assert signed_in("stamp", "-e", "dev", "heads") == 0
    assert (job := await worker.newest_job()) is not None and job.reason == "restored from the backup of Monday"
    assert signed_in("stamp", "-e", "dev", "heads", "--reason", "by hand") == 0
    assert (job := await worker.newest_job()) is not None and job.reason == "by hand"


async def test_relative_revisions_are_no_options(signed_in: Stillroom, worker: StandInWorker) -> None:
    await worker.stands("dev", ["aaaa00000001"])
    assert signed_in("downgrade", "-e", "dev", "-1") == 0
    job = await worker.newest_job()
    assert job is not None
    assert job.revision == "-1"


@pytest.mark.parametrize(
    ("state", "outcome", "code"),
    [("succeeded", "upgraded", 0), ("failed", "failed_partial", 1), ("cancelled", "cancelled_partial", 1)],
)
async def test_waiting_ends_with_how_the_job_ended(
    signed_in: Stillroom, worker: StandInWorker, capsys: Printed, state: str, outcome: str, code: int
) -> None:
    waiting = asyncio.create_task(asyncio.to_thread(signed_in, "upgrade", "-e", "dev", "head", "--wait", "--json"))
    while (job := await worker.newest_job()) is None:
        await asyncio.sleep(0.05)
    key = await worker.claim(job.id)
    await worker.tell(key, ("output", {"stream": "stdout", "text": "hello"}))
    await worker.end(key, state, outcome, heads=["aaaa00000001"], done=1, total=4)

    assert await asyncio.wait_for(waiting, 20) == code
    printed = capsys.readouterr()
    assert json.loads(printed.out)["state"] == state
    assert "│ hello" in printed.err


async def test_jobs_are_listed_and_named_by_number(
    signed_in: Stillroom, worker: StandInWorker, capsys: Printed
) -> None:
    signed_in("upgrade", "-e", "dev", "heads")
    signed_in("upgrade", "-e", "staging", "heads")
    capsys.readouterr()

    assert signed_in("jobs", "--state", "queued") == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[4] for row in rows[1:]] == ["shop/staging/main", "shop/dev/main"]

    number = rows[1].split()[0]
    assert signed_in("cancel", f"#{number}") == 0
    assert f"Job {number} is cancelled; nothing of it ran." in capsys.readouterr().out
    assert signed_in("logs", "-f", number) == 1
    assert "Cancelled before anything ran; the database was not touched." in capsys.readouterr().out
    assert signed_in("cancel", number) == 4
    assert "has ended already" in capsys.readouterr().err
    assert signed_in("logs", "999999") == 4
    assert signed_in("logs", "rubbish") == 2


async def test_stored_events_are_printed_without_following(
    signed_in: Stillroom, worker: StandInWorker, capsys: Printed
) -> None:
    signed_in("upgrade", "-e", "dev", "heads", "--json")
    job = json.loads(capsys.readouterr().out)
    key = await worker.claim(job["id"])
    for start in range(0, 1500, 500):
        texts = [f"line {number}" for number in range(start, start + 500)]
        await worker.tell(key, *(("output", {"stream": "stdout", "text": text}) for text in texts))

    assert signed_in("logs", job["id"]) == 0
    assert len(re.findall("│ line", capsys.readouterr().out)) == 1500
    assert signed_in("logs", job["id"], "--text") == 0
    assert f"Job {job['number']}: " in capsys.readouterr().out
    assert signed_in("logs", job["id"], "--json") == 0
    assert [json.loads(line)["seq"] for line in capsys.readouterr().out.splitlines()] == list(range(1, 1501))


def test_an_address_that_is_no_stillroom_is_told(signed_in: Stillroom, api_server: ApiServer, capsys: Printed) -> None:
    assert signed_in("login", f"{api_server.url}/elsewhere") == 4
    assert "error: Not Found" in capsys.readouterr().err
