"""What the code of a package reaches while it is built: package indexes, by name, and nothing else."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import pytest

from stillroom_worker.sandbox import Level
from stillroom_worker.virtualenv.way_out import WayOut

TRIES = """
import json, os, socket, pathlib, setuptools
def attempt(address):
    try:
        socket.create_connection(address, 2).close()
    except OSError as error:
        return type(error).__name__
    return "reached"
def ask(place):
    proxy = os.environ["https_proxy"].rpartition("/")[2].partition(":")
    with socket.create_connection((proxy[0], int(proxy[2])), 5) as handle:
        handle.settimeout(10)
        handle.sendall(f"CONNECT {place} HTTP/1.1".encode() + bytes((13, 10, 13, 10)))  # setuptools edits escapes
        return handle.recv(100).split(b" ")[1].decode()
addresses = [("127.0.0.1", %(port)d), ("169.254.169.254", 80), ("1.1.1.1", 443)]
places = ["127.0.0.1:%(port)d", "169.254.169.254:80", "169.254.169.254:443", "[::1]:443", "localhost:443",
          "example.com:443", "pypi.org:5432", "10.0.0.1:443"]
found = {str(address): attempt(address) for address in addresses} | {place: ask(place) for place in places}
pathlib.Path("seen.py").write_text("SEEN = " + repr(json.dumps(found)))
setuptools.setup(name="caller", version="1", py_modules=["seen"])
"""


async def test_a_build_reaches_no_network_but_the_packages(project, install, lines, confinement) -> None:
    if confinement.level is Level.BARE:
        pytest.skip("nothing is closed there")
    called: list[Any] = []
    server = await asyncio.start_server(lambda *ends: called.append(ends), "127.0.0.1", 0)
    async with server:
        setup = TRIES % {"port": server.sockets[0].getsockname()[1]}
        found = await install(project({"setup.py": setup, "requirements.txt": "six==1.16.0\n"}), install_project=True)
    told = subprocess.run(
        [found.python, "-I", "-c", "import seen; print(seen.SEEN)"], capture_output=True, text=True, check=True
    ).stdout
    answers = json.loads(told)
    assert {place for place, answer in answers.items() if answer in ("reached", "200")} == set()
    assert {answer for place, answer in answers.items() if "(" not in place} == {"403"}
    assert called == []
    assert any("example.com may not give packages here" in line for line in lines)


class Names:
    """A resolver of the test's own."""

    def __init__(self, **answers: str) -> None:
        self.answers = {name.replace("_", "."): answer for name, answer in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return [self.answers.get(host, "127.0.0.1")]


@asynccontextmanager
async def way_out(env: dict[str, str], **settings: Any) -> AsyncIterator[WayOut]:
    async def ignore(_host: str) -> None:
        pass

    fields = {"hosts": (), "networks": (), "on_refusal": ignore, **settings}
    async with WayOut(env, **fields) as way:
        yield way


async def asked(way: WayOut, words: str) -> bytes:
    """The first line of what the proxy answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", way.port)
    writer.write(words.encode() + b"\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(100), 20)
    writer.close()
    return answer.split(b"\r\n")[0]


@pytest.mark.parametrize("answer", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:169.254.169.254", "0.0.0.0"])
async def test_a_listed_name_that_leads_to_this_machine_is_refused(answer: str) -> None:
    async with way_out({}, hosts=("pypi.org",), resolve=Names(pypi_org=answer)) as way:
        assert await asked(way, "CONNECT pypi.org:443 HTTP/1.1") == b"HTTP/1.1 403 Forbidden"


@pytest.mark.parametrize("answer", ["10.0.0.1", "192.168.1.1", "64:ff9b::a9fe:a9fe", "100.64.0.1", "203.0.113.1"])
async def test_a_name_of_the_tenants_choice_leads_only_to_public_addresses(answer: str) -> None:
    async with way_out({}, hosts=("*",), resolve=Names(evil_example=answer)) as way:
        assert await asked(way, "CONNECT evil.example:443 HTTP/1.1") == b"HTTP/1.1 403 Forbidden"


@pytest.mark.parametrize(
    "words", ["GET /simple/ HTTP/1.1", "nonsense", "CONNECT :443 HTTP/1.1", "GET ftp://x/ HTTP/1.1"]
)
async def test_what_is_no_request_for_a_proxy_is_closed_and_the_next_is_served(words: str) -> None:
    async with way_out({}, hosts=("pypi.org",), resolve=Names(pypi_org="127.0.0.1")) as way:
        assert await asked(way, words) == b""
        assert await asked(way, "CONNECT pypi.org:443 HTTP/1.1") == b"HTTP/1.1 403 Forbidden"


async def serve(seen: list[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    seen.append(await reader.readuntil(b"\r\n\r\n"))
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    writer.close()


async def test_the_operators_own_index_is_reached_wherever_it_is() -> None:
    seen: list[bytes] = []
    async with await asyncio.start_server(lambda r, w: serve(seen, r, w), "127.0.0.1", 0) as server:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with way_out({"UV_INDEX": f"corp=http://{place}/simple"}) as way:
            words = f"GET http://{place}/simple/six/?a=b HTTP/1.1\r\nHost: {place}\r\nProxy-Authorization: x"
            assert await asked(way, words) == b"HTTP/1.1 200 OK"
            assert await asked(way, "GET http://127.0.0.1:1/ HTTP/1.1") == b"HTTP/1.1 403 Forbidden"
    assert seen[0].startswith(b"GET /simple/six/?a=b HTTP/1.1\r\n")
    assert b"Proxy-Authorization" not in seen[0]


async def test_the_operators_proxy_is_gone_through_and_told_only_of_listed_hosts() -> None:
    seen: list[bytes] = []
    async with await asyncio.start_server(lambda r, w: serve(seen, r, w), "127.0.0.1", 0) as server:
        env = {"https_proxy": f"http://ann:pass@127.0.0.1:{server.sockets[0].getsockname()[1]}"}
        async with way_out(env, hosts=("pypi.org", "*")) as way:
            assert await asked(way, "CONNECT pypi.org:443 HTTP/1.1") == b"HTTP/1.1 200 OK"
            assert await asked(way, "CONNECT 169.254.169.254:443 HTTP/1.1") == b"HTTP/1.1 403 Forbidden"
    assert len(seen) == 1
    assert seen[0].startswith(b"CONNECT pypi.org:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic YW5uOnBhc3M=" in seen[0]


async def test_an_opened_network_may_give_packages() -> None:
    seen: list[bytes] = []
    async with await asyncio.start_server(lambda r, w: serve(seen, r, w), "127.0.0.1", 0):
        names = Names(corp_example="127.0.0.1")
        settings = {"hosts": ("corp.example",), "networks": (ip_network("127.0.0.0/8"),), "resolve": names}
        async with way_out({}, **settings) as way:
            # Nothing listens at port 443 here: allowed, and not there.
            assert await asked(way, "CONNECT corp.example:443 HTTP/1.1") == b"HTTP/1.1 502 Bad Gateway"
    assert names.asked == ["corp.example"]
