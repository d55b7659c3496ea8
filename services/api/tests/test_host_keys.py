"""Asking an SSH server for its host key: who may, which host, how often."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from stillroom_api.main import create_app
from stillroom_api.rate_limits import HOST_KEYS
from stillroom_core.jobs.queue import RecordingQueue
from stillroom_core.settings import get_settings

OWNER, OTHER = "owner@own.example", "owner@other.example"
ASK = "/api/orgs/own/projects/shop/environments/host-keys"
BASTION = {"host": "bastion.example", "port": 2222}


async def test_a_stranger_has_no_server_asked(api: Any) -> None:
    assert (await api.call(OTHER, "POST", ASK, json=BASTION)).status_code == 404
    assert (await api.call(None, "POST", ASK, json=BASTION)).status_code == 401


async def test_who_may_not_change_the_environment_is_told_which_permission_it_takes(api: Any) -> None:
    await api.person("v@own.example", "own", "member", "viewer")
    answer = await api.call("v@own.example", "POST", ASK, json=BASTION)
    assert answer.status_code == 403
    assert "environment.write" in answer.text


async def test_a_host_that_no_tunnel_may_have_is_not_asked_either(api: Any) -> None:
    valkey = urlsplit(get_settings().redis_url.get_secret_value())
    for host, port, code in [
        ("-oProxyCommand=x", 22, "bad_host"),
        ("a,b", 22, "bad_host"),
        (valkey.hostname, valkey.port, "host_refused"),
    ]:
        answer = await api.call(OWNER, "POST", ASK, json={"host": host, "port": port})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert [error["field"] for error in answer.json()["errors"]] == ["tunnel.host"]
    assert (await api.call(OWNER, "POST", ASK, json={"host": "a", "port": 0})).status_code == 422


async def test_looking_for_host_keys_again_and_again_is_refused(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = await api.sign_in(OWNER)
    monkeypatch.setattr(get_settings(), "rate_limits", 3 / HOST_KEYS.per_minute)
    app = create_app(queue=RecordingQueue())
    async with app.router.lifespan_context(app):
        await app.state.context.redis.flushdb()
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers) as client:
            answers = [await client.post(ASK, json={"host": "a,b"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 429]
    assert answers[-1].json()["params"]["policy"] == "host-keys"
