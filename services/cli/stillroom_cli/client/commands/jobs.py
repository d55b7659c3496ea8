"""Jobs: list them, read their streams, cancel them."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

from stillroom_cli.client.approving import approved
from stillroom_cli.client.connection import Client
from stillroom_cli.client.display import Display
from stillroom_cli.client.failures import Exit, Failure, Misused, Refused
from stillroom_cli.client.following import Events, JobChanged, follow
from stillroom_cli.client.running import open_client, optional_project, print_json
from stillroom_cli.client.table import write_table
from stillroom_cli.client.terminal import Piece, Style, Terminal
from stillroom_cli.client.times import ago, duration, parsed
from stillroom_cli.client.watching import exit_of, watch

STATES = ("queued", "running", "succeeded", "failed", "cancelled", "lost")
_PAGE = 200
_STYLES = {"succeeded": Style.GOOD, "failed": Style.BAD, "lost": Style.BAD, "cancelled": Style.CAREFUL}


def jobs(arguments: argparse.Namespace) -> int:
    """Lists jobs."""
    project = optional_project(arguments)
    environment = arguments.environment or os.environ.get("STILLROOM_ENVIRONMENT")
    with open_client(arguments) as client:
        found: list[dict[str, Any]] = []
        for job in _listing(client, org=arguments.org, project=project, environment=environment, state=arguments.state):
            found.append(job)
            if len(found) == arguments.limit:
                break
    if arguments.json:
        print_json(found)
        return Exit.DONE
    terminal = Terminal(sys.stdout)
    if not found:
        terminal.line("No jobs.")
        return Exit.DONE
    head = ("job", "state", "what", "where", "by", "asked", "took", "id")
    write_table(terminal, head, [_row(job) for job in found])
    return Exit.DONE


def logs(arguments: argparse.Namespace) -> int:
    """Prints what is stored, or follows until the end."""
    with open_client(arguments) as client:
        job_id = _job_id(client, arguments)
        if arguments.follow and not arguments.json:
            return exit_of(watch(client, job_id, sys.stdout))
        if arguments.text:
            for text in client.download(f"/api/jobs/{job_id}/log"):
                sys.stdout.write(text)
            return Exit.DONE
        job = client.get(f"/api/jobs/{job_id}")
        if arguments.follow:
            for message in follow(client, job_id):
                if isinstance(message, Events):
                    for event in message.items:
                        _write_event(event)
                elif isinstance(message, JobChanged):
                    job = message.job
            return exit_of(job)
        display = Display(Terminal(sys.stdout), job)
        if not arguments.json:
            display.begin()
            if job.get("log_removed_at"):
                Terminal(sys.stdout).line((f"The log was removed on {job['log_removed_at'][:10]}.", Style.CAREFUL))
        for event in _stored(client, job_id):
            _write_event(event) if arguments.json else display.event(event)
        if not arguments.json and job["finished_at"]:
            display.end()
    return Exit.DONE


def cancel(arguments: argparse.Namespace) -> int:
    """Asks for a stop."""
    with open_client(arguments) as client:
        job = client.post(f"/api/jobs/{_job_id(client, arguments)}/cancel")
    if arguments.json:
        print_json(job)
    elif job["state"] == "cancelled":
        Terminal(sys.stdout).line(f"Job {job['number']} is cancelled; nothing of it ran.")
    else:
        Terminal(sys.stdout).line(
            f"Job {job['number']} was asked to stop. See what it left: stillroom logs -f {job['id']}"
        )
    return Exit.DONE


def resume(arguments: argparse.Namespace) -> int:
    """Starts a job to the target of one that stopped."""
    with open_client(arguments) as client:
        stopped = _job_id(client, arguments)
        try:
            job = client.post(f"/api/jobs/{stopped}/resume", {"idempotency_key": str(uuid4())}, repeatable=True)
        except Refused as refusal:
            job = approved(client, refusal, patience=None, as_json=arguments.json)
        if arguments.wait:
            job = watch(client, job["id"], sys.stderr if arguments.json else sys.stdout)
    if arguments.json:
        print_json(job)
    elif not arguments.wait:
        Terminal(sys.stdout).line(f"Job {job['number']} is {job['state']}: {job['id']}")
    return exit_of(job) if arguments.wait else Exit.DONE


def _listing(client: Client, **wanted: Any) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = client.get("/api/jobs", **wanted, cursor=cursor, limit=_PAGE)
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _job_id(client: Client, arguments: argparse.Namespace) -> str:
    """The job's id; a number is looked up in its organization or project."""
    given = arguments.job.lstrip("#")
    try:
        return str(UUID(given))
    except ValueError:
        if not given.isdecimal():
            raise Misused(f"{arguments.job} is neither a job's id nor its number.") from None
    number = int(given)
    for job in _listing(client, org=arguments.org, project=optional_project(arguments), number=number):
        return str(job["id"])
    raise Failure(f"There is no job {number} that you may see.", fix="List them with: stillroom jobs")


def _stored(client: Client, job_id: str) -> Iterator[dict[str, Any]]:
    after = 0
    while items := client.get(f"/api/jobs/{job_id}/events", after=after, limit=1000)["items"]:
        yield from items
        after = items[-1]["seq"]


def _write_event(event: dict[str, Any]) -> None:
    # ASCII only: what tenants print must not reach a terminal as anything but text.
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def _row(job: dict[str, Any]) -> tuple[Piece, ...]:
    began, ended = parsed(job["started_at"]), parsed(job["finished_at"])
    took = duration((ended - began).total_seconds() * 1000) if began and ended else ""
    return (
        (str(job["number"]), Style.STRONG),
        (job["state"], _STYLES.get(job["state"], Style.RUNNING)),
        f"{job['kind']} {job['revision'] or ''}".strip(),
        f"{job['project']['slug']}/{job['environment']['slug']}/{job['database']['name']}",
        job["actor"]["name"],
        ago(parsed(job["requested_at"])),
        took,
        (job["id"], Style.FAINT),
    )
