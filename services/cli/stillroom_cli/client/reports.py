"""What a pipeline keeps of a job that has ended: JUnit XML for its test view, Markdown for its summary page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from stillroom_cli.client.failures import Exit, Failure
from stillroom_cli.client.times import duration, parsed

_GOOD, _BAD = frozenset({"succeeded"}), frozenset({"failed", "cancelled", "lost"})
_MARKS = {"done": "✅", "failed": "❌", "rolled_back": "↩️", "skipped": "⏭️", "running": "▶️", "pending": "⏳"}
# XML 1.0 has no way to write these, and a runner would refuse the whole file.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|<>~@&])")
_LONGEST = 4000


class Reports:
    """Where the reports of one command go; nothing is written where no file is named."""

    def __init__(self, junit: str | None, summary: str | None) -> None:
        self._junit = Path(junit) if junit else None
        self._summary = Path(summary) if summary else None

    def write(self, job: dict[str, Any], page: str) -> None:
        """Of a job; raises Failure where a file cannot be written."""
        self._keep(junit_of(job, page), summary_of(job, page))

    def write_failure(self, what: str, failure: Failure) -> None:
        """Of what did not become a job, or was not seen to its end."""
        words = "\n".join(part for part in (failure.detail, failure.fix and f"Fix: {failure.fix}") if part)
        suite = _suite("Stillroom")
        waits = failure.exit is Exit.NEEDS_APPROVAL  # nobody has failed: it goes on once others have agreed
        if waits:
            _case(suite, "stillroom", what, None, skipped=failure.title)
        else:
            _case(suite, "stillroom", what, None, failed=(failure.title, words))
        mark = "⏳" if waits else "❌"
        lines = [f"### {mark} Stillroom: {_plain(what)}", "", f"**{_plain(failure.title)}**", *_quoted(words), ""]
        self._keep(_document(suite), "\n".join(lines))

    def _keep(self, junit: str, summary: str) -> None:
        try:
            if self._junit is not None:
                self._junit.parent.mkdir(parents=True, exist_ok=True)
                self._junit.write_text(junit, encoding="utf-8")
            if self._summary is not None:
                self._summary.parent.mkdir(parents=True, exist_ok=True)
                with self._summary.open("a", encoding="utf-8") as file:
                    file.write(summary)
        except OSError as cause:
            raise Failure(
                f"{cause.filename} cannot be written.",
                detail=str(cause.strerror),
                fix="Give --junit and --summary files in a folder that may be written. The job has ended as shown.",
            ) from None


def sentence_of(job: dict[str, Any]) -> str:
    """How it ended, as the service says it."""
    outcome = job.get("outcome")
    return str(outcome["sentence"]) if outcome else f"The job is {job['state']}."


def junit_of(job: dict[str, Any], page: str) -> str:
    """The job as a suite: each step is a case, and the last case is how the job ended."""
    place = _place(job)
    suite = _suite(f"Stillroom {' / '.join(place)}", job["started_at"])
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("job", page), ("commit", job["commit"]), ("heads", ", ".join(job["heads_after"] or []))):
        ElementTree.SubElement(properties, "property", name=name, value=_xml(value))
    where = ".".join(place)
    for step in job["steps"]:
        seconds = (step["duration_ms"] or 0) / 1000
        failed = (sentence_of(job), _words(job, step)) if step["state"] == "failed" else None
        skipped = step["state"].replace("_", " ") if step["state"] not in ("done", "failed") else None
        _case(suite, where, _title(step), seconds, failed=failed, skipped=skipped)
    ended = None if job["state"] not in _BAD else (sentence_of(job), _words(job))
    waits = None if job["state"] in _GOOD | _BAD else sentence_of(job)
    _case(suite, where, _asked(job), 0, failed=ended, skipped=waits)
    return _document(suite)


def summary_of(job: dict[str, Any], page: str) -> str:
    """The job as Markdown, safe to append to a page that has more on it."""
    mark = "✅" if job["state"] in _GOOD else "❌" if job["state"] in _BAD else "⏳"
    began, ended = parsed(job["started_at"]), parsed(job["finished_at"])
    took = duration((ended - began).total_seconds() * 1000) if began and ended else "–"
    lines = [
        f"### {mark} {_plain(' / '.join(_place(job)))}: {_plain(_asked(job))}",
        "",
        f"**{_plain(sentence_of(job))}**",
        "",
        f"[Job {job['number']}]({page}) · commit `{job['commit'][:10]}` · asked by {_plain(job['actor']['name'])}"
        f" · {took}",
    ]
    if job["state"] in _BAD:
        lines += _quoted(_words(job))
    if job["steps"]:
        lines += ["", "| | Step | Time |", "| --- | --- | ---: |"]
        lines += [
            f"| {_MARKS.get(step['state'], '')} | {_plain(_title(step))} | {duration(step['duration_ms']) or '–'} |"
            for step in job["steps"]
        ]
    return "\n".join([*lines, "", ""])


def _place(job: dict[str, Any]) -> list[str]:
    return [job["project"]["slug"], job["environment"]["slug"], job["database"]["name"]]


def _asked(job: dict[str, Any]) -> str:
    return f"{job['kind']} to {job['revision']}" if job["revision"] else str(job["kind"])


def _title(step: dict[str, Any]) -> str:
    title, revision = step["title"] or step["kind"], step["revision"]
    return f"{revision[:12]}  {title}" if revision and revision not in title else str(title)


def _words(job: dict[str, Any], step: dict[str, Any] | None = None) -> str:
    """Why it did not end well, and what is left, in the service's words."""
    error, aftermath = job.get("error") or {}, job.get("aftermath")
    parts = [error.get("title"), error.get("detail"), error.get("fix") and f"Fix: {error['fix']}"]
    parts += [step["detail"] if step else None, aftermath["sentence"] if aftermath else None]
    return "\n".join(part for part in parts if part)[:_LONGEST]


def _suite(name: str, started: str | None = None) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=_xml(name))
    if started:
        suite.set("timestamp", started[:19])
    return suite


def _case(
    suite: ElementTree.Element,
    where: str,
    name: str,
    seconds: float | None,
    *,
    failed: tuple[str, str] | None = None,
    skipped: str | None = None,
) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=_xml(where), name=_xml(name), time=f"{seconds or 0:.3f}")
    if failed is not None:
        failure = ElementTree.SubElement(case, "failure", message=_xml(failed[0]))
        failure.text = _xml(failed[1])
    elif skipped is not None:
        ElementTree.SubElement(case, "skipped", message=_xml(skipped))


def _document(suite: ElementTree.Element) -> str:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    return _NOT_XML.sub("�", text)


def _plain(text: str) -> str:
    """Text on one line that Markdown and the HTML in it take for nothing else."""
    return _MARKDOWN.sub(r"\\\1", " ".join(_NOT_XML.sub("", text).split()))


def _quoted(text: str) -> Iterator[str]:
    yield ""
    for line in text.splitlines():
        yield f"> {_plain(line)}  "
