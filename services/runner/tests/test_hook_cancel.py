"""Stopping: signals, cancelled statements, lost connections, a worker that is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

SLEEP = 'op.execute("SELECT pg_sleep(60)")'


def on_statement(text: str, action: Any) -> Any:
    def react(event: Any, run: Any) -> None:
        if event["type"] == "statement_started" and text in event["sql"]:
            action(run)

    return react


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_sigterm_in_a_statement_ends_the_run_as_cancelled(
    runner: Any, project: Any, database: Any, async_env: str, driver: str
) -> None:
    if driver == "asyncpg":
        project.write("migrations/env.py", async_env)
    project.chain(1)
    project.revision("b1", "a1", SLEEP)

    run = runner.start(
        project, "upgrade", url=database.url(driver), on_event=on_statement("pg_sleep", lambda run: run.terminate())
    ).finish()

    assert run.error["kind"] == "cancelled"
    assert run.one("step_failed")["revision"] == "b1"
    assert run.of("statement_failed")
    assert run.status == 1
    assert "Traceback" not in run.stderr
    assert database.tables == set()


def test_sigterm_in_python_code_of_a_revision_rolls_back(runner: Any, project: Any, database: Any) -> None:
    project.chain(1)
    project.revision("b1", "a1", 'op.execute("SELECT 1 AS mark")\nimport time\ntime.sleep(60)')

    run = runner.start(project, "upgrade", on_event=on_statement("mark", lambda run: run.terminate())).finish()

    assert run.error["kind"] == "cancelled"
    assert run.of("transaction")[-1]["what"] == "rollback"
    assert database.tables == set()


def test_sigterm_in_python_code_that_blocks_an_event_loop_ends_the_run(
    runner: Any, project: Any, database: Any, async_env: str
) -> None:
    project.write("migrations/env.py", async_env)
    project.revision("a1", None, 'op.execute("SELECT 1 AS mark")\nimport time\ntime.sleep(60)')

    run = runner.start(
        project, "upgrade", url=database.url("asyncpg"), on_event=on_statement("mark", lambda run: run.terminate())
    ).finish()

    assert run.error["kind"] == "cancelled"
    assert database.tables == set()


def test_a_cancelled_backend_is_a_cancelled_run(runner: Any, project: Any, database: Any) -> None:
    project.revision("a1", None, SLEEP)

    def cancel(run: Any) -> None:
        pid = next(e["backend_pid"] for e in run.seen if e["type"] == "context")
        while not database.rows(
            f"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = {pid} AND query ~ 'pg_sleep' "
            "AND wait_event = 'PgSleep'"
        ):
            pass

    run = runner.start(project, "upgrade", on_event=on_statement("pg_sleep", cancel)).finish()

    assert (run.error["kind"], run.error["sqlstate"]) == ("cancelled", "57014")


def test_the_backend_carries_the_jobs_name_while_a_revision_runs(runner: Any, project: Any, database: Any) -> None:
    project.revision("a1", None, 'op.execute("SELECT 1 AS mark")\nimport time\ntime.sleep(60)')
    seen: list[str] = []

    def look(run: Any) -> None:
        pid = next(e["backend_pid"] for e in run.seen if e["type"] == "context")
        seen.extend(r[0] for r in database.rows(f"SELECT application_name FROM pg_stat_activity WHERE pid = {pid}"))
        run.terminate()

    runner.start(project, "upgrade", application_name="stillroom:42", on_event=on_statement("mark", look)).finish()

    assert seen == ["stillroom:42"]


def test_sigterm_ends_a_command_and_its_process(runner: Any, project: Any) -> None:
    told = project.root / "pid"

    def stop(event: Any, run: Any) -> None:
        if event["type"] == "command_started":
            while not told.exists() or not told.read_text():
                time.sleep(0.01)
            run.terminate()

    command = ["sh", "-c", "echo $$ > pid; exec sleep 60"]
    run = runner.start(project, "command", command=command, on_event=stop).finish()

    assert run.error["kind"] == "cancelled"
    assert run.one("command_started")["mode"] == "subprocess"
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


def test_a_cancel_while_a_commands_process_is_made_ends_that_process_too() -> None:
    program = """
import os, signal, subprocess
from stillroom_runner import hook

def cancel(*_):
    raise hook.Cancelled

class CancelledMeanwhile(subprocess.Popen):
    def __init__(self, *given):
        super().__init__(*given)
        print(self.pid, flush=True)
        os.kill(os.getpid(), signal.SIGTERM)

signal.signal(signal.SIGTERM, cancel)
subprocess.Popen = CancelledMeanwhile
try:
    hook.run_process(["sleep", "60"])
except hook.Cancelled:
    print("cancelled")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    pid, ended = done.stdout.split()
    assert ended == "cancelled"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_a_command_line_that_swallows_the_interrupt_was_still_cancelled(runner: Any, project: Any) -> None:
    project.write(
        "tool.py",
        """
        import sys, time
        try:
            open("ready", "w").close()
            time.sleep(60)
        except KeyboardInterrupt:
            print("Aborted!")
            sys.exit(1)
        """,
    )

    def stop(event: Any, run: Any) -> None:
        if event["type"] == "command_started":
            while not (project.root / "ready").exists():
                time.sleep(0.01)
            run.terminate()

    run = runner.start(project, "command", command=["python", "tool.py"], on_event=stop).finish()

    assert run.stdout == "Aborted!\n"
    assert run.one("command_finished")["status"] == 1
    assert run.error["kind"] == "cancelled"


def test_a_second_signal_does_not_cut_off_the_last_words(runner: Any, project: Any) -> None:
    project.revision("a1", None, SLEEP)

    def twice(event: Any, run: Any) -> None:
        if event["type"] == "statement_started" and "pg_sleep" in event["sql"]:
            run.terminate()
        if event["type"] in ("step_failed", "error"):
            run.process.send_signal(signal.SIGTERM)

    run = runner.start(project, "upgrade", on_event=twice).finish()

    assert run.error["kind"] == "cancelled"
    assert run.events[-1]["type"] == "done"


def test_a_run_that_nobody_listens_to_stops_and_rolls_back(
    runner: Any, project: Any, database: Any, python: Any, as_request: Any
) -> None:
    from stillroom_runner import hook

    project.chain(1)
    project.revision("b1", "a1", "\n".join(f'op.execute("SELECT {n}")' for n in range(200)))
    asked, ask = os.pipe()
    listen, tell = os.pipe()
    request = as_request(protocol=1, kind="upgrade", target="head", ini_overrides={"sqlalchemy.url": database.url()})
    os.write(ask, request)
    os.close(ask)
    process = subprocess.Popen(
        [str(python), hook.__file__, str(asked), str(tell)],
        cwd=project.root,
        pass_fds=(asked, tell),
        stderr=subprocess.PIPE,
    )
    os.close(asked)
    os.close(tell)
    with os.fdopen(listen, "rb") as stream:
        for line in stream:
            if b"step_started" in line:
                break
    stderr = process.communicate(timeout=60)[1]

    assert process.returncode == 1
    assert b"Traceback" not in stderr
    assert database.tables == set()
