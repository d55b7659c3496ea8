"""`stillroom up`: everything on one machine, supervised until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version

from stillroom_cli.embedded.ports import is_free
from stillroom_cli.embedded.processes import CannotStart, last_lines
from stillroom_cli.stack import prepare
from stillroom_cli.stack.bell import Bell, Stopped, hung
from stillroom_cli.stack.layout import Layout, find_layout
from stillroom_cli.stack.record import (
    forget_record,
    hold_lock,
    read_record,
    running_record,
    write_record,
)
from stillroom_cli.stack.running import end_leftover
from stillroom_cli.stack.services import (
    api_service,
    child_environment,
    postgres_service,
    reader_service,
    scheduler_service,
    valkey_service,
    web_service,
    worker_service,
)
from stillroom_cli.stack.settings import StackSettings, load_settings
from stillroom_cli.stack.supervisor import Service, Supervisor

PATIENCE = 120.0


def up(arguments: argparse.Namespace) -> int:
    """Starts the stack and stays with it, or with --background leaves it running."""
    layout = find_layout()
    layout.make()
    if arguments.background:
        return start_in_background(layout)
    return run(layout, development=False)


def start_in_background(layout: Layout) -> int:
    """Starts a launcher of its own session and returns when the service answers."""
    record = running_record(layout)
    if record is not None and record.ready:
        say(f"Stillroom runs already at {record.url}")
        return 0
    log = layout.logs / "launcher.log"
    with log.open("wb") as output:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "stillroom_cli", "up"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < deadline:
        record = running_record(layout)
        if record is not None and record.ready and record.launcher.pid == launcher.pid:
            sys.stdout.write(log.read_text().replace("Ctrl-C stops", "`make down` stops"))
            sys.stdout.flush()
            return 0
        if launcher.poll() is not None:
            say(last_lines(log, 1), error=True)
            return 1
        time.sleep(0.1)
    launcher.terminate()
    say(f"the stack did not become ready; its log: {log}", error=True)
    return 1


def run(layout: Layout, *, development: bool) -> int:
    """Holds the lock, starts everything, supervises, stops everything."""
    lock = hold_lock(layout)
    if lock is None:
        record = running_record(layout)
        where = f" at {record.url}" if record else ""
        say(f"Stillroom runs already{where} (`make down` stops it)")
        return 0
    with lock, hung() as bell:
        supervisor: Supervisor | None = None
        status = 0
        try:
            settings = load_settings(layout.settings)
            if development and "STILLROOM_PUBLIC_URL" not in os.environ:
                settings = replace(settings, public_url=f"http://localhost:{settings.web_port}")
            _end_leftovers(layout)
            _check_port(settings)
            supervisor = _supervisor(layout, settings, bell)
            _start(layout, settings, supervisor, development=development)
            bell.listen()
            supervisor.watch(layout.settings)
        except Stopped:
            pass
        except CannotStart as failure:
            say(f"stillroom: {failure}", error=True)
            status = 1
        bell.listen()
        if supervisor is not None:
            if not status:
                say("\nstopping")
            supervisor.stop()
            forget_record(layout)
            if not status:
                say("stopped")
    return status


def _supervisor(layout: Layout, settings: StackSettings, bell: Bell) -> Supervisor:
    def note(pids: dict[str, int]) -> None:
        write_record(layout, settings.public_url, ready=False, pids=pids)

    return Supervisor(bell, say, note)


def _start(layout: Layout, settings: StackSettings, supervisor: Supervisor, *, development: bool) -> None:
    say(f"Stillroom {version('stillroom-cli')}")
    metadata = _servers(layout, settings, supervisor)
    redis_url = settings.redis_url or prepare.embedded_redis_url(settings)
    web = layout.web / "dist"
    env = child_environment(
        layout,
        settings,
        database_url=metadata.url,
        redis_url=redis_url,
        web_dir=web if (web / "index.html").exists() and not development else None,
    )
    with _step("own database"):
        prepare.run_migrations(layout, env, metadata.owner_url)
    made = _first_data(layout, settings, metadata, env)
    with _step("api, worker, reader"):
        programs = [
            api_service(layout, settings, env, reload=development),
            worker_service(layout, settings, env, reload=development),
            scheduler_service(layout, env),
            reader_service(layout, settings, env),
            *([web_service(layout, settings)] if development else []),
        ]
        for service in programs:
            supervisor.start(service)
        supervisor.wait_ready(programs, PATIENCE)
    _ready(layout, settings, supervisor, first=bool(made.get("administrator")))


def _servers(layout: Layout, settings: StackSettings, supervisor: Supervisor) -> prepare.Metadata:
    wanted: list[tuple[str, Callable[[Layout, StackSettings], Service]]] = []
    if settings.database_url is None:
        wanted.append(("PostgreSQL", postgres_service))
    if settings.redis_url is None:
        wanted.append(("Valkey", valkey_service))
    for name, make in wanted:
        with _step(name):
            supervisor.start(make(layout, settings))
    if settings.database_url is not None:
        metadata = prepare.given_metadata(settings.database_url, settings.kept["STILLROOM_SERVICE_PASSWORD"])
        if metadata.url == metadata.owner_url:
            say("  DATABASE_URL may not make a role: the service owns its tables (docs/isolation.md)")
        return metadata
    return prepare.embedded_metadata(settings)


def _first_data(
    layout: Layout, settings: StackSettings, metadata: prepare.Metadata, env: dict[str, str]
) -> dict[str, object]:
    sample = None
    if settings.with_sample:
        with _step("sample project"):
            sample, why_not = prepare.try_sample(layout, metadata.admin_url)
        if sample is None:
            say(f"  no sample project: {why_not}")
    with _step("first data"):
        return prepare.write_first_data(layout, settings, env, sample)


def _ready(layout: Layout, settings: StackSettings, supervisor: Supervisor, *, first: bool) -> None:
    def note(pids: dict[str, int]) -> None:
        write_record(layout, settings.public_url, ready=True, pids=pids)

    supervisor.on_change = note
    say(f"\n  {settings.public_url}")
    if first and not settings.admin_password_given:
        say(f"  sign in as {settings.admin_email} with the password {settings.admin_password}")
        say(f"  (shown this once; it is in {layout.settings})")
    else:
        say(f"  sign in as {settings.admin_email}")
    say(f"  logs in {layout.logs}\n  Ctrl-C stops everything")
    note({s.name: s.process.pid for s in supervisor.services if s.process is not None})


def _end_leftovers(layout: Layout) -> None:
    """After a kill -9 of the launcher, on systems where its children survive that."""
    record = read_record(layout)
    if record is None or record.launcher.lives():
        return
    for name, who in reversed(list(record.processes.items())):
        # PostgreSQL and its lock are seen to where it is started: it must not be ended by SIGTERM
        if name != "postgres" and end_leftover(who):
            say(f"  ended {name}, left behind by an earlier start")
    forget_record(layout)


def _check_port(settings: StackSettings) -> None:
    if not is_free(settings.port, settings.host):
        raise CannotStart(
            f"port {settings.port} is taken by another program: stop it, "
            f"or choose another one: STILLROOM_PORT={settings.port + 1} make up"
        )


class _step:  # noqa: N801  reads as a word: with _step("PostgreSQL")
    """One line with how long it took."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        self.began = time.monotonic()

    def __exit__(self, kind: object, *_rest: object) -> None:
        if kind is None:
            say(f"  {self.name:<24}{time.monotonic() - self.began:5.1f} s")


def say(text: str, *, error: bool = False) -> None:
    """Prints a line at once."""
    try:
        print(text, file=sys.stderr if error else sys.stdout, flush=True)
    except BrokenPipeError:
        # The terminal is gone; the service is not.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
