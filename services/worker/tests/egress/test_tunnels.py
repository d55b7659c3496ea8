"""Databases behind an SSH server: a real sshd on this machine, reached by ourselves and by a job's proxy."""

import asyncio
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from stillroom_core.environments.host_keys import fingerprints
from stillroom_testing.ssh_server import SshServer, descendants, make_key, needs_sshd, serving_ssh, tunnels
from stillroom_testing.waiting import until
from stillroom_testing.ways_in import SignIn, both_ways_in, client_of_proxy
from stillroom_worker.egress import Target, Tunnel
from stillroom_worker.failure import JobFailed
from stillroom_worker.target import connect

Front = Callable[..., AbstractAsyncContextManager[int]]
pytestmark = needs_sshd


@pytest.fixture(scope="module")
def ssh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with serving_ssh(tmp_path_factory.mktemp("ssh") / "sshd") as server:
        yield server


def through(server: SshServer, target: Target, **changes: Any) -> Target:
    """The target behind this SSH server, which is called bastion.invalid and stands on the loopback."""
    place = {"host": "bastion.invalid", "port": server.port, "user": server.user}
    tunnel = Tunnel(**{**place, "host_key": server.host_key, "key": server.private_key, **changes})
    return replace(target, tunnel=tunnel, addresses=(ip_address("127.0.0.1"),))


async def refused(sign_in: SignIn, wanted: Target, folder: Path) -> JobFailed:
    with pytest.raises(JobFailed) as caught:
        await sign_in(wanted, folder)
    await until(lambda: tunnels() == [])
    words = f"{caught.value.title} {caught.value.detail} {caught.value.fix}"
    assert wanted.tunnel is not None
    assert "PRIVATE KEY" not in words
    assert "/proc/" not in words
    return caught.value


@both_ways_in
async def test_a_database_behind_an_ssh_server_is_reached_and_no_ssh_is_left(
    server: Any, ssh_server: SshServer, tmp_path: Path, sign_in: SignIn
) -> None:
    assert await sign_in(through(ssh_server, server.target()), tmp_path) == "scram_user"
    await until(lambda: tunnels() == [])


@both_ways_in
async def test_the_database_is_called_what_the_ssh_server_calls_it(
    server: Any, ssh_server: SshServer, tmp_path: Path, sign_in: SignIn
) -> None:
    assert await sign_in(through(ssh_server, server.target(host="localhost")), tmp_path) == "scram_user"


@both_ways_in
async def test_the_certificate_is_checked_for_the_databases_own_name(
    server: Any, certificates: Any, front: Front, ssh_server: SshServer, tmp_path: Path, sign_in: SignIn
) -> None:
    async with front(server.port, certificates.context) as port:
        given = {"host": "127.0.0.1", "port": port, "sslmode": "verify-full", "ca_pem": certificates.ca_pem}
        right = through(ssh_server, server.target(**given))
        assert await sign_in(right, tmp_path) == "scram_user"
        wrong = through(ssh_server, server.target(**{**given, "host": "localhost"}))
        assert (await refused(sign_in, wrong, tmp_path)).code == "tls_refused"


@both_ways_in
async def test_another_host_key_is_refused_and_both_fingerprints_are_named(
    server: Any, ssh_server: SshServer, tmp_path: Path, sign_in: SignIn
) -> None:
    other = " ".join(make_key(tmp_path / "other").with_suffix(".pub").read_text().split()[:2])
    failed = await refused(sign_in, through(ssh_server, server.target(), host_key=other), tmp_path)
    assert failed.code == "tunnel_host_key"
    words = f"{failed.title} {failed.detail}"
    assert fingerprints(ssh_server.host_key)[0] in words.partition(" showed ")[2].partition(";")[0]
    assert f"{fingerprints(other)[0]} is stored" in words


@both_ways_in
async def test_a_key_that_the_server_does_not_know_is_refused(
    server: Any, ssh_server: SshServer, tmp_path: Path, sign_in: SignIn
) -> None:
    key = make_key(tmp_path / "wrong").read_text()
    failed = await refused(sign_in, through(ssh_server, server.target(), key=key), tmp_path)
    assert failed.code == "tunnel_key_refused"
    assert "authorized_keys" in failed.fix


@both_ways_in
async def test_a_key_that_is_gone_is_told_before_anything_is_contacted(
    server: Any, tmp_path: Path, sign_in: SignIn
) -> None:
    nobody = SshServer(1, "", "", "ssh-ed25519 AAAA", "nobody")
    assert (await refused(sign_in, through(nobody, server.target()), tmp_path)).code == "tunnel_key_missing"


@both_ways_in
async def test_a_server_that_forbids_forwarding_is_named_with_what_to_allow(
    server: Any, tmp_path: Path, sign_in: SignIn
) -> None:
    with serving_ssh(tmp_path / "sshd", "AllowTcpForwarding no") as forbidding:
        failed = await refused(sign_in, through(forbidding, server.target()), tmp_path)
    assert failed.code == "tunnel_forbidden"
    assert "AllowTcpForwarding" in failed.fix


@both_ways_in
async def test_a_port_where_nothing_listens_behind_the_server_is_told_as_that(
    server: Any, ssh_server: SshServer, tmp_path: Path, sign_in: SignIn
) -> None:
    failed = await refused(sign_in, through(ssh_server, server.target(port=1)), tmp_path)
    assert failed.code == "tunnel_no_database"
    assert "connection refused" in f"{failed.title} {failed.detail}"


@both_ways_in
async def test_a_name_that_the_ssh_server_does_not_know_is_told_as_that(
    server: Any, ssh_server: SshServer, tmp_path: Path, sign_in: SignIn
) -> None:
    failed = await refused(sign_in, through(ssh_server, server.target(host="db.invalid")), tmp_path)
    assert failed.code == "tunnel_unknown_host"


@both_ways_in
async def test_an_ssh_server_that_is_not_there_is_told_as_that(server: Any, tmp_path: Path, sign_in: SignIn) -> None:
    nobody = SshServer(1, "key", "", "ssh-ed25519 AAAA", "nobody")
    failed = await refused(sign_in, through(nobody, server.target()), tmp_path)
    assert failed.code == "tunnel_unreachable"
    assert "connection refused" in f"{failed.title} {failed.detail}"


async def test_an_address_of_the_ssh_server_that_is_not_allowed_is_refused_before_anything_is_contacted(
    server: Any, ssh_server: SshServer
) -> None:
    wanted = replace(through(ssh_server, server.target(), host="127.0.0.1"), addresses=())
    with pytest.raises(JobFailed) as caught:
        await connect(wanted, lambda _address: False, name="test")
    assert caught.value.code == "address_refused"
    assert "SSH server" in caught.value.title


async def test_while_it_runs_the_key_is_in_no_argument_and_no_variable(server: Any, ssh_server: SshServer) -> None:
    session = await connect(through(ssh_server, server.target()), lambda _address: True, name="test")
    try:
        (ssh,) = tunnels()
        command = Path(f"/proc/{ssh}/cmdline").read_text().replace("\0", " ")
        assert Path(f"/proc/{ssh}/environ").read_bytes() == b""
        assert "bastion" not in command
        assert ssh_server.private_key.splitlines()[1] not in command
        assert "PRIVATE" not in command
        assert "/proc/" in command.partition(" -i")[2]
    finally:
        session.terminate()
    await until(lambda: tunnels() == [])


async def test_a_statement_that_takes_too_long_is_cancelled_at_the_server_through_the_tunnel(
    server: Any, ssh_server: SshServer
) -> None:
    session = await connect(through(ssh_server, server.target()), lambda _address: True, name="test")
    with pytest.raises(TimeoutError):
        await session.execute("select pg_sleep(60)", timeout=0.5)
    assert await session.fetchval("select 1") == 1
    await session.close()
    await until(lambda: tunnels() == [])


async def test_a_client_that_vanishes_has_its_statement_cancelled_through_the_tunnel(
    server: Any, ssh_server: SshServer, tmp_path: Path
) -> None:
    busy = "select count(*) from pg_stat_activity where query = 'select pg_sleep(61)' and state = 'active'"

    def working() -> int:
        with server.admin() as admin:
            return int(admin.execute(busy).fetchone()[0])

    async with client_of_proxy(through(ssh_server, server.target()), tmp_path) as client:
        asking = asyncio.create_task(client.execute("select pg_sleep(61)"))
        await until(lambda: working() == 1)
        client.terminate()
        await until(lambda: working() == 0)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await asking
    await until(lambda: tunnels() == [])


_OPENS_AND_WAITS = """
import asyncio, pickle, sys
from stillroom_worker.target import connect

async def main():
    session = await connect(pickle.load(sys.stdin.buffer), lambda _address: True, name="test")
    await session.execute("select pg_sleep(63)")

asyncio.run(main())
"""


def is_alive(pid: int) -> bool:
    """Whether it runs; who has ended and was not fetched yet does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv on this machine: apt-get install util-linux")
async def test_a_process_that_is_killed_takes_its_ssh_along(server: Any, ssh_server: SshServer) -> None:
    busy = "select count(*) from pg_stat_activity where query = 'select pg_sleep(63)' and state = 'active'"

    def works() -> bool:
        with server.admin() as admin:
            return bool(admin.execute(busy).fetchone()[0])

    mortal = subprocess.Popen([sys.executable, "-c", _OPENS_AND_WAITS], stdin=subprocess.PIPE)
    assert mortal.stdin is not None
    mortal.stdin.write(pickle.dumps(through(ssh_server, server.target())))
    mortal.stdin.close()
    await until(works)
    (ssh,) = descendants(mortal.pid, "ssh")
    mortal.kill()
    mortal.wait()
    # Left to itself it would stay until the database has found out that nobody listens.
    await until(lambda: not is_alive(ssh), patience=8)


async def test_a_tunnel_that_breaks_breaks_the_connection(server: Any, tmp_path: Path) -> None:
    with serving_ssh(tmp_path / "sshd") as mortal:
        session = await connect(through(mortal, server.target()), lambda _address: True, name="test")
        asking = asyncio.create_task(session.execute("select pg_sleep(60)"))
        await until(lambda: len(tunnels()) == 1)
        mortal.break_off()
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await asking
    await until(lambda: tunnels() == [])
