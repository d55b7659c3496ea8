"""A pipeline without a secret: GitHub is asked for an identity token, GitLab gives one for the whole job."""

import json
import stat
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from stillroom_cli.client.connection import Client
from stillroom_testing.api_server import PASSWORD, ApiServer
from stillroom_testing.identity_issuer import AUDIENCE, Issuer, issuing
from stillroom_testing.stand_in_worker import StandInWorker

from .conftest import Stillroom

Printed = pytest.CaptureFixture[str]
Trusting = Callable[..., str]


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as made:
        yield made


@pytest.fixture
def trusting(
    client: Client, issuer: Issuer, worker: StandInWorker, stillroom: Stillroom, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A trust in acme/shop's pipelines for dev, named where a pipeline has it; nobody is signed in."""
    roles = [{"project": "shop", "role": "operator"}]
    account = client.post("/api/orgs/demo/service-accounts", {"name": "pipeline", "roles": roles})
    made = client.post(
        "/api/orgs/demo/trusts",
        {
            "name": "CI",
            "account": account["id"],
            "issuer": issuer.url,
            "audience": AUDIENCE,
            "claims": [{"name": "repository", "pattern": "acme/shop"}],
            "permissions": ["job.upgrade", "job.read"],
            "projects": ["shop"],
            "environments": ["dev"],
        },
    )
    monkeypatch.setenv("STILLROOM_TRUST", made["id"])
    for name in ("STILLROOM_PROJECT", "STILLROOM_ENVIRONMENT", "STILLROOM_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    return str(made["id"])


@pytest.fixture
def github(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What a runner of GitHub offers to a job with id-token: write; tells how it was asked."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            asked.append({"authorization": self.headers["authorization"], **query})
            content = json.dumps({"value": issuer.token(aud=query["audience"][0])}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_address[1]}/token?api-version=2"
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", address)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner-secret")
    monkeypatch.setenv("STILLROOM_AUDIENCE", AUDIENCE)
    yield asked
    server.shutdown()
    server.server_close()
    thread.join()


def test_github_is_asked_for_the_audience_and_nothing_else_need_be_named(
    stillroom: Stillroom, trusting: str, github: list[dict[str, Any]], capsys: Printed
) -> None:
    assert stillroom("upgrade", "head", "--json") == 0
    job = json.loads(capsys.readouterr().out)
    assert (job["environment"]["slug"], job["actor"]["token"]) == ("dev", "CI · 4711")
    assert github == [{"authorization": "Bearer runner-secret", "api-version": ["2"], "audience": [AUDIENCE]}]


def test_gitlabs_one_token_serves_every_command_of_the_job(
    stillroom: Stillroom, trusting: str, issuer: Issuer, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.setenv("STILLROOM_ID_TOKEN", issuer.token())
    for _ in range(2):
        assert stillroom("upgrade", "head", "--json") == 0
    file = home / "stillroom" / "identity.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # Of another job's token nothing is known here.
    monkeypatch.setenv("STILLROOM_ID_TOKEN", issuer.token(repository="mallory/shop"))
    assert stillroom("upgrade", "head") == 4
    told = capsys.readouterr().err
    assert "This identity token is not accepted." in told and issuer.token()[:20] not in told


def test_a_pipeline_without_an_identity_token_is_told_what_it_lacks(
    stillroom: Stillroom, trusting: str, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    assert stillroom("upgrade", "head") == 2
    assert "id-token: write" in capsys.readouterr().err
    monkeypatch.setenv("STILLROOM_PASSWORD", PASSWORD)
    assert stillroom("login", "--email", "ann@example.com") == 2


def test_a_token_that_is_given_counts_more_than_a_trust(
    stillroom: Stillroom, trusting: str, client: Client, monkeypatch: pytest.MonkeyPatch, api_server: ApiServer
) -> None:
    body = {"name": "own", "permissions": ["job.read"], "expires_in_days": 1}
    monkeypatch.setenv("STILLROOM_TOKEN", client.post("/api/orgs/demo/tokens", body)["token"])
    assert stillroom("jobs", "--org", "demo", "-p", "shop") == 0
