"""Fetching over ssh from a real sshd on this machine (G10)."""

import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Sequence
from ipaddress import ip_network
from pathlib import Path

import pytest

from stillroom_testing.ssh_server import SshServer, make_key, needs_sshd, serving_ssh
from stillroom_worker.checkout import CheckoutFailed, Credential, FetchedCommit, Repository, export, fetch, file_history
from stillroom_worker.checkout.known_hosts import known_hosts_for
from stillroom_worker.sandbox import Level

LOOPBACK = (ip_network("127.0.0.0/8"),)


async def to_loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture
def ssh_server(tmp_path: Path) -> Iterator[SshServer]:
    with serving_ssh(tmp_path / "sshd") as server:
        yield server


@pytest.fixture
def get(level: Level) -> Callable[..., Awaitable[FetchedCommit]]:
    """Fetch behind the best walls of this host: `await get(server, source, mirror, credential, ref)`."""

    def fetched(
        server: SshServer, source, mirror: Path, credential: Credential | None, ref: str = "main"
    ) -> Awaitable[FetchedCommit]:
        url = f"ssh://{server.user}@git.invalid:{server.port}{source.path}"
        repository = Repository(url=url, ref=ref, credential=credential)
        return fetch(repository, mirror, level=level, allowed_networks=LOOPBACK, resolve=to_loopback)

    return fetched


@needs_sshd
async def test_a_host_may_be_an_ipv6_address(level: Level, ssh_server: SshServer, source, mirror: Path) -> None:
    with socket.socket(socket.AF_INET6) as probe:
        if probe.connect_ex(("::1", ssh_server.port)):
            pytest.skip("no IPv6 on this machine")
    credential = ssh_server.credential(known_hosts=f"[::1]:{ssh_server.port} {ssh_server.host_key}")
    url = f"ssh://{ssh_server.user}@[::1]:{ssh_server.port}{source.path}"
    commit = await fetch(
        Repository(url=url, ref="main", credential=credential),
        mirror,
        level=level,
        allowed_networks=(ip_network("::1/128"),),
    )
    assert commit.sha == source.git("rev-parse", "main")


@needs_sshd
@pytest.mark.parametrize("spoil", ["{}", "{}\r\n", "  {}"])
async def test_a_deploy_key_opens_the_repository_however_it_was_pasted(
    get, ssh_server: SshServer, source, mirror: Path, spoil: str
) -> None:
    key = spoil.format(ssh_server.private_key.rstrip("\n"))
    commit = await get(ssh_server, source, mirror, ssh_server.credential(ssh_private_key=key))
    assert commit.sha == source.git("rev-parse", "main")


@needs_sshd
async def test_a_changed_host_key_is_refused(get, ssh_server: SshServer, source, mirror: Path, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other").with_suffix(".pub").read_text()
    known = f"[git.invalid]:{ssh_server.port} {other}"
    with pytest.raises(CheckoutFailed) as failed:
        await get(ssh_server, source, mirror, ssh_server.credential(known_hosts=known))
    assert failed.value.code == "host_key"


@needs_sshd
async def test_an_unknown_host_key_is_refused(get, ssh_server: SshServer, source, mirror: Path) -> None:
    known = f"other.invalid {ssh_server.host_key}"
    with pytest.raises(CheckoutFailed) as failed:
        await get(ssh_server, source, mirror, ssh_server.credential(known_hosts=known))
    assert failed.value.code == "host_key"


@needs_sshd
async def test_a_wrong_deploy_key_is_refused(get, ssh_server: SshServer, source, mirror: Path, tmp_path: Path) -> None:
    key = make_key(tmp_path / "wrong").read_text()
    with pytest.raises(CheckoutFailed) as failed:
        await get(ssh_server, source, mirror, ssh_server.credential(ssh_private_key=key))
    assert failed.value.code == "auth_refused"
    assert "stillroom-git-" not in failed.value.detail


@needs_sshd
async def test_a_key_that_is_no_key_is_refused(get, ssh_server: SshServer, source, mirror: Path) -> None:
    with pytest.raises(CheckoutFailed) as failed:
        await get(ssh_server, source, mirror, ssh_server.credential(ssh_private_key="not a key"))
    assert failed.value.code == "auth_refused"


async def test_without_a_deploy_key_nothing_is_contacted(level: Level, mirror: Path) -> None:
    repository = Repository(url="git@git.invalid:a/b", ref="main")
    with pytest.raises(CheckoutFailed) as failed:
        await fetch(repository, mirror, level=level, allowed_networks=LOOPBACK, resolve=to_loopback)
    assert failed.value.code == "auth_refused"


async def test_a_host_without_a_stored_or_published_key_is_refused(level: Level, mirror: Path) -> None:
    credential = Credential(ssh_private_key="x")
    repository = Repository(url="git@git.invalid:a/b", ref="main", credential=credential)
    with pytest.raises(CheckoutFailed) as failed:
        await fetch(repository, mirror, level=level, allowed_networks=LOOPBACK, resolve=to_loopback)
    assert failed.value.code == "host_key"
    assert "ssh-keyscan" in failed.value.fix


@pytest.mark.parametrize(
    ("host", "fingerprint"),
    [
        ("github.com", "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"),
        ("gitlab.com", "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8"),
        ("bitbucket.org", "SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM"),
    ],
)
def test_the_published_keys_have_their_published_fingerprints(tmp_path: Path, host: str, fingerprint: str) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(known_hosts_for(host, host, None))
    shown = subprocess.run(["ssh-keygen", "-lf", str(file)], capture_output=True, text=True, check=True).stdout
    assert fingerprint in shown


@needs_sshd
async def test_over_the_old_protocol_contents_history_and_older_commits_come_too(
    get, ssh_server: SshServer, source, mirror: Path, tmp_path: Path
) -> None:
    old = source.git("rev-parse", "main")
    credential = ssh_server.credential()
    for number in range(3):
        tip = source.commit({"data.bin": str(number % 2), f"new{number}.txt": "x"})
        assert (await get(ssh_server, source, mirror, credential)).sha == tip
        export(mirror, tip, tmp_path / str(number))
        assert (tmp_path / str(number) / "data.bin").read_text() == str(number % 2)
    assert (await get(ssh_server, source, mirror, credential, ref=old)).sha == old
    assert export(mirror, old, tmp_path / "old").files == 3
    assert len(file_history(mirror, tip, ["versions/0001_first.py", "new1.txt"])) == 2
