"""The supervisor over real processes: crashes, back-off, order of stopping, nothing left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stillroom_cli.embedded.processes import CannotStart, Rung, start_guarded
from stillroom_cli.stack.bell import hung
from stillroom_cli.stack.running import ProcessIdentity, end_leftover, identify
from stillroom_cli.stack.supervisor import Service, Supervisor

POLITE = (Rung(signal.SIGTERM, 5, whole_group=False),)


def _service(folder: Path, name: str, script: str, layer: int = 0) -> Service:
    log = folder / f"{name}.log"

    def start() -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-c", script, str(folder / "order")]
        return start_guarded(argv, env=dict(os.environ), cwd=folder, log=log)

    return Service(name, layer, log, start, POLITE)


SLEEPER = "import time; time.sleep(600)"
NOTES_ITS_END = """
import signal, sys, time
def end(*_):
    with open(sys.argv[1], "a") as file: file.write("{name}\\n")
    raise SystemExit
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(600)
"""


def test_a_crashed_child_is_started_again_and_it_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    with hung() as bell:
        bell.listen()
        supervisor = Supervisor(bell, said.append, lambda _pids: None)
        service = _service(tmp_path, "program", SLEEPER)
        supervisor.start(service)
        assert service.process is not None
        first = service.process.pid
        other = threading.Thread(
            target=_kill_then_stop, args=(first, lambda: service.process and service.process.pid != first)
        )
        other.start()
        supervisor.watch(tmp_path)
        other.join()
        assert service.process is not None
        second = service.process.pid
        supervisor.stop()
    assert second != first
    assert len(said) == 1
    assert "program was ended by SIGKILL" in said[0]
    assert not _lives(second)


def test_the_pauses_between_crashes_grow(tmp_path: Path) -> None:
    said: list[str] = []
    with hung() as bell:
        bell.listen()
        supervisor = Supervisor(bell, said.append, lambda _pids: None)
        supervisor.start(_service(tmp_path, "broken", "import sys; sys.exit('no such thing')"))
        stopper = threading.Thread(target=_stop_when, args=(lambda: len(said) >= 2,))
        stopper.start()
        supervisor.watch(tmp_path)
        stopper.join()
        supervisor.stop()
    assert "no such thing" in said[0]
    assert [text.rpartition("again in ")[2] for text in said[:2]] == ["0.5 s", "1.0 s"]


def test_what_ends_while_starting_is_named_with_its_last_words(tmp_path: Path) -> None:
    with hung() as bell:
        supervisor = Supervisor(bell, print, lambda _pids: None)
        service = _service(tmp_path, "broken", "import sys; sys.exit('the reason')")
        service.ready = lambda: False
        supervisor.start(service)
        with pytest.raises(CannotStart, match="broken ended with status 1: the reason"):
            supervisor.wait_ready([service], 20)
        supervisor.stop()


def test_programs_end_before_the_servers_they_talk_to(tmp_path: Path) -> None:
    with hung() as bell:
        bell.listen()
        supervisor = Supervisor(bell, print, lambda _pids: None)
        services = [
            _service(tmp_path, name, NOTES_ITS_END.replace("{name}", name), layer)
            for name, layer in (("server", 0), ("program", 1))
        ]
        for service in services:
            service.ready = lambda log=service.log: "up" in log.read_text()
            supervisor.start(service)
        supervisor.wait_ready(services, 20)
        supervisor.stop()
    assert (tmp_path / "order").read_text().split() == ["program", "server"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="orphans are adopted on Linux only")
def test_a_grandchild_that_left_its_group_does_not_stay_behind(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], "
        "start_new_session=True)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with hung() as bell:
        bell.listen()
        supervisor = Supervisor(bell, print, lambda _pids: None)
        service = _service(tmp_path, "parent", script)
        service.ready = lambda: service.log.read_text().endswith("\n")
        supervisor.start(service)
        supervisor.wait_ready([service], 20)
        grandchild = int(service.log.read_text())
        assert _lives(grandchild)
        supervisor.stop()
    assert not _lives(grandchild)


def test_children_that_were_there_before_are_nobody_elses_to_end(tmp_path: Path) -> None:
    before = subprocess.Popen([sys.executable, "-c", SLEEPER])
    try:
        with hung() as bell:
            bell.listen()
            supervisor = Supervisor(bell, print, lambda _pids: None)
            supervisor.start(_service(tmp_path, "program", SLEEPER))
            supervisor.stop()
        assert before.poll() is None
    finally:
        before.kill()
        before.wait()


def test_a_leftover_is_recognised_by_number_and_start_time() -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", SLEEPER], start_new_session=True)
    who = identify(sleeper.pid)
    reaper = threading.Thread(target=sleeper.wait)
    reaper.start()
    assert not end_leftover(ProcessIdentity(sleeper.pid, "another time"))
    assert who.lives()
    assert end_leftover(who)
    reaper.join()
    assert not who.lives()


def _kill_then_stop(pid: int, again: Callable[[], object]) -> None:
    os.kill(pid, signal.SIGKILL)
    _stop_when(again)


def _stop_when(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGTERM)


def _lives(pid: int) -> bool:
    return identify(pid).started != ""
