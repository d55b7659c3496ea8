"""Keeps the services running until somebody asks to stop, then ends them in order."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from stillroom_cli.embedded import CannotStart
from stillroom_cli.embedded.processes import Rung, last_lines, stop
from stillroom_cli.stack.bell import Bell, Stopped
from stillroom_cli.stack.running import children

PR_SET_CHILD_SUBREAPER = 36
LONGEST_PAUSE = 30.0
LOOK_EVERY = 5.0  # a child's end rings at once; this is for what does not ring
HEALTHY_AFTER = 60.0  # seconds of life after which earlier crashes are forgiven


@dataclass
class Service:
    """One child: how to start it, how to end it, how to know that it is there.

    Services of one `layer` end together; the layer started last ends first.
    """

    name: str
    layer: int
    log: Path
    start: Callable[[], subprocess.Popen[bytes]]
    ladder: Sequence[Rung]
    ready: Callable[[], bool] = lambda: True
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    crashes: int = 0
    again_at: float | None = None


@dataclass
class Supervisor:
    """Starts services, restarts those that crash, stops all. Lives in the main thread."""

    bell: Bell
    say: Callable[[str], None]
    on_change: Callable[[dict[str, int]], None]
    services: list[Service] = field(default_factory=list)
    strangers: frozenset[int] = frozenset()  # children of this process that were there before us

    def __post_init__(self) -> None:
        self.strangers = frozenset(children(os.getpid()))
        _adopt_orphans()

    def start(self, service: Service) -> None:
        """Starts it and keeps it from now on."""
        self.services.append(service)
        self._launch(service)

    def wait_ready(self, services: Sequence[Service], patience: float) -> None:
        """Waits until all are there; raises CannotStart naming the first that ended or did not come."""
        deadline = time.monotonic() + patience
        while waiting := [service for service in services if not service.ready()]:
            for service in services:
                if service.process is not None and (status := service.process.poll()) is not None:
                    raise CannotStart(f"{service.name} {_ending(status, service.log)}")
            if time.monotonic() > deadline:
                raise CannotStart(f"{waiting[0].name} was not ready within {patience:.0f} s (log: {waiting[0].log})")
            self.bell.wait(0.1)
            if self.bell.asked_to_stop:
                raise Stopped

    def watch(self, home: Path) -> None:
        """Returns when asked to stop. Until then whatever crashed is started again, after a pause.

        Raises CannotStart when `home` is deleted: without its data the stack would only haunt the ports.
        """
        while not self.bell.asked_to_stop:
            if not home.exists():
                raise CannotStart(f"{home} is gone: stopped")
            self._reap_orphans()
            for service in self.services:
                self._look_after(service)
            self.bell.wait(self._next_look())

    def stop(self) -> None:
        """Ends every service, the last layer first, then whatever they left behind."""
        for layer in sorted({service.layer for service in self.services}, reverse=True):
            running = [s for s in self.services if s.layer == layer and s.process is not None]
            with ThreadPoolExecutor(max(1, len(running))) as pool:
                list(pool.map(_end, running))
            self._end_orphans()
        self.services.clear()

    def _look_after(self, service: Service) -> None:
        if self.bell.asked_to_stop:
            return
        if service.again_at is not None:
            if time.monotonic() >= service.again_at:
                service.again_at = None
                self._launch(service)
        elif service.process is not None and (status := service.process.poll()) is not None:
            self._crashed(service, _ending(status, service.log))

    def _launch(self, service: Service) -> None:
        try:
            service.process = service.start()
        except CannotStart as failure:
            if not service.crashes:
                raise
            self._crashed(service, str(failure))
            return
        service.started_at = time.monotonic()
        self.on_change({s.name: s.process.pid for s in self.services if s.process is not None})

    def _crashed(self, service: Service, how: str) -> None:
        if service.process is not None and time.monotonic() - service.started_at > HEALTHY_AFTER:
            service.crashes = 0
        service.crashes += 1
        service.process = None
        pause = min(LONGEST_PAUSE, 0.5 * 2 ** (service.crashes - 1))
        service.again_at = time.monotonic() + pause
        self.say(f"{service.name} {how}; started again in {pause:.1f} s")
        self._end_orphans()

    def _next_look(self) -> float:
        due = [s.again_at - time.monotonic() for s in self.services if s.again_at is not None]
        return max(0.0, min([*due, LOOK_EVERY]))

    def _orphans(self) -> list[int]:
        ours = {s.process.pid for s in self.services if s.process is not None}
        return [pid for pid in children(os.getpid()) if pid not in ours | self.strangers]

    def _reap_orphans(self) -> None:
        for pid in self._orphans():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def _end_orphans(self) -> None:
        """What a service started and did not end is ours by now: see `_adopt_orphans`."""
        deadline = time.monotonic() + 5
        while (orphans := self._orphans()) and time.monotonic() < deadline:
            for pid in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._reap_orphans()
            time.sleep(0.02)


def _end(service: Service) -> None:
    if service.process is not None:
        stop(service.process, service.ladder)
        service.process = None


def _ending(status: int, log: Path) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name} (log: {log})"
    return f"ended with status {status}: {last_lines(log, 1)} (log: {log})"


def _adopt_orphans() -> None:
    """On Linux, whatever our descendants leave behind becomes our child instead of init's."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
