"""A job that wants too much gets an error or its end, and the one beside it notices nothing."""

import asyncio
import json
import os
from typing import Any

import pytest

from stillroom_worker.sandbox import Limits, cgroup

MIB = 1024**2


async def test_a_fork_bomb_ends_at_the_limit_and_another_job_starts_meanwhile(place: Any) -> None:
    bomb = await place.start(
        """
        children = 0
        while True:
            try:
                if os.fork() == 0:
                    time.sleep(60)
                    os._exit(0)
                children += 1
            except OSError as error:
                tell([children, errno.errorcode[error.errno]])
                time.sleep(60)
        """,
        limits=Limits(processes=40),
    )
    if not place.counts_processes(bomb):
        await bomb.verify_gone()
        pytest.skip("without a uid, a namespace or a control group of its own nothing counts its processes")
    line = await asyncio.wait_for(bomb.events.readline(), 20)
    children, error = json.loads(line)
    assert error == "EAGAIN"
    assert children <= 48
    assert await place.ask("tell(1 + 1)") == 2
    await bomb.verify_gone()


async def test_one_processs_address_space_ends_in_a_memory_error(place: Any) -> None:
    answer = await place.ask(
        """
        held = []
        try:
            while True:
                held.append(bytearray(16 * 1024 * 1024))
        except MemoryError:
            mib = len(held) * 16
            held.clear()
            tell(mib)
        """,
        limits=Limits(address_space_bytes=512 * MIB),
    )
    assert 300 < answer < 512


async def test_a_job_over_its_memory_is_ended_by_the_kernel_and_says_so(place: Any) -> None:
    if cgroup_is_missing():
        pytest.skip("no control group can be had here")
    result = await place.run(
        """
        held = []
        for _ in range(200):
            block = bytearray(os.urandom(1024 * 1024)) * 4
            held.append(block)
        """,
        limits=Limits(memory_bytes=128 * MIB),
    )
    assert result.prisoner.limit_hit() == "memory"
    assert result.status != 0


async def test_a_flood_of_empty_files_is_ended_too(place: Any) -> None:
    if cgroup_is_missing() or place.level.value != "bwrap":
        pytest.skip("needs a control group, and a /tmp in memory")
    result = await place.run(
        "for number in range(1_000_000): os.close(os.open(f'/tmp/{number}', os.O_CREAT))",
        limits=Limits(memory_bytes=64 * MIB),
    )
    assert result.prisoner.limit_hit() == "memory"


async def test_one_file_may_not_grow_past_its_limit(place: Any) -> None:
    answer = await place.ask(
        """
        def fill():
            with open(os.path.join(os.environ["HOME"], "big"), "wb", buffering=0) as file:
                for _ in range(64):
                    file.write(bytes(1024 * 1024))
        tell(attempt(fill))
        """,
        limits=Limits(file_bytes=8 * MIB),
    )
    assert answer == "EFBIG"


async def test_the_temporary_folder_has_an_end(place: Any) -> None:
    if place.level.value != "bwrap":
        pytest.skip("only there is /tmp a file system of the job's own")
    answer = await place.ask(
        """
        def fill():
            for number in range(64):
                with open(f"/tmp/{number}", "wb", buffering=0) as file:
                    file.write(bytes(1024 * 1024))
        tell(attempt(fill))
        """,
        limits=Limits(tmp_bytes=16 * MIB),
    )
    assert answer == "ENOSPC"


async def test_descriptors_are_counted(place: Any) -> None:
    answer = await place.ask(
        """
        held = []
        def many():
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        said = attempt(many)
        tell([said, len(held)])
        """,
        limits=Limits(open_files=64),
    )
    assert answer[0] == "EMFILE"
    assert answer[1] < 64


@pytest.mark.parametrize("place", ["bwrap"], indirect=True)  # two seconds each
async def test_a_spinning_processor_is_stopped_and_says_so(place: Any) -> None:
    result = await place.run("while True: pass", limits=Limits(cpu_seconds=1))
    assert result.prisoner.limit_hit() == "cpu"


@pytest.mark.parametrize("place", ["landlock"], indirect=True)  # two seconds each
async def test_one_that_ignores_the_warning_is_killed_a_second_later(place: Any) -> None:
    result = await place.run(
        """
        import signal
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        while True: pass
        """,
        limits=Limits(cpu_seconds=1),
    )
    assert result.status == -9


async def test_a_limit_cannot_be_raised_again(place: Any) -> None:
    answer = await place.ask(
        """
        import resource
        def more():
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        try:
            more()
            tell("raised")
        except (ValueError, OSError):
            tell("refused")
        """
    )
    assert answer == "refused"


async def test_no_core_is_left(place: Any) -> None:
    result = await place.run("os.abort()")
    assert result.status == -6
    assert [path.name for path in place.checkout.iterdir()] == ["env.py"]


def cgroup_is_missing() -> bool:
    group = cgroup.create(Limits())
    if group is None:
        return True
    group.remove()
    return group.memory is None


def test_an_abandoned_group_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    if cgroup_is_missing():
        pytest.skip("no control group can be had here")
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: 4_194_305)  # above any pid that there is
        group = cgroup.create(Limits())
    assert group is not None
    cgroup.sweep()
    assert not any(folder.exists() for folder in group.folders)
