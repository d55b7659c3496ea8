"""Signing in through a browser: a real command waits, and somebody answers it over the API as the page does."""

import asyncio
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from stillroom_cli.client.by_browser import open_page
from stillroom_cli.client.connection import Client, own_name
from stillroom_cli.client.credentials import CredentialFile
from stillroom_cli.embedded.ports import any_free
from stillroom_core.database import Database, make_engine
from stillroom_core.keys import new_key
from stillroom_core.members.models import Membership, User
from stillroom_core.organizations.models import Organization
from stillroom_core.providers.models import IdentityProvider, ProviderDomain
from stillroom_core.sessions.passwords import hash_password
from stillroom_core.tables import now
from stillroom_core.terminals.models import Terminal
from stillroom_testing.api_server import EMAIL, PASSWORD, ApiServer
from stillroom_testing.relay import Relay
from stillroom_testing.waiting import until

from .conftest import Stillroom

Printed = pytest.CaptureFixture[str]
MEMBER = "bob@works.example"


class Waiting:
    """A `stillroom login` in a process of its own, and what it has said so far."""

    def __init__(self, *words: str, stdin: int = subprocess.DEVNULL) -> None:
        command = [sys.executable, "-m", "stillroom_cli", "login", *words]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=stdin, stdout=pipe, stderr=pipe, text=True, preexec_fn=_hear_ctrl_c
        )
        self.said = ""

    def code(self) -> str:
        """The code that it shows."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line
            if found := re.search(r"the code ([A-Z]{4}-[A-Z]{4})", line):
                return found.group(1)
        raise AssertionError(f"it showed no code:\n{self.said}")

    def end(self) -> tuple[int, str]:
        """Its exit code, and all that it printed."""
        out, error = self.process.communicate(timeout=60)
        self.said += error
        return self.process.returncode, out


def _hear_ctrl_c() -> None:
    """As in a terminal: what a shell starts in the background inherits that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def login(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Waiting]]:
    """Begins one, where there is no browser and no password."""
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "STILLROOM_EMAIL", "STILLROOM_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    begun: list[Waiting] = []

    def begin(*words: str, stdin: int = subprocess.DEVNULL) -> Waiting:
        begun.append(Waiting(*words, stdin=stdin))
        return begun[-1]

    yield begin
    for one in begun:
        one.process.kill()
        one.process.communicate()


@pytest.fixture
async def database(api_server: ApiServer) -> AsyncIterator[Database]:
    """The server's own database."""
    found = Database(make_engine(api_server.database_url, pool_size=2))
    yield found
    await found.close()


@pytest.fixture
async def member(database: Database) -> AsyncIterator[str]:
    """Somebody whose organization lets its people in through its own provider alone."""
    async with database.everything() as session:
        organization = await session.scalar(select(Organization.id).where(Organization.slug == "demo"))
        user = User(
            id=new_key(),
            email=MEMBER,
            name="Bob",
            password_hash=await hash_password(PASSWORD),
            theme="system",
            token_version=0,
        )
        provider = IdentityProvider(
            id=new_key(),
            organization_id=organization,
            issuer="https://id.works.example",
            client_id="stillroom",
            admits=False,
            enforced=True,
            groups_claim="groups",
            mapping=[],
        )
        session.add_all([user, provider])
        await session.flush()
        session.add(Membership(organization_id=organization, user_id=user.id, role="member"))
        session.add(
            ProviderDomain(
                organization_id=organization,
                provider_id=provider.id,
                domain="works.example",
                proof="-",
                proven_at=now(),
            )
        )
    yield MEMBER
    async with database.everything() as session:
        await session.execute(delete(IdentityProvider).where(IdentityProvider.id == provider.id))
        await session.execute(delete(User).where(User.email == MEMBER))


def answer(client: Client, code: str, said: str = "approve") -> None:
    client.post(f"/api/me/terminals/{code}", {"answer": said})


def test_a_terminal_that_was_approved_is_signed_in_and_listed_with_its_host(
    login: Callable[..., Waiting], client: Client, stillroom: Stillroom, home: Path, capsys: Printed
) -> None:
    waiting = login("--browser")
    code = waiting.code()
    shown = client.get(f"/api/me/terminals/{code}")
    assert (shown["name"], shown["state"]) == (own_name(), "waiting")
    answer(client, code)
    ended, out = waiting.end()
    assert (ended, out) == (0, f"Signed in to {client.url} as Ann.\n")
    assert f"Open {client.url}/terminal?code={code}\n" in waiting.said
    kept = CredentialFile().read(client.url)
    assert kept is not None and kept.refresh_token not in waiting.said + out

    assert stillroom("whoami") == 0
    assert f"Ann <{EMAIL}>" in capsys.readouterr().out
    sessions = client.get("/api/me/sessions")["items"]
    assert own_name() in [one["user_agent"] for one in sessions if not one["current"]]
    assert stillroom("logout") == 0
    client.get("/api/me")  # the one that approved goes on


def test_a_terminal_that_was_refused_says_so_and_keeps_nothing(
    login: Callable[..., Waiting], client: Client, home: Path
) -> None:
    waiting = login("--browser")
    answer(client, waiting.code(), "refuse")
    assert waiting.end() == (4, "")
    assert "error: Signing this terminal in was refused." in waiting.said
    assert CredentialFile().read(client.url) is None


async def test_a_terminal_whose_time_is_over_says_so(login: Callable[..., Waiting], database: Database) -> None:
    waiting = login("--browser")
    row = Terminal.code == waiting.code().replace("-", "")
    async with database.everything() as session:
        await session.execute(update(Terminal).where(row).values(expires_at=now() - timedelta(seconds=1)))
    assert waiting.end() == (4, "")
    assert "error: This sign-in of a terminal has ended." in waiting.said


def test_ctrl_c_ends_the_waiting_without_a_trace(
    login: Callable[..., Waiting], home: Path, api_server: ApiServer
) -> None:
    waiting = login("--browser")
    waiting.code()
    waiting.process.send_signal(signal.SIGINT)
    assert waiting.end() == (130, "")
    assert "Traceback" not in waiting.said
    assert CredentialFile().read(api_server.url) is None


async def test_a_server_that_is_away_while_it_waits_is_asked_on(
    login: Callable[..., Waiting], client: Client, relay: Relay
) -> None:
    waiting = login("--browser", relay.url)
    code = await asyncio.to_thread(waiting.code)
    before = relay.accepted
    relay.close()
    await until(lambda: relay.accepted > before)
    relay.reopen()
    answer(client, code)
    assert await asyncio.to_thread(waiting.end) == (0, f"Signed in to {relay.url} as Ann.\n")


def test_json_says_who_is_signed_in_and_nothing_else(login: Callable[..., Waiting], client: Client) -> None:
    waiting = login("--browser", "--json")
    answer(client, waiting.code())
    ended, out = waiting.end()
    assert ended == 0
    assert json.loads(out)["email"] == EMAIL


def test_a_person_at_a_terminal_who_gives_no_address_goes_through_the_browser(
    login: Callable[..., Waiting], client: Client
) -> None:
    person, terminal = pty.openpty()
    waiting = login(stdin=terminal)
    os.write(person, b"\n")
    answer(client, waiting.code())
    assert waiting.end()[0] == 0
    assert waiting.said.startswith("E-mail, or nothing to sign in through the browser: ")
    os.close(person)
    os.close(terminal)


def test_without_a_terminal_and_an_address_the_browser_is_named(login: Callable[..., Waiting]) -> None:
    waiting = login()
    assert waiting.end() == (2, "")
    assert "Fix: Give --email or --browser, or set STILLROOM_EMAIL." in waiting.said


async def test_where_a_provider_is_enforced_the_refusal_names_the_browser(
    stillroom: Stillroom, member: str, api_server: ApiServer, capsys: Printed
) -> None:
    assert stillroom("login", "--email", member) == 4
    told = capsys.readouterr().err
    assert "error: Your organization signs its people in with its own identity provider." in told
    assert f"Fix: Run: stillroom login --browser {api_server.url}\n" in told


def test_a_wrong_password_names_the_browser_for_who_has_none(
    stillroom: Stillroom, api_server: ApiServer, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.setenv("STILLROOM_PASSWORD", "wrong one")
    assert stillroom("login") == 4
    assert f"Without a password, run: stillroom login --browser {api_server.url}\n" in capsys.readouterr().err


def test_beside_an_api_token_nobody_is_signed_in(
    stillroom: Stillroom, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.setenv("STILLROOM_TOKEN", "stillroom_x")
    assert stillroom("login", "--browser") == 2
    assert "so commands do not act as a person" in capsys.readouterr().err


def test_an_address_and_the_browser_contradict_each_other(stillroom: Stillroom, capsys: Printed) -> None:
    with pytest.raises(SystemExit) as ended:
        stillroom("login", "--browser", "--email", EMAIL)
    assert ended.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


def test_a_server_that_does_not_answer_is_told_at_once(stillroom: Stillroom, capsys: Printed) -> None:
    assert stillroom("login", "--browser", f"http://127.0.0.1:{any_free()}") == 4
    assert "does not answer" in capsys.readouterr().err


def browser_of(tmp_path: Path) -> tuple[str, Path]:
    """A browser that writes what it was asked to open."""
    opened, script = tmp_path / "opened", tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho noise; echo noise >&2\necho "$1" > {opened}.part; mv {opened}.part {opened}\n')
    script.chmod(0o755)
    return str(script), opened


async def test_the_page_opens_in_the_browser_that_there_is_and_is_silent_here(
    login: Callable[..., Waiting], client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, opened = browser_of(tmp_path)
    monkeypatch.setenv("BROWSER", script)
    waiting = login("--browser")
    code = waiting.code()
    await until(opened.exists)
    assert opened.read_text() == f"{client.url}/terminal?code={code}\n"
    answer(client, code)
    assert waiting.end()[0] == 0
    assert "noise" not in waiting.said


def test_a_browser_that_is_not_there_is_no_failure(
    login: Callable[..., Waiting], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", "/no/such/browser")
    waiting = login("--browser")
    answer(client, waiting.code())
    assert waiting.end()[0] == 0
    assert "no/such" not in waiting.said


@pytest.mark.parametrize(
    ("address", "environment"),
    [
        ("https://x.example/terminal", {"DISPLAY": ":0", "SSH_CONNECTION": "a 1 b 2"}),
        ("file:///etc/passwd", {"DISPLAY": ":0"}),
        ("-help", {"BROWSER": "firefox"}),
    ],
)
def test_a_page_that_nobody_would_see_or_that_is_none_is_not_opened(
    address: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    monkeypatch.setattr(subprocess, "Popen", lambda *words, **_: started.append(words))
    open_page(address, environment)
    assert started == []
