"""Shows a job's live stream until the job has ended; also used by `make demo`."""

from __future__ import annotations

from typing import Any, TextIO

from stillroom_cli.client.connection import Client
from stillroom_cli.client.display import Display
from stillroom_cli.client.failures import Exit
from stillroom_cli.client.following import Back, Cut, Events, JobChanged, Quiet, follow
from stillroom_cli.client.terminal import Terminal


def watch(client: Client, job_id: str, out: TextIO, *, after: int = 0) -> dict[str, Any]:
    """Writes the stream of a job to `out` and returns the job as it ended.

    Every event after number `after` is written once and in order, whatever happens to connection and
    server in between. Raises Refused or Unreachable; Ctrl-C leaves the job running.

        client = Client("http://localhost:8000")
        client.sign_in(email, password)
        wanted = {"project": "shop", "environment": "dev", "revision": "head"}
        started = client.post("/api/migrations/upgrade", wanted)
        finished = watch(client, started["id"], sys.stdout)
        raise SystemExit(exit_of(finished))
    """
    job: dict[str, Any] = client.get(f"/api/jobs/{job_id}")
    display = Display(Terminal(out), job)
    display.begin()
    try:
        for message in follow(client, job_id, after=after):
            match message:
                case Events(items):
                    for event in items:
                        display.event(event)
                    display.tick()
                case JobChanged(job):
                    display.job_changed(job)
                case Quiet():
                    display.tick()
                case Cut(reason):
                    display.cut(reason)
                case Back():
                    display.back()
        display.end()
    finally:
        display.close()
    return job


def exit_of(job: dict[str, Any]) -> Exit:
    """The exit code that tells how a job ended."""
    return Exit.DONE if job["state"] == "succeeded" else Exit.JOB_FAILED
