"""Every operation of the OpenAPI document is asked things that it does not expect, by schemathesis.

No answer may be an error of ours, or have a status or a shape that the document does not know. The same things are
asked each time, and few of each, so that it takes about a minute.
"""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from stillroom_api.openapi import document
from stillroom_testing.api_server import EMAIL, PASSWORD, ApiServer
from stillroom_testing.servers import PostgresServer

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# What operations refuse with, in the shape that the document gives for all of it.
REFUSALS = {400, 401, 403, 404, 405, 409, 413, 422, 429, 503}


schema = schemathesis.openapi.from_dict(document())


@dataclass(frozen=True)
class Place:
    """The api that is asked, and what is really there, by the names of path parameters."""

    url: str
    headers: dict[str, str]
    ids: dict[str, str]


@pytest.fixture(scope="module")
def place(postgres_server: PostgresServer, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An api process of its own."""
    with _served(postgres_server, redis_url, tmp_path_factory.mktemp("contract")) as server:
        headers = _signed_in(server.url)
        yield Place(server.url, headers, _ids(server.url, headers))


@contextmanager
def _served(postgres: PostgresServer, redis_url: str, data: Path) -> Iterator[ApiServer]:
    given = {"STILLROOM_RATE_LIMITS": "0", "STILLROOM_ACCESS_TOKEN_MINUTES": "60", "STILLROOM_SIGN_UP": "open"}
    server = ApiServer(database_url=postgres.new_database("contract").url, redis_url=redis_url, data=data, more=given)
    server.prepare()
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _signed_in(url: str) -> dict[str, str]:
    body = {"email": EMAIL, "password": PASSWORD}
    answer = httpx.post(f"{url}/api/auth/sign-in", json=body, trust_env=False, timeout=60)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def _ids(url: str, headers: dict[str, str]) -> dict[str, str]:
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
        place = "/api/orgs/demo/projects/shop/environments"
        (dev, *_) = client.get(place).json()["items"]
        me = client.get("/api/me").json()
        token = {"name": "CI", "permissions": ["job.upgrade"], "projects": ["shop"], "expires_in_days": 30}
        return {
            "org": "demo",
            "project": "shop",
            "environment": "dev",
            "database": dev["databases"][0]["id"],
            "person": me["id"],
            "group": client.post("/api/orgs/demo/groups", json={"name": "Group"}).json()["id"],
            "invitation": client.post("/api/orgs/demo/invitations", json={"role": "member"}).json()["id"],
            "token": client.post("/api/orgs/demo/tokens", json=token).json()["id"],
        }


@schema.parametrize()
@settings(
    max_examples=int(os.environ.get("STILLROOM_CONTRACT_EXAMPLES", "3")),
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_operation_answers_what_the_document_does_not_know(case: Any, place: Place) -> None:
    # Most of what is made up names nothing; two of three lead to what is there, except where that would remove it.
    if case.method != "DELETE":
        for name, value in dict(case.path_parameters or {}).items():
            if name in place.ids and zlib.crc32(str(value).encode()) % 3:
                case.path_parameters[name] = place.ids[name]
    answer = case.call(base_url=place.url, headers=place.headers, timeout=60)
    away = answer.status_code == 503 and answer.json()["code"] == "reader_away"  # none stands behind this api
    case.validate_response(answer, checks=[check for check in CHECKS if not (away and check is not_a_server_error)])
    documented = {int(status) for status in case.operation.responses.status_codes if status.isdigit()}
    assert answer.status_code in documented | REFUSALS, (answer.status_code, answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"][0] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code and answer.json()["code"]
