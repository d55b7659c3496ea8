"""git talks to a stranger's server behind a job's walls, and what it leaves is not believed."""

import asyncio
import json
import shlex
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from stillroom_core.projects.git_address import parse_git_url
from stillroom_worker.checkout import CheckoutFailed, Credential, FetchLimits, NewCommit, Repository, fetch, push, visit
from stillroom_worker.checkout.confined import Walls, run_confined
from stillroom_worker.checkout.process import git
from stillroom_worker.checkout.way_out import WayToServer
from stillroom_worker.sandbox import Level, address, examine, landlock

LOOPBACK = (ip_network("127.0.0.0/8"),)
CANARY = "canary-51c7-token"

PROBE = """
import json, os, pathlib, socket
def attempt(address):
    try:
        socket.create_connection(address, 2).close()
    except OSError as error:
        return type(error).__name__
    return "reached"
def ask(place):
    with socket.create_connection((%(host)r, %(port)d), 5) as handle:
        handle.settimeout(10)
        handle.sendall(f"CONNECT {place} HTTP/1.1\\r\\n\\r\\n".encode())
        return handle.recv(100).split(b" ")[1].decode()
def look(path):
    try:
        return os.listdir(path) if os.path.isdir(path) else open(path).read()
    except OSError as error:
        return type(error).__name__
def write(path):
    try:
        pathlib.Path(path).write_text("mine")
    except OSError as error:
        return type(error).__name__
    return "written"
found = {"reached": {str(one): attempt(tuple(one)) for one in %(closed)r}}
found["asked"] = {place: ask(place) for place in %(places)r}
found["seen"] = {path: look(path) for path in %(paths)r}
found["written"] = {path: write(path) for path in %(targets)r}
found["credential"] = look(os.environ["STILLROOM_FILES"] + "/credential")
print(json.dumps(found))
"""


async def to_loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture(params=["bwrap", "landlock", "landlock-shared"])
async def walls_level(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Level:
    """Each level that confines; landlock also as on a host that allows no network namespace."""
    if request.param == "landlock-shared":
        monkeypatch.setattr(landlock, "has_own_network", lambda: False)
    level = Level(request.param.partition("-")[0])
    reason = (await examine(level, work=tmp_path / "examined")).reason
    if reason:
        pytest.skip(f"this host has no {request.param}: {reason}")
    return level


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, list[Any]]]:
    """A server that remembers who called."""
    called: list[Any] = []

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.append(writer.get_extra_info("peername"))
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], called


async def test_from_the_cell_of_a_fetch_only_the_one_server_is_reached(walls_level: Level, tmp_path: Path) -> None:
    """Our own Valkey and PostgreSQL, the cloud's metadata service, other git servers, the worker's files (N01)."""
    mirror, landing = tmp_path / "mirror", tmp_path / "landing"
    (mirror / "objects").mkdir(parents=True)
    landing.mkdir()
    secret = tmp_path / "worker.env"
    secret.write_text(CANARY)
    async with listening() as (valkey, called), listening() as (postgres, called_too), listening() as (theirs, visits):
        location = parse_git_url(f"https://git.invalid:{theirs}/a/b", allow_local=False)
        closed = [("127.0.0.1", valkey), ("127.0.0.1", postgres), ("169.254.169.254", 80), ("1.1.1.1", 443)]
        async with WayToServer(location, "127.0.0.1") as way:
            place = address(walls_level, database_port=way.port, database_socket=way.folder)
            probe = PROBE % {
                "host": place.host,
                "port": place.port,
                "closed": closed,
                "places": [
                    f"127.0.0.1:{valkey}",
                    f"localhost:{theirs}",
                    f"git.invalid:{postgres}",
                    "169.254.169.254:80",
                    "git.invalid.evil.test:443",
                    f"git.invalid:{theirs}",
                ],
                "paths": [str(secret), str(mirror), "/proc/self/../1/environ", "/root", "/etc/shadow"],
                "targets": [str(mirror / "objects" / "mine"), str(mirror / "config"), "/usr/mine"],
            }
            walls = Walls(
                level=walls_level,
                limits=FetchLimits(),
                readable=(mirror / "objects",),
                writable=(landing,),
                way=way,
                files={"credential": b"its own"},
            )
            env = {"PATH": "/usr/bin:/bin"}
            python = ["/usr/bin/python3", "-I", "-c", probe]
            done = await run_confined(python, walls, env=env, time=timedelta(seconds=60))
    assert done.code == 0, done.words
    found = json.loads(done.output)
    assert "reached" not in found["reached"].values()
    *others, own = found["asked"].items()
    assert {answer for _place, answer in others} == {"403"}
    assert own[1] == "200"
    assert (called, called_too, len(visits)) == ([], [], 1)
    assert CANARY not in done.output.decode()
    assert found["seen"][str(secret)] in ("FileNotFoundError", "PermissionError")
    assert found["written"][str(mirror / "objects" / "mine")] in ("OSError", "PermissionError")
    assert not (mirror / "config").exists()  # what bubblewrap lets it write there is a /tmp of its own
    assert found["credential"] == "its own"


@pytest.fixture
def tampering(monkeypatch: pytest.MonkeyPatch):
    """Stand for a git that its server has taken over: after its work it does more, in the shell."""

    def tamper(more: str) -> None:
        def taken_over(folder: Path, *words: str, settings: Sequence[str]) -> list[str]:
            argv = git(folder, *words, settings=settings)
            if ".landing-" not in str(folder) or "fetch" not in words:
                return argv
            script = f'"$@"; code=$?; cd {folder} || exit; {more}; exit $code'
            return ["sh", "-c", script, "sh", *argv]

        monkeypatch.setattr(visit, "git", taken_over)

    return tamper


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


async def get(level: Level, server, mirror: Path, **more: Any):
    repository = Repository(url=server.url("source"), ref="main", credential=Credential(password=CANARY))
    return await fetch(repository, mirror, level=level, allowed_networks=LOOPBACK, resolve=to_loopback, **more)


async def test_settings_hooks_and_a_forged_index_do_not_leave_the_cell(
    level: Level, source, git_server, mirror: Path, tmp_path: Path, tampering
) -> None:
    trap = tmp_path / "trap"
    planted = f"[core]\n\tfsmonitor = touch {trap}\n\tsshCommand = touch {trap}\n[alias]\n\trev-list = !touch {trap}\n"
    hook = f"#!/bin/sh\ntouch {trap}\n"
    steps = [
        f"printf %s {shlex.quote(planted)} > config",
        f"mkdir -p hooks refs/heads; printf %s {shlex.quote(hook)} > hooks/post-update",
        "for index in objects/pack/*.idx; do rm -f $index; echo forged > $index; done",
        f"echo {tmp_path} > objects/info/alternates",
        "echo 'ref: /etc/passwd' > HEAD; echo x > refs/heads/x",
    ]
    tampering("; ".join(steps))
    commit = await get(level, git_server, mirror)
    assert commit.sha == source.git("rev-parse", "main")
    assert (await get(level, git_server, mirror)).sha == commit.sha
    left = files_of(mirror)
    assert not trap.exists()
    assert {path for path in left if path.startswith("hooks")} == set()
    assert "fsmonitor" not in (mirror / "config").read_text()
    assert "alternates" not in " ".join(left)
    assert "forged" not in "".join(path.read_text("latin-1") for path in (mirror / "objects" / "pack").iterdir())
    assert list(mirror.parent.glob("*.landing-*")) == []


@pytest.mark.parametrize(
    "more",
    [
        f"ln -s /etc/passwd objects/pack/pack-{'a' * 40}.pack",
        "mv objects/pack aside; ln -s ../aside objects/pack",
        "mv objects aside; ln -s aside objects",
        f"echo x > objects/pack/pack-{'b' * 40}.pack; ln objects/pack/pack-{'b' * 40}.pack other",
        f"mkfifo objects/pack/pack-{'c' * 40}.pack",
        "echo x > objects/pack/../pack/evil.pack",
        "rm -f refs/stillroom/fetched; ln -s /etc/passwd refs/stillroom/fetched",
        "echo ../../x > refs/stillroom/fetched",
        "ln -s /etc/passwd shallow",
        "echo '../../../etc/passwd' > shallow",
        f"echo no pack > objects/pack/pack-{'d' * 40}.pack",
        "for i in $(seq 200); do echo x > objects/pack/pack-$(printf %040x $i).pack; done",
    ],
)
async def test_what_is_not_what_a_fetch_leaves_is_refused_and_nothing_of_it_used(
    level: Level, source, git_server, mirror: Path, tampering, more: str
) -> None:
    """S11, one room further: links, pipes, other names, lies."""
    tampering(more)
    with pytest.raises(CheckoutFailed) as failed:
        await get(level, git_server, mirror)
    assert failed.value.code == "git_failed"
    assert "root:" not in f"{failed.value} {failed.value.detail}"
    assert files_of(mirror / "objects") == set()
    assert not (mirror / "shallow").exists()
    assert list(mirror.parent.glob("*.landing-*")) == []


async def test_a_tip_that_names_what_was_not_sent_is_refused(
    level: Level, source, git_server, mirror: Path, tampering
) -> None:
    tampering(f"mkdir -p refs/stillroom; echo {'e' * 40} > refs/stillroom/fetched")
    with pytest.raises(CheckoutFailed) as failed:
        await get(level, git_server, mirror)
    assert failed.value.code == "unknown_ref"


async def test_the_credential_is_in_no_file_of_the_disk_while_it_is_used(
    level: Level, source, git_server, mirror: Path, tmp_path: Path
) -> None:
    if level is not Level.BWRAP:
        pytest.skip("there a private folder holds the files")
    git_server.login = ("git", CANARY)
    fetching = asyncio.create_task(get(level, git_server, mirror))
    seen = 0
    while not fetching.done():
        for path in tmp_path.rglob("*"):
            try:
                seen += CANARY.encode() in path.read_bytes() if path.is_file() else 0
            except OSError:
                continue
        await asyncio.sleep(0)
    await fetching
    assert seen == 0


async def test_a_branch_is_pushed_from_behind_the_walls_too(
    level: Level, new_source, source, git_server, mirror: Path
) -> None:
    source.git("config", "http.receivepack", "true")
    git_server.login = ("git", CANARY)
    fetched = await get(level, git_server, mirror)
    commit = NewCommit(
        parent=fetched.sha,
        path="versions/0003_third.py",
        content=b"revision = '0003'\n",
        author_name="Ada",
        author_email="ada@x.test",
        message="third\n",
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    repository = Repository(url=git_server.url("source"), ref="draft", credential=Credential(password=CANARY))
    sha = await push(repository, mirror, commit, level=level, allowed_networks=LOOPBACK, resolve=to_loopback)
    assert source.git("rev-parse", "draft") == sha
    assert source.git("show", "draft:versions/0003_third.py") == "revision = '0003'"


async def test_a_commit_that_the_mirror_has_is_not_fetched_again(
    level: Level, source, git_server, mirror: Path
) -> None:
    await get(level, git_server, mirror)
    git_server.requests.clear()
    await get(level, git_server, mirror)
    assert [path for _host, path, _login in git_server.requests if "git-upload-pack" in path] != []
    assert sum("POST" in path or path.endswith("/git-upload-pack") for _, path, _ in git_server.requests) <= 1
