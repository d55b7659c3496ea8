"""Request, events and output go their own ways; and how an end is told."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from stillroom_worker.sandbox import Cell, CellFailed, start


async def test_the_request_is_read_whole(place: Any) -> None:
    body = os.urandom(700_000)
    answer = await place.ask(
        """
        import hashlib
        with os.fdopen(request, "rb") as file:
            tell(hashlib.sha256(file.read()).hexdigest())
        """,
        request=body,
    )
    import hashlib

    assert answer == hashlib.sha256(body).hexdigest()


async def test_events_are_whole_while_the_outputs_are_noisy(place: Any) -> None:
    prisoner = await place.start(
        """
        for number in range(200):
            tell({"n": number})
            os.write(1, b"o" * 5000)
            os.write(2, b"e" * 5000)
        """
    )
    events, out, err = await asyncio.gather(prisoner.events.read(), prisoner.stdout.read(), prisoner.stderr.read())
    assert events.splitlines() == [b'{"n": %d}' % number for number in range(200)]
    assert out == b"o" * 1_000_000
    assert err == b"e" * 1_000_000
    assert await prisoner.wait() == 0


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("", 0),
        ("sys.exit(7)", 7),
        ("os.kill(os.getpid(), 11)", -signal.SIGSEGV),
        ("os.kill(os.getpid(), 9)", -signal.SIGKILL),
    ],
)
async def test_the_status_is_the_programs_own(place: Any, code: str, status: int) -> None:
    result = await place.run(code)
    assert result.status == status
    assert result.prisoner.returncode == status


async def test_a_program_that_is_not_there_is_told(place: Any) -> None:
    with pytest.raises(CellFailed, match="No such file"):
        await start(
            Cell(argv=("/usr/bin/no-such",), env={}, cwd=place.checkout, read_only=(place.checkout,)),
            place.level,
        )


async def test_a_folder_that_is_not_there_is_told(place: Any) -> None:
    missing = place.folder / "missing"
    with pytest.raises((CellFailed, ValueError)):
        await place.start("", see=(missing,), cwd=missing)


async def test_a_started_cell_leaves_no_descriptor_in_the_worker(place: Any) -> None:
    await place.run("")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        await place.run("")
    await asyncio.sleep(0)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


async def test_programs_may_start_programs(place: Any) -> None:
    answer = await place.ask(
        """
        import subprocess
        tell(subprocess.run(["sh", "-c", "echo $0; cat env.py"], capture_output=True, text=True).stdout)
        """
    )
    assert answer == "sh\nhello"


async def test_threads_and_a_loop_of_asyncio_work(place: Any) -> None:
    answer = await place.ask(
        """
        import asyncio, threading
        threading.Thread(target=time.sleep, args=(0,)).start()
        async def main():
            return await asyncio.to_thread(sum, [1, 2])
        tell(asyncio.run(main()))
        """
    )
    assert answer == 3


async def test_a_long_folder_name_is_no_hindrance(place: Any) -> None:
    deep = place.checkout / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    assert await place.ask("tell(os.getcwd())", cwd=deep) == str(deep)


async def test_a_secret_in_the_cell_does_not_show_in_its_repr(place: Any) -> None:
    cell = Cell(
        argv=("x",),
        env={"A": "hunter2"},
        cwd=Path("/"),
        read_only=(),
        files={"a": b"hunter2"},
        request=b"hunter2",
    )
    assert "hunter2" not in repr(cell)
