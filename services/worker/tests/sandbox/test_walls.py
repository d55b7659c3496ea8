"""What a hostile program in a cell can see and reach: nothing of the worker's, nothing of the host's."""

import asyncio
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stillroom_worker.sandbox import Level, landlock


async def test_no_other_process_shows_its_environment(walls: Any) -> None:
    seen = await walls.ask(
        """
        found = {}
        for pid in (p for p in (attempt(os.listdir, "/proc") or []) if p.isdigit()):
            try:
                if int(pid) != os.getpid() and (text := open(f"/proc/{pid}/environ").read()):
                    found[pid] = text
            except OSError:
                pass
        tell(found)
        """
    )
    assert seen == {}


async def test_the_first_process_of_a_cell_names_no_path_of_the_host(walls: Any) -> None:
    words = await walls.ask(
        """
        try:
            tell(open("/proc/1/cmdline").read().split("\\0"))
        except OSError:
            tell([])
        """,
        files={"key": b"very-secret"},
    )
    assert not any("checkout" in word or "very-secret" in word for word in words)


async def test_files_outside_are_not_there(walls: Any) -> None:
    other_job = walls.folder / "other-job"
    other_job.mkdir()
    (other_job / "secret").write_text("secret")
    files, folders = await walls.ask(
        f"""
        def reads(path): return open(path).read()
        tell([[attempt(reads, path) for path in ("{other_job}/secret", "/etc/shadow", "/proc/self/mem")],
              [attempt(os.listdir, path) for path in ("/root", "/home", "{other_job}", "/var", "/sys")]])
        """
    )
    assert set(files) <= {"ENOENT", "EACCES", "EIO"}
    # A Python that lives below one of them (/root/.pyenv) needs the way to it, and nothing beside the way.
    way = [[part] for part in Path(sys.base_prefix).resolve().parts]
    assert all(found in ("ENOENT", "EACCES", *way) for found in folders), folders


async def test_the_checkout_can_be_read_and_not_written(walls: Any) -> None:
    answers = await walls.ask(
        """
        def writes(path, mode):
            with open(path, mode) as file:
                return file.write("x")
        tell([open("env.py").read(), attempt(writes, "env.py", "a"), attempt(writes, "new.py", "w"),
              attempt(os.mkdir, "folder"), attempt(os.unlink, "env.py"), attempt(os.rename, "env.py", "b.py"),
              attempt(os.chmod, "env.py", 0o777), attempt(os.truncate, "env.py", 0)])
        """
    )
    assert answers[0] == "hello"
    assert set(answers[1:]) <= {"EROFS", "EACCES", "EPERM"}


async def test_what_the_program_has_is_its_own_variables_and_a_shells_few(walls: Any) -> None:
    seen = await walls.ask("tell(dict(os.environ))", env={"DATABASE_URL": "postgresql://x", "PATH": "/x"})
    assert seen.pop("DATABASE_URL") == "postgresql://x"
    assert seen.pop("PATH") == "/x"
    assert set(seen) == {"HOME", "LANG", "PYTHONDONTWRITEBYTECODE", "STILLROOM_FILES", "TMPDIR"}


async def test_only_five_descriptors_are_open(walls: Any) -> None:
    unwanted = os.open("/", os.O_RDONLY)
    os.set_inheritable(unwanted, True)
    try:
        answer = await walls.ask(
            """
            def is_open(number):
                return isinstance(attempt(os.fstat, number), os.stat_result)
            tell([sorted(n for n in range(1024) if is_open(n)), sorted([0, 1, 2, request, events])])
            """
        )
    finally:
        os.close(unwanted)
    assert answer[0] == answer[1]


async def test_no_capability_is_left_and_none_can_be_had(walls: Any) -> None:
    answer = await walls.ask(
        """
        import struct
        libc = ctypes.CDLL(None, use_errno=True)
        data = ctypes.create_string_buffer(24)
        libc.capget(struct.pack("Ii", 0x20080522, 0), data)
        tell([sum(data.raw), libc.prctl(39, 0, 0, 0, 0), os.getuid() == 0])
        """
    )
    own_uid = walls.living[-1].uid is not None or walls.level is Level.BWRAP or landlock.has_own_network()
    shares_roots_uid = os.geteuid() == 0 and not own_uid
    assert answer == [0, 1, shares_roots_uid]


REFUSED_CALLS = {
    "unshare": "libc.unshare(0x10000000)",
    "unshare of the network": "libc.unshare(0x40000000)",
    "mount": "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)",
    "umount": "libc.umount2(b'/tmp', 0)",
    "ptrace": "libc.ptrace(0, 0, 0, 0)",
    "setns": "libc.setns(0, 0)",
    "bpf": "libc.syscall(number('bpf'), 0, None, 0)",
    "io_uring": "libc.syscall(425, 1, None)",
    "keyctl": "libc.syscall(number('keyctl'), 0, -3, 0)",
    "userfaultfd": "libc.syscall(number('userfaultfd'), 0)",
    "process_vm_readv": "libc.syscall(number('process_vm_readv'), 1, None, 0, None, 0, 0)",
    "clone with a user namespace": "libc.syscall(number('clone'), 0x10000011, 0, 0, 0, 0)",
    "personality": "libc.personality(0x0040000)",
    "TIOCSTI": "libc.ioctl(0, ctypes.c_ulong(0x5412), b'x')",
    "TIOCSTI with an upper half": "libc.ioctl(0, ctypes.c_ulong(0x100005412), b'x')",
    "open_by_handle_at": "libc.open_by_handle_at(-100, None, 0)",
}
NUMBERS = {
    "x86_64": {"bpf": 321, "keyctl": 250, "userfaultfd": 323, "process_vm_readv": 310, "clone": 56},
    "aarch64": {"bpf": 280, "keyctl": 219, "userfaultfd": 282, "process_vm_readv": 270, "clone": 220},
}


async def test_doors_into_the_kernel_are_shut(walls: Any) -> None:
    calls = ", ".join(f"{name!r}: lambda: {call}" for name, call in REFUSED_CALLS.items())
    answers = await walls.ask(
        f"""
        libc = ctypes.CDLL(None, use_errno=True)
        numbers = {NUMBERS!r}[os.uname().machine]
        number = numbers.__getitem__
        def why(call):
            ctypes.set_errno(0)
            return errno.errorcode.get(ctypes.get_errno()) if call() < 0 else "allowed"
        tell({{name: why(call) for name, call in {{{calls}}}.items()}})
        """
    )
    assert answers == dict.fromkeys(REFUSED_CALLS, "EPERM")


async def test_only_sockets_that_lead_nowhere_can_be_made(walls: Any) -> None:
    answers = await walls.ask(
        """
        families = {"vsock": 40, "netlink": 16, "packet": 17, "alg": 38, "upper half": 0x100000028}
        libc = ctypes.CDLL(None, use_errno=True)
        libc.socket.argtypes = [ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong]
        def make(family):
            return "made" if libc.socket(family, 1, 0) >= 0 else errno.errorcode[ctypes.get_errno()]
        tell({name: make(number) for name, number in families.items()})
        """
    )
    assert set(answers.values()) == {"EAFNOSUPPORT"}


@pytest.fixture
def listeners(folder: Path) -> Iterator[dict[str, Any]]:
    """A TCP port, a socket at a path and one under an abstract name, all of the worker's."""
    made = {
        "tcp": socket.create_server(("127.0.0.1", 0)),
        "path": socket.socket(socket.AF_UNIX),
        "abstract": socket.socket(socket.AF_UNIX),
    }
    made["path"].bind(str(folder / "checkout" / "redis.sock"))
    (folder / "checkout" / "redis.sock").chmod(0o777)
    made["abstract"].bind(f"\0stillroom-test-{os.getpid()}-{threading.get_ident()}")
    for name in ("path", "abstract"):
        made[name].listen()
    yield {
        "port": made["tcp"].getsockname()[1],
        "path": str(folder / "checkout" / "redis.sock"),
        "abstract": made["abstract"].getsockname().decode(),
    }
    for listener in made.values():
        listener.close()


async def test_nothing_listens_within_reach(walls: Any, listeners: dict[str, Any]) -> None:
    answers = await walls.ask(
        f"""
        def connect(family, target, kind=socket.SOCK_STREAM):
            with socket.socket(family, kind) as handle:
                handle.settimeout(2)
                handle.connect(target)
                return "reached"
        def datagram_pair():
            here, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            here.connect({listeners["abstract"]!r})
            return "reached"
        def fast_open():
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as handle:
                handle.settimeout(2)
                handle.sendto(b"x", 0x20000000, ("127.0.0.1", {listeners["port"]}))
                return "reached"
        inet, datagram = socket.AF_INET, socket.SOCK_DGRAM
        tell([
            attempt(connect, inet, ("127.0.0.1", {listeners["port"]})),
            attempt(connect, socket.AF_INET6, ("::ffff:127.0.0.1", {listeners["port"]})),
            attempt(connect, inet, ("169.254.169.254", 80)),
            attempt(connect, inet, ("192.0.2.1", 443)),
            attempt(connect, inet, ("192.0.2.1", 53), datagram),
            attempt(connect, socket.AF_UNIX, {listeners["abstract"]!r}),
            attempt(fast_open),
            attempt(datagram_pair),
        ])
        """
    )
    assert "reached" not in answers


async def test_a_unix_socket_outside_cannot_be_reached_by_its_path(
    walls: Any, listeners: dict[str, Any], folder: Path
) -> None:
    elsewhere = folder / "elsewhere.sock"
    Path(listeners["path"]).rename(elsewhere)
    answer = await walls.ask(
        f"""
        def connect():
            with socket.socket(socket.AF_UNIX) as handle:
                handle.connect({str(elsewhere)!r})
                return "reached"
        tell(attempt(connect))
        """
    )
    assert answer in {"ENOENT", "EAFNOSUPPORT", "EACCES"}


async def test_the_worker_can_be_neither_signalled_nor_changed(walls: Any) -> None:
    answers = await walls.ask(
        f"""
        import resource
        worker = {os.getpid()}
        tell([attempt(os.kill, worker, 0), attempt(resource.prlimit, worker, resource.RLIMIT_NOFILE),
              attempt(os.sched_setaffinity, worker, {{0}}),
              attempt(os.setpriority, os.PRIO_PROCESS, worker, 19)])
        """
    )
    assert set(answers) <= {"ESRCH", "EPERM", "EACCES"}


async def test_secret_files_are_readable_inside_and_gone_afterwards(place: Any) -> None:
    result = await place.run(
        """
        folder = os.environ["STILLROOM_FILES"]
        path = os.path.join(folder, "keys/service.json")
        tell([path, open(path).read(), oct(os.stat(path).st_mode & 0o777), os.environ["KEY"]])
        """,
        files={"keys/service.json": b'{"key": 1}'},
        env={"KEY": "{{files}}/keys/service.json"},
    )
    path, content, mode, named = result.told
    assert named == path
    assert (content, mode) == ('{"key": 1}', "0o400")
    assert not Path(path).exists()


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "", "a\0b"])
async def test_a_secret_file_cannot_stand_outside_its_folder(place: Any, path: str) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        await place.start("", files={path: b""})


async def test_the_working_folder_must_be_among_what_the_cell_may_see(place: Any) -> None:
    outside = place.folder / "outside"
    outside.mkdir()
    link = place.checkout / "project"
    link.symlink_to(outside)
    with pytest.raises(ValueError, match="does not lie"):
        await place.start("", cwd=link)


async def test_home_is_writable_and_nothing_of_it_outlives_the_job(place: Any) -> None:
    write = """
    path = os.path.join(os.environ["HOME"], "left")
    found = os.path.exists(path)
    open(path, "w").write("x")
    import tempfile
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
    tell([path, found])
    """
    path, _ = await place.ask(write)
    assert not Path(path).exists()
    assert (await place.ask(write))[1] is False


async def test_two_jobs_do_not_see_each_other(walls: Any) -> None:
    first = await walls.start("tell(os.getpid()); time.sleep(60)")
    await first.events.readline()
    answers = await walls.ask(
        """
        def everyone(): os.kill(-1, 15)
        tell([attempt(everyone), attempt(os.listdir, "/proc")])
        """
    )
    assert first.returncode is None
    assert first.process.returncode is None
    if isinstance(answers[1], list):
        assert len([name for name in answers[1] if name.isdigit()]) <= 3
    await first.verify_gone()


async def test_the_network_of_one_job_is_not_that_of_another(walls: Any, folder: Path) -> None:
    if walls.level.value != "bwrap":
        pytest.skip("only there may a program listen")
    first = await walls.start(
        """
        with socket.create_server(("127.0.0.1", 7000)) as server:
            tell("listening")
            time.sleep(60)
        """
    )
    assert await asyncio.wait_for(first.events.readline(), 10) == b'"listening"\n'
    answer = await walls.ask("tell(attempt(socket.create_connection, ('127.0.0.1', 7000), 2))")
    assert answer == "ECONNREFUSED"
