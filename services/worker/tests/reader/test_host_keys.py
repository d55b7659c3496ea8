"""The api asks the reader, and the reader an SSH server, for its host keys."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from stillroom_core.settings import get_settings
from stillroom_testing.ssh_server import needs_sshd, serving_ssh

ASK = "/api/orgs/demo/projects/shop/environments/host-keys"


async def ask(look: Any, host: str, port: int) -> Any:
    return await look.client.post(ASK, headers=look.headers, json={"host": host, "port": port})


async def settings_of_environments(look: Any) -> Any:
    async with look.app.state.context.database.everything() as session:
        return await session.scalar(text("select string_agg(e::text, '|') from environments e"))


@needs_sshd
async def test_asking_stores_nothing(look: Any, tmp_path: Path) -> None:
    before = await settings_of_environments(look)
    with serving_ssh(tmp_path / "sshd") as server:
        answer = await ask(look, "127.0.0.1", server.port)
    assert answer.status_code == 200, answer.text
    (key,) = answer.json()["keys"]
    assert key["line"] == server.host_key
    assert key["fingerprint"].startswith("SHA256:")
    assert await settings_of_environments(look) == before


async def test_what_is_no_ssh_server_is_a_problem_with_what_to_do(look: Any) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP canary-41cc\r\n")
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        answer = await ask(look, "127.0.0.1", server.sockets[0].getsockname()[1])
    assert (answer.status_code, answer.json()["code"]) == (503, "tunnel_not_ssh")
    assert answer.json()["fix"]
    assert "canary" not in answer.text


async def test_an_address_that_the_installation_does_not_connect_to_is_not_asked(
    look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "allowed_networks", "")
    answer = await ask(look, "10.0.0.1", 22)
    assert (answer.status_code, answer.json()["code"]) == (503, "address_refused")
