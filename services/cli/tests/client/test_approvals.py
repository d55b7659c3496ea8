"""Moves that others must approve: exit codes, waiting for them, and deciding from a terminal."""

import json
import re
import secrets
import threading
from collections.abc import Iterator
from urllib.parse import unquote

import httpx
import pytest

from stillroom_cli.client import approving
from stillroom_cli.client.connection import Client
from stillroom_testing.api_server import ApiServer
from stillroom_testing.stand_in_worker import StandInWorker

from .conftest import Stillroom

DEV = "/api/orgs/demo/projects/shop/environments/dev"
BEN_PASSWORD = "staple battery horse correct"
Printed = pytest.CaptureFixture[str]


@pytest.fixture
def ben(api_server: ApiServer, client: Client) -> Iterator[Client]:
    """Another administrator, while dev asks for one approval."""
    email = f"ben-{secrets.token_hex(4)}@example.com"
    made = client.post("/api/orgs/demo/invitations", {"role": "admin"})
    token = made["link"].rpartition("#")[2]
    accepted = {"token": token, "name": "Ben", "email": email, "password": BEN_PASSWORD, "locale": "en"}
    answer = httpx.post(f"{api_server.url}/api/auth/invitations/accept", json=accepted, trust_env=False)
    assert answer.is_success, answer.text
    letters = httpx.get(f"{api_server.url}/api/outbox", trust_env=False).json()["items"]
    words = next(letter["text"] for letter in letters if letter["recipient"] == email)
    confirmed = {"token": unquote(re.findall(r"#(\S+)", words)[0])}
    httpx.post(f"{api_server.url}/api/auth/verify", json=confirmed, trust_env=False).raise_for_status()

    def need(approvals: int) -> None:
        headers = {"Authorization": f"Bearer {client.access_token()}"}
        body = {"approvals_needed": approvals}
        httpx.patch(f"{api_server.url}{DEV}", json=body, headers=headers, trust_env=False).raise_for_status()

    with Client(api_server.url) as other:
        other.sign_in(email, BEN_PASSWORD)
        need(1)
        yield other
        need(0)


@pytest.fixture
async def signed_in(
    stillroom: Stillroom, worker: StandInWorker, ben: Client, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> Stillroom:
    monkeypatch.setattr(approving, "_LOOK_EVERY", 0.05)
    assert stillroom("login") == 0
    capsys.readouterr()
    return stillroom


def request_in(text: str) -> str:
    """The id in the link that was printed."""
    found = re.search(r"/demo/approvals/([0-9a-f-]{36})", text)
    assert found is not None, text
    return found.group(1)


async def test_a_move_that_needs_approval_ends_with_three_and_the_link(signed_in: Stillroom, capsys: Printed) -> None:
    move = ("upgrade", "head", "-e", "dev", "--wait", "--idempotency-key", secrets.token_hex(8))
    assert signed_in(*move) == 3
    first = request_in(capsys.readouterr().err)
    assert signed_in(*move, "--json") == 3
    printed = capsys.readouterr()
    assert (request_in(printed.err), json.loads(printed.out)["state"]) == (first, "open")


async def test_waiting_for_the_approval_goes_on_with_the_job(
    signed_in: Stillroom, ben: Client, worker: StandInWorker, capsys: Printed
) -> None:
    ended = threading.Event()

    def decide() -> None:
        while not (items := ben.get("/api/orgs/demo/approvals", show="waiting")["items"]):
            ended.wait(0.05)
        ben.post(f"/api/approvals/{items[0]['id']}/approve", {"comment": "Go"})

    by = threading.Thread(target=decide)
    by.start()
    assert signed_in("upgrade", "head", "-e", "dev", "--approval-timeout", "5", "--reason", "Please", "--json") == 0
    by.join()
    job = json.loads(capsys.readouterr().out)
    assert (job["state"], job["request_id"] is not None) == ("queued", True)
    newest = await worker.newest_job()
    assert newest is not None and str(newest.id) == job["id"]


async def test_a_rejection_is_a_refusal_with_its_comment(signed_in: Stillroom, ben: Client, capsys: Printed) -> None:
    assert signed_in("upgrade", "head", "-e", "dev") == 3
    request = request_in(capsys.readouterr().err)
    ben.post(f"/api/approvals/{request}/reject", {"comment": "Not today"})
    assert signed_in("approvals", "--mine") == 0
    assert re.search(rf"rejected +upgrade head +shop/dev/main .* {request}", capsys.readouterr().out)


async def test_deciding_from_a_terminal(
    signed_in: Stillroom, ben: Client, worker: StandInWorker, capsys: Printed
) -> None:
    move = {"project": "shop", "environment": "dev", "revision": "head"}
    with pytest.raises(approving.Refused) as refused:
        ben.post("/api/migrations/upgrade", move)
    request = refused.value.params["request"]
    assert signed_in("approvals", "--org", "demo", "--json") == 0
    assert [one["id"] for one in json.loads(capsys.readouterr().out)] == [request]
    assert signed_in("approve", f"https://stillroom.example/demo/approvals/{request}", "--comment", "Fine") == 0
    assert "it became job" in capsys.readouterr().out
    assert signed_in("approve", request) == 4
    assert "nothing to decide any more" in capsys.readouterr().err
    assert signed_in("approve", "17") == 2


async def test_ones_own_request_is_withdrawn_and_not_approved(signed_in: Stillroom, capsys: Printed) -> None:
    assert signed_in("upgrade", "head", "-e", "dev") == 3
    request = request_in(capsys.readouterr().err)
    assert signed_in("approve", request) == 4
    assert "Nobody decides about a request of their own" in capsys.readouterr().err
    assert signed_in("withdraw", request) == 0
    assert "withdrawn" in capsys.readouterr().out


async def test_an_override_starts_at_once(signed_in: Stillroom, worker: StandInWorker, capsys: Printed) -> None:
    assert signed_in("upgrade", "head", "-e", "dev", "--override", "The shop is down", "--json") == 0
    assert json.loads(capsys.readouterr().out)["override"]["reason"] == "The shop is down"
