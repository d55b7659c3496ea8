"""Fetching over https from a real git server on this machine."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from stillroom_worker.checkout import (
    CheckoutFailed,
    Credential,
    FetchedCommit,
    FetchLimits,
    Repository,
    export,
    fetch,
)
from stillroom_worker.sandbox import Level

LOOPBACK = (ip_network("127.0.0.0/8"),)
CANARY = "canary-7f3a-password"


async def to_loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture
def get(level: Level) -> Callable[..., Awaitable[FetchedCommit]]:
    """Fetch main, behind the best walls of this host: `await get(url, mirror, credential)`."""

    def fetched(url: str, mirror: Path, credential: Credential | None = None, **more: Any) -> Awaitable[FetchedCommit]:
        repository = Repository(url=url, ref="main", credential=credential)
        return fetch(repository, mirror, level=level, allowed_networks=LOOPBACK, resolve=to_loopback, **more)

    return fetched


async def test_the_judged_address_is_the_one_that_is_connected_to(
    get, source, git_server, mirror: Path, tmp_path: Path
) -> None:
    # git.invalid never resolves: only the pinned address can have been used (G07).
    commit = await get(git_server.url("source"), mirror)
    assert commit.sha == source.git("rev-parse", "main")
    assert {host for host, _, _ in git_server.requests} == {f"git.invalid:{git_server.port}"}
    assert export(mirror, commit.sha, tmp_path / "out").files == 3


async def test_a_host_may_be_an_ipv6_address(level: Level, source, git_server_6, mirror: Path) -> None:
    git_server_6.login = ("git", CANARY)
    url = git_server_6.url("source", "[::1]")
    repository = Repository(url=url, ref="main", credential=Credential(password=CANARY))
    commit = await fetch(repository, mirror, level=level, allowed_networks=(ip_network("::1/128"),))
    assert commit.sha == source.git("rev-parse", "main")
    with pytest.raises(CheckoutFailed) as failed:
        await fetch(Repository(url=url, ref="main"), mirror, level=level)
    assert failed.value.code == "address_refused"


async def test_the_name_is_resolved_once(level: Level, source, git_server, mirror: Path) -> None:
    asked = []

    async def changing(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    repository = Repository(url=git_server.url("source"), ref="main")
    await fetch(repository, mirror, level=level, allowed_networks=LOOPBACK, resolve=changing)
    assert asked == ["git.invalid"]


async def test_loopback_is_refused_without_the_operators_leave(level: Level, source, git_server, mirror: Path) -> None:
    with pytest.raises(CheckoutFailed) as failed:
        await fetch(Repository(url=git_server.url("source", "127.0.0.1"), ref="main"), mirror, level=level)
    assert failed.value.code == "address_refused"
    assert git_server.requests == []


async def test_a_credential_is_asked_for_and_reaches_this_server(get, source, git_server, mirror: Path) -> None:
    git_server.login = ("git", CANARY)
    commit = await get(git_server.url("source"), mirror, Credential(password=CANARY))
    assert commit.sha == source.git("rev-parse", "main")


async def test_a_private_repository_without_a_credential_is_said_to_be_missing_or_private(
    get, source, git_server, mirror: Path
) -> None:
    git_server.login = ("git", CANARY)
    with pytest.raises(CheckoutFailed) as failed:
        await get(git_server.url("source"), mirror)
    assert failed.value.code == "not_found_or_private"
    assert "could not read Username" in failed.value.detail
    assert "stillroom-git-" not in failed.value.detail


async def test_a_refused_credential_is_not_repeated_in_the_error(get, source, git_server, mirror: Path) -> None:
    git_server.login = ("git", "another")
    with pytest.raises(CheckoutFailed) as failed:
        await get(git_server.url("source"), mirror, Credential(username="bob", password=CANARY))
    assert failed.value.code == "auth_refused"
    assert CANARY not in f"{failed.value!r} {failed.value} {failed.value.detail} {failed.value.__dict__}"


def test_a_credential_hides_itself_when_shown() -> None:
    credential = Credential(username="u-canary", password=CANARY, ssh_private_key=CANARY, known_hosts="h")
    assert "canary" not in repr(credential)
    assert "canary" not in repr(Repository(url="https://h/x", ref="main", credential=credential))


async def test_a_missing_repository_is_said_to_be_missing_or_private(get, source, git_server, mirror: Path) -> None:
    with pytest.raises(CheckoutFailed) as failed:
        await get(git_server.url("nothing-here"), mirror)
    assert failed.value.code == "not_found_or_private"


async def test_a_redirect_is_not_followed_and_gets_no_credential(get, source, git_server, mirror: Path) -> None:
    caught: list[bytes] = []

    async def catch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caught.append(await reader.read(100))
        writer.close()

    other = await asyncio.start_server(catch, "127.0.0.1", 0)
    git_server.redirect = f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}"
    with pytest.raises(CheckoutFailed) as failed:
        await get(git_server.url("source.git"), mirror, Credential(password=CANARY))
    other.close()
    assert failed.value.code == "bad_url"
    assert "302" in failed.value.detail
    assert caught == []


async def test_an_unknown_authority_is_a_tls_error(
    get, source, git_server, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GIT_SSL_CAINFO")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(CheckoutFailed) as failed:
        await get(git_server.url("source"), mirror)
    assert failed.value.code == "tls"


async def test_a_certificate_for_another_name_is_a_tls_error(get, source, git_server, mirror: Path) -> None:
    with pytest.raises(CheckoutFailed) as failed:
        await get(git_server.url("source", "other.invalid"), mirror)
    assert failed.value.code == "tls"


async def test_while_it_runs_no_process_shows_the_credential(get, source, git_server, mirror: Path) -> None:
    """G11: argv and environ of every process, read all the time."""
    git_server.login = ("git", CANARY)
    seen_git = False
    fetching = asyncio.create_task(get(git_server.url("source"), mirror, Credential(password=CANARY)))
    while not fetching.done():
        for process in Path("/proc").glob("[0-9]*"):
            try:
                text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            except OSError:
                continue
            seen_git = seen_git or b"git-remote-https" in text or b"--git-dir=" in text
            assert CANARY.encode() not in text
        await asyncio.sleep(0)
    await fetching
    assert seen_git


async def test_nothing_of_the_workers_environment_reaches_git(
    get, source, git_server, mirror: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    monkeypatch.setenv("GIT_TRACE", str(trap))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.askPass")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", f"touch {trap}")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text("this is not a configuration [")
    await get(git_server.url("source"), mirror)
    assert not trap.exists()


async def test_a_server_that_says_nothing_is_given_up_and_nothing_is_left_running(get, mirror: Path) -> None:
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        gone.set()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(CheckoutFailed) as failed:
        await get(f"https://git.invalid:{port}/x", mirror, limits=FetchLimits(time=timedelta(seconds=1)))
    assert failed.value.code == "timeout"
    await asyncio.wait_for(gone.wait(), 5)  # git and its transport are gone, so their connection is closed
    server.close()


async def test_a_cancelled_fetch_leaves_nothing_running_and_no_files(
    get, mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected, gone = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        gone.set()
        writer.close()

    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(memory))
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    fetching = asyncio.create_task(get(f"https://git.invalid:{port}/x", mirror, Credential(password=CANARY)))
    await asyncio.wait_for(connected.wait(), 10)
    assert list(memory.iterdir()) != []
    assert len(list(mirror.parent.glob("*.landing-*"))) == 1
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    await asyncio.wait_for(gone.wait(), 5)
    server.close()
    assert list(memory.iterdir()) == []
    assert list(mirror.parent.glob("*.landing-*")) == []
