"""The warden: prepares the cell, starts the tenant's program in it, and answers for its end.

It stands between the worker and the program in every level. It forwards the database's port, passes signals
to the program's process group, ends what the program leaves behind, and ends everything when the worker
is gone. It runs none of the tenant's code.
"""

import contextlib
import itertools
import json
import os
import selectors
import signal
import sys
import time
from typing import Any, NoReturn

from . import confine, family, kernel, netspace
from .forward import Forwarder

GO = b"G"
_DRAIN_SECONDS = 0.5
# So that a job which takes every processor leaves the worker enough of them to stop it.
_NICENESS = 10
_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Warden:
    """One program's keeper. `spec` is what `launch.py` writes."""

    def __init__(self, spec: dict[str, Any], control: int, status: int) -> None:
        self._spec = spec
        self._control = control
        self._status = status
        self._selector = selectors.DefaultSelector()
        self._forwarder: Forwarder | None = None
        self._child = 0
        self._ended: int | None = None

    def run(self) -> int:
        """Prepare, start, serve until the program has ended; the exit status to end with."""
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        if os.read(self._control, 1) != GO:
            return 1  # the worker went away before it had counted us in
        if self._spec["own_network"]:
            netspace.enter()
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # our descriptors are nobody else's to open
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # they are for the program
        if self._spec["forward_to"]:
            self._forwarder = Forwarder(self._selector, self._spec["forward_to"])
        self._watch_children()
        self._child = self._start()
        self._say({"started": self._child})
        self._serve()
        self._finish()
        return 0

    def _watch_children(self) -> None:
        reading, writing = os.pipe()
        for end in (reading, writing):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        self._selector.register(reading, selectors.EVENT_READ, "child")
        self._selector.register(self._control, selectors.EVENT_READ, "control")

    def _start(self) -> int:
        """Fork and wait until the program runs; raises OSError with what kept it from running."""
        trouble, report = os.pipe()
        child = os.fork()
        if child == 0:
            self._become(report)
        os.close(report)
        said = b""
        while piece := os.read(trouble, 4096):
            said += piece
        os.close(trouble)
        if said:
            os.waitpid(child, 0)
            raise OSError(said.decode(errors="replace"))
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        for number in (null, self._spec["request_fd"], self._spec["events_fd"]):
            os.close(number)
        return child

    def _become(self, report: int) -> NoReturn:
        """In the child: give everything up, then execute the program."""
        try:
            signal.set_wakeup_fd(-1)
            for number in _RESTORED:
                signal.signal(number, signal.SIG_DFL)
            os.setpgid(0, 0)
            os.nice(_NICENESS)
            os.chdir(self._spec["cwd"])
            _close_all_but({0, 1, 2, report, self._spec["request_fd"], self._spec["events_fd"]})
            self._give_up()
            argv = self._spec["argv"]
            os.execvpe(argv[0], argv, self._spec["env"])  # noqa: S606 - this is what the sandbox is for
        except BaseException as error:  # noqa: BLE001 - whatever it is, the worker must read it
            os.write(report, f"{type(error).__name__}: {error}".encode(errors="replace"))
        os._exit(127)

    def _give_up(self) -> None:
        spec = self._spec
        confine.set_limits(spec["limits"])
        if spec["drop_capabilities"]:
            confine.drop_capabilities()
        if spec["no_new_privileges"]:
            confine.no_new_privileges()
        if spec["landlock"] is not None:
            confine.landlock(spec["landlock"])
        if spec["seccomp"]:
            confine.seccomp(spec["seccomp"])

    def _serve(self) -> None:
        while self._ended is None:
            for key, events in self._selector.select():
                if key.data == "child":
                    _drain(key.fd)
                    self._ended = family.reap().get(self._child, self._ended)
                elif key.data == "control":
                    self._obey(os.read(self._control, 64))
                elif self._forwarder is not None:
                    self._forwarder.handle(key, events)

    def _obey(self, orders: bytes) -> None:
        """Each byte is a signal for the program's group; SIGKILL and the worker's absence end everything."""
        if not orders:
            self._end_all()
            self._clear()
            os._exit(1)
        for number in orders:
            if number == signal.SIGKILL:
                self._end_all()
                continue
            with contextlib.suppress(OSError):
                os.killpg(self._child, number)

    def _clear(self) -> None:
        """Delete the job's private folder, which the worker can no longer do: secret files lie in it."""
        if self._spec["private"]:
            import shutil  # seldom needed, and slow to import

            shutil.rmtree(self._spec["private"], ignore_errors=True)

    def _end_all(self) -> None:
        with contextlib.suppress(OSError):
            os.kill(self._child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            if self._ended is None:
                self._ended = os.waitpid(self._child, 0)[1]
        family.kill_descendants(os.getpid(), whole_uid=self._spec["own_uid"])

    def _finish(self) -> None:
        """The program has ended: let its last bytes reach the database, end what it left, and report."""
        deadline = time.monotonic() + _DRAIN_SECONDS
        while self._forwarder is not None and not self._forwarder.is_idle and time.monotonic() < deadline:
            for key, events in self._selector.select(0.02):
                if not isinstance(key.data, str):
                    self._forwarder.handle(key, events)
        if not self._spec["own_pids"]:  # a namespace of processes ends with its first one
            family.kill_descendants(os.getpid(), whole_uid=self._spec["own_uid"])
        ended = self._ended if self._ended is not None else 0
        self._say({"exit": os.waitstatus_to_exitcode(ended)})

    def _say(self, word: dict[str, Any]) -> None:
        say(self._status, word)


def say(status: int, word: dict[str, Any]) -> None:
    """Tell the worker; it may be gone."""
    with contextlib.suppress(OSError):
        os.write(status, json.dumps(word).encode() + b"\n")


def main() -> int:
    """Read `<spec> <control> <status>` (descriptor numbers) from argv and be the warden.

    With `--try-network` only say, by the exit status, whether a network of its own can be had.
    """
    if sys.argv[1:] == ["--try-network"]:
        netspace.enter()
        return 0
    spec_fd, control, status = (int(word) for word in sys.argv[1:4])
    for number in (spec_fd, control, status):
        os.set_inheritable(number, False)
    with os.fdopen(spec_fd, "rb") as file:
        spec = json.load(file)
    try:
        return Warden(spec, control, status).run()
    except OSError as error:
        say(status, {"failed": str(error)})
        return 1


def _close_all_but(kept: set[int]) -> None:
    """Close every other descriptor. Never an empty range: Python 3.11 takes (0, 0) for all of them."""
    bounds = [-1, *sorted(kept), 1 << 20]
    for before, after in itertools.pairwise(bounds):
        if before + 1 < after:
            os.closerange(before + 1, after)


def _drain(number: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(number, 4096):
            pass
