"""What every answer carries against hostile pages, and what requests may not be."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from stillroom_api.main import create_app
from stillroom_api.protection import HEADERS
from stillroom_core.jobs.queue import RecordingQueue
from stillroom_core.settings import get_settings

OWNER = "owner@own.example"
NGINX = Path(__file__).resolve().parents[3] / "deploy" / "images" / "nginx.conf"


@pytest.mark.parametrize("path", ["/api/me", "/api/auth/options", "/livez", "/absent", "/openapi.json"])
async def test_every_answer_carries_the_headers(api: Any, path: str) -> None:
    answer = await api.client.get(path)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-request-id"]


async def test_what_the_api_says_is_kept_by_no_cache(api: Any) -> None:
    for path in ("/api/me", "/api/orgs", "/api/orgs/own/members", "/api/orgs/own/projects"):
        assert (await api.call(OWNER, "GET", path)).headers["cache-control"] == "no-store", path
    refused = await api.client.get("/api/me")
    assert refused.headers["cache-control"] == "no-store"


async def test_https_is_insisted_on_only_where_people_come_by_https(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "strict-transport-security" not in (await api.client.get("/livez")).headers
    monkeypatch.setattr(get_settings(), "public_url", "https://stillroom.example")
    transport = httpx.ASGITransport(app=create_app(queue=RecordingQueue()))
    async with httpx.AsyncClient(transport=transport, base_url="https://stillroom.example") as client:
        answer = await client.get("/livez")
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


async def test_a_foreign_page_gets_no_leave_to_read_or_to_send(api: Any) -> None:
    evil = {"Origin": "https://evil.example"}
    asked = {**evil, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for path in ("/api/me", "/api/auth/sign-in", "/api/migrations/upgrade", "/api/auth/refresh"):
        preflight = await api.client.options(path, headers=asked)
        plain = await api.client.get(path, headers=evil)
        for answer in (preflight, plain):
            assert not [name for name in answer.headers if name.startswith("access-control-")], (path, answer.headers)
        assert preflight.status_code == 405


def test_the_web_server_sets_the_same_headers_on_the_pages() -> None:
    text = NGINX.read_text()
    policy = re.search(r'set \$policy "(.*)";', text)
    assert policy is not None
    set_there = dict(re.findall(r"add_header ([\w-]+) (.+?) always;", text))
    assert {name: value.strip('"') for name, value in set_there.items() if name in HEADERS} == {
        **HEADERS,
        "Content-Security-Policy": "$policy",
    }
    assert policy.group(1) == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/api/auth/sign-in", "/api/migrations/upgrade", "/api/me"])
async def test_a_body_of_more_than_a_mebibyte_is_refused_whether_or_not_it_says_so(api: Any, path: str) -> None:
    headers = await api.sign_in(OWNER)
    method = "PATCH" if path == "/api/me" else "POST"
    content = b'{"name": "' + b"x" * (1024 * 1024) + b'"}'
    kind = {**headers, "Content-Type": "application/json"}
    said = await api.client.request(method, path, content=content, headers=kind)
    assert (said.status_code, said.json()["code"]) == (413, "too_large")

    async def chunks() -> Any:
        for start in range(0, len(content), 65536):
            yield content[start : start + 65536]

    silent = await api.client.request(method, path, content=chunks(), headers=kind)
    assert "content-length" not in silent.request.headers
    assert (silent.status_code, silent.json()["code"]) == (413, "too_large")


def test_every_list_bounds_its_page(api_environment: None) -> None:
    paths = create_app(queue=RecordingQueue()).openapi()["paths"]
    bounded = 0
    for path, methods in paths.items():
        for method, content in methods.items():
            for parameter in content.get("parameters", []):
                if parameter["name"] in ("limit", "page_size"):
                    schema = parameter["schema"]
                    assert schema["minimum"] >= 1 and schema["maximum"] <= 5000, (method, path)
                    bounded += 1
    assert bounded >= 3


async def test_a_page_beyond_its_bounds_is_refused(api: Any) -> None:
    for path in ("/api/orgs/own/audit", "/api/jobs"):
        for limit in ("0", "-1", "1000000", "x"):
            answer = await api.call(OWNER, "GET", path, params={"limit": limit, "project": "own/shop"})
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), (path, limit)
