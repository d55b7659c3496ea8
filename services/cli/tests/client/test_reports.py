"""What a pipeline keeps: JUnit XML and Markdown of how the job ended, whatever the project printed."""

import asyncio
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from stillroom_cli.client.failures import Exit, Failure
from stillroom_cli.client.reports import Reports, junit_of, summary_of
from stillroom_testing.api_server import ApiServer
from stillroom_testing.stand_in_worker import StandInWorker

from .conftest import Stillroom

Printed = pytest.CaptureFixture[str]
SENTENCE = "Failed; 1 of 2 revisions are committed, the database stands at bbb2."


def step(position: int, title: str, state: str, **more: Any) -> dict[str, Any]:
    empty = {"revision": None, "started_at": None, "duration_ms": 1500.0, "statements": 0, "detail": None}
    return {"position": position, "kind": "revision", "title": title, "state": state, **empty, **more}


def a_job(**more: Any) -> dict[str, Any]:
    return {
        "number": 7,
        "state": "failed",
        "kind": "upgrade",
        "revision": "head",
        "commit": "c0ffee" * 6,
        "actor": {"name": "Ann"},
        "heads_after": ["bbb2"],
        "started_at": "2026-11-26T10:00:00+00:00",
        "finished_at": "2026-11-26T10:01:04+00:00",
        "outcome": {"code": "failed_partial", "params": {}, "sentence": SENTENCE},
        "aftermath": None,
        "error": {"title": "A column exists already.", "detail": "column | <b>x</b>\x1b[31m", "fix": "Look at it."},
        "project": {"slug": "shop"},
        "environment": {"slug": "dev"},
        "database": {"name": "main"},
        "steps": [
            step(0, "Check out c0ffeec0", "done"),
            step(1, "orders", "done", revision="bbb2"),
            step(2, "prices", "failed", revision="ccc3"),
            step(3, "more", "skipped", revision="ddd4"),
        ],
        **more,
    }


def read(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text.encode())  # noqa: S314 - our own text


def test_steps_are_cases_and_a_failure_says_the_truth() -> None:
    suite = read(junit_of(a_job(), "https://x.example/j")).find("testsuite")
    assert suite is not None
    assert suite.attrib == {
        "name": "Stillroom shop / dev / main",
        "timestamp": "2026-11-26T10:00:00",
        "tests": "5",
        "failures": "2",
        "skipped": "1",
        "time": "6.000",
    }
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    assert list(cases) == ["Check out c0ffeec0", "bbb2  orders", "ccc3  prices", "ddd4  more", "upgrade to head"]
    for name in ("ccc3  prices", "upgrade to head"):
        failure = cases[name].find("failure")
        assert failure is not None and failure.get("message") == SENTENCE
        assert failure.text is not None and "column | <b>x</b>�[31m\nFix: Look at it." in failure.text
    assert cases["ddd4  more"].find("skipped") is not None and cases["bbb2  orders"].find("failure") is None


def test_a_job_that_succeeded_has_no_failure_and_one_that_waits_is_skipped() -> None:
    done = read(junit_of(a_job(state="succeeded", steps=[], error=None), "p"))
    assert not done.findall(".//failure") and not done.findall(".//skipped")
    waits = read(junit_of(a_job(state="awaiting", steps=[], error=None, outcome=None), "p"))
    assert not waits.findall(".//failure") and len(waits.findall(".//skipped")) == 1


def test_what_a_project_calls_its_things_cannot_become_markup() -> None:
    hostile = "a | b](javascript:x) <img src=x>\n# Heading `x` ![](http://x)"
    text = summary_of(a_job(steps=[step(0, hostile, "failed")]), "https://x.example/j")
    row = next(line for line in text.splitlines() if "javascript" in line)
    assert row == (r"| ❌ | a \| b\]\(javascript:x\) \<img src=x\> \# Heading \`x\` \!\[\]\(http://x\) | 1.5 s |")
    assert f"**{SENTENCE}**" in text and "[Job 7](https://x.example/j)" in text and "1 m 04 s" in text
    assert "\x1b" not in text


async def test_reports_are_written_when_the_job_has_ended(
    stillroom: Stillroom, worker: StandInWorker, api_server: ApiServer, tmp_path: Path, capsys: Printed
) -> None:
    assert stillroom("login") == 0
    junit, summary = tmp_path / "new" / "stillroom.xml", tmp_path / "summary.md"
    summary.write_text("What an earlier step wrote.\n")
    words = ("upgrade", "head", "-e", "dev", "--wait", "--junit", str(junit), "--summary", str(summary))
    waiting = asyncio.create_task(asyncio.to_thread(stillroom, *words))
    while (job := await worker.newest_job()) is None:
        await asyncio.sleep(0.02)
    key = await worker.claim(job.id)
    await worker.end(key, "failed", "failed_unchanged", heads=["aaaa00000001"])
    assert await waiting == 1
    told = "Failed; the version table is unchanged at aaaa00000001."
    assert told in junit.read_text()
    page = f"{api_server.url}/demo/projects/shop/jobs/{key}"
    assert summary.read_text().startswith("What an earlier step wrote.\n### ❌ shop / dev / main: upgrade to head\n")
    assert f"**{told}**" in summary.read_text() and page in summary.read_text()


def test_a_refusal_is_reported_too(stillroom: Stillroom, worker: StandInWorker, tmp_path: Path) -> None:
    assert stillroom("login") == 0
    junit = tmp_path / "stillroom.xml"
    assert stillroom("upgrade", "ffff0", "-e", "dev", "--wait", "--junit", str(junit)) == 4
    assert "This commit has no revision or branch" in junit.read_text()


def test_what_waits_for_an_approval_is_no_failure(tmp_path: Path) -> None:
    waits = Failure("It waits for an approval.", fix="Ask Ann.")
    waits.exit = Exit.NEEDS_APPROVAL
    Reports(str(tmp_path / "j.xml"), str(tmp_path / "s.md")).write_failure("upgrade to head", waits)
    found = read((tmp_path / "j.xml").read_text())
    assert not found.findall(".//failure") and len(found.findall(".//skipped")) == 1
    assert "⏳ Stillroom: upgrade to head" in (tmp_path / "s.md").read_text()


def test_a_report_without_waiting_is_a_misuse(stillroom: Stillroom, capsys: Printed) -> None:
    assert stillroom("upgrade", "head", "-e", "dev", "--junit", "x.xml") == 2
    assert "Give --wait" in capsys.readouterr().err
