"""However a job ends, nothing of it is left."""

import asyncio
import os
import secrets
import signal
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillroom_worker.sandbox import CellFailed, Limits

DAEMON = """
def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv("/bin/sleep", ["sleep", MARKER])
        os._exit(0)
    os.wait()
"""


@pytest.fixture
def marker() -> str:
    """A number of seconds that nobody else sleeps."""
    return f"9{secrets.randbelow(10**9):09d}"


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_daemon_does_not_outlive_the_program(place: Any, marker: str, processes: Any) -> None:
    result = await place.run(f"MARKER = {marker!r}" + textwrap.dedent(DAEMON) + "daemon()\ntell('done')")
    assert result.told == "done"
    assert processes(f"\0{marker}") == []


async def test_a_kill_reaches_what_left_the_group(place: Any, marker: str, processes: Any) -> None:
    prisoner = await place.start(
        f"MARKER = {marker!r}" + textwrap.dedent(DAEMON) + "daemon()\ntell('done')\ntime.sleep(60)"
    )
    await prisoner.events.readline()
    await until(lambda: bool(processes(f"\0{marker}")))
    prisoner.signal(signal.SIGKILL)
    assert await asyncio.wait_for(prisoner.wait(), 5) == -signal.SIGKILL
    await prisoner.verify_gone()
    assert processes(f"\0{marker}") == []


async def test_a_request_to_end_reaches_the_whole_group(place: Any) -> None:
    prisoner = await place.start(
        """
        import signal
        def stop(*_):
            tell("asked")
            if child:
                os.waitpid(child, 0)  # once the first program ends, what is left of its group is killed
            sys.exit(3)
        child = os.fork()
        signal.signal(signal.SIGTERM, stop)
        tell("ready")
        for _ in range(600):  # a signal just before a long sleep would be heard only after it
            time.sleep(0.1)
        """
    )
    for _ in range(2):
        assert await prisoner.events.readline() == b'"ready"\n'
    prisoner.terminate()
    assert await asyncio.wait_for(prisoner.wait(), 30) == 3
    assert await prisoner.events.read() == b'"asked"\n' * 2
    await prisoner.verify_gone()


async def test_one_that_ignores_the_request_is_killed(place: Any) -> None:
    prisoner = await place.start(
        """
        import signal
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        tell("ready")
        time.sleep(60)
        """
    )
    await prisoner.events.readline()
    prisoner.terminate()
    prisoner.terminate()
    assert prisoner.returncode is None
    prisoner.kill()
    assert await asyncio.wait_for(prisoner.wait(), 5) == -signal.SIGKILL
    await prisoner.verify_gone()


async def test_verifying_ends_what_still_runs_and_closes_the_streams(place: Any, marker: str, processes: Any) -> None:
    prisoner = await place.start(f"os.execv('/bin/sleep', ['sleep', {marker!r}])")
    await until(lambda: bool(processes(f"\0{marker}")))
    await prisoner.verify_gone()
    assert processes(f"\0{marker}") == []
    assert await asyncio.wait_for(prisoner.stdout.read(), 5) == b""
    assert await asyncio.wait_for(prisoner.events.read(), 5) == b""
    await prisoner.verify_gone()  # twice is once


async def test_two_may_wait_for_the_same_end(place: Any) -> None:
    prisoner = await place.start("time.sleep(0.2); sys.exit(4)")
    assert await asyncio.gather(prisoner.wait(), prisoner.wait()) == [4, 4]
    await prisoner.verify_gone()


async def test_a_stopped_program_can_be_killed(place: Any) -> None:
    prisoner = await place.start("tell('ready'); os.kill(0, 19)")
    await prisoner.events.readline()
    await prisoner.verify_gone()
    assert prisoner.returncode == -signal.SIGKILL


async def test_a_fork_bomb_can_be_ended(place: Any, marker: str, processes: Any) -> None:
    prisoner = await place.start(
        f"""
        marker = {marker!r}  # in the command line of every one of them
        tell("ready")
        while True:
            try:
                if os.fork() == 0:
                    os.setsid()
            except OSError:
                pass
        """,
        limits=Limits(processes=30),
    )
    if not place.counts_processes(prisoner):
        await prisoner.verify_gone()
        pytest.skip("nothing counts its processes here")
    await prisoner.events.readline()
    await until(lambda: len(processes(marker)) > 5, 20)
    await prisoner.verify_gone()
    assert processes(marker) == []


WORKER = """
import asyncio, sys
from pathlib import Path
from stillroom_worker.sandbox import Cell, Level, landlock, start
if sys.argv[4] == "shared":
    landlock.has_own_network = lambda: False
async def main():
    folder = Path(sys.argv[2])
    cell = Cell(argv=("/bin/sh", "-c", "setsid sleep $MARKER & sleep $MARKER"), env={"MARKER": sys.argv[3]},
                cwd=folder, read_only=(folder,), files={"key": b"secret"})
    await start(cell, Level(sys.argv[1]))
    print("started", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_a_killed_worker_takes_its_job_and_its_secret_files_with_it(
    place: Any, marker: str, processes: Any, request: pytest.FixtureRequest
) -> None:
    private = place.folder / "private"
    private.mkdir(mode=0o755)
    private.chmod(0o1777)
    shared = "shared" if "shared" in request.node.name else ""
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WORKER, place.level.value, str(place.checkout), marker, shared),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(private)},
    )
    assert worker.stdout is not None
    assert await asyncio.wait_for(worker.stdout.readline(), 10) == b"started\n"
    sleepers = f"sleep\0{marker}"
    await until(lambda: len(processes(sleepers)) == 2)
    worker.kill()
    await worker.wait()
    await until(lambda: not processes(sleepers), 2)
    await until(lambda: list(private.iterdir()) == [])


async def test_a_cell_that_fails_to_start_leaves_nothing(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    private = place.folder / "private"
    private.mkdir(mode=0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(private))
    with pytest.raises(CellFailed):
        await place.start("", python=Path("/usr/bin/no-such-python"), files={"a": b"secret"})
    assert list(private.iterdir()) == []
