"""Signing in, staying signed in over many commands at once, signing out."""

import io
import json
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from stillroom_cli.client.connection import Client, normalized_url
from stillroom_cli.client.credentials import CredentialFile
from stillroom_cli.client.failures import Misused
from stillroom_cli.embedded.ports import any_free
from stillroom_testing.api_server import EMAIL, PASSWORD, ApiServer

from .conftest import Stillroom

ME = "import sys; from stillroom_cli.client.connection import Client; " + (
    "from stillroom_cli.client.credentials import CredentialFile; "
    "print(Client(sys.argv[1], CredentialFile()).get('/api/me')['email'])"
)


def outdated(api_server: ApiServer, *, access_token: str = "") -> None:
    """As if the access token had run out, or were not believed any more."""
    file = CredentialFile()
    kept = file.read(api_server.url)
    assert kept is not None
    changed = replace(kept, access_token=access_token) if access_token else replace(kept, expires_at=time.time() - 1)
    file.write(api_server.url, changed)


def test_a_login_is_kept_in_a_file_that_only_its_owner_reads(
    stillroom: Stillroom, home: Path, api_server: ApiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stillroom("login") == 0

    file = home / "stillroom" / "credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f"Signed in to {api_server.url} as Ann." in capsys.readouterr().out
    assert PASSWORD not in file.read_text()
    assert stillroom("whoami") == 0
    assert f"Ann <{EMAIL}> at {api_server.url}\n  demo: owner" in capsys.readouterr().out


def test_a_login_reads_the_password_from_standard_input(stillroom: Stillroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STILLROOM_PASSWORD")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
    assert stillroom("login", "--email", EMAIL) == 0


def test_a_wrong_password_is_refused_in_the_servers_words(
    stillroom: Stillroom, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STILLROOM_PASSWORD", "wrong one")
    assert stillroom("login") == 4
    told = capsys.readouterr().err
    assert "error: The e-mail address or the password is wrong." in told
    assert "Fix: Check both and try again." in told
    assert "wrong one" not in told


def test_a_later_command_uses_the_server_of_the_login(
    stillroom: Stillroom, api_server: ApiServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("STILLROOM_URL")
    assert stillroom("login", api_server.url) == 0
    assert stillroom("whoami", "--json") == 0
    assert '"email": "ann@example.com"' in capsys.readouterr().out


@pytest.mark.parametrize("access_token", ["", "not.a.token"])
def test_an_access_token_that_ended_or_is_refused_is_renewed(
    stillroom: Stillroom, api_server: ApiServer, access_token: str
) -> None:
    stillroom("login")
    before = CredentialFile().read(api_server.url)
    outdated(api_server, access_token=access_token)

    assert stillroom("whoami") == 0

    after = CredentialFile().read(api_server.url)
    assert before is not None
    assert after is not None
    assert after.refresh_token != before.refresh_token


def test_commands_that_run_at_the_same_time_share_one_renewal(stillroom: Stillroom, api_server: ApiServer) -> None:
    stillroom("login")
    outdated(api_server)

    running = [
        subprocess.Popen([sys.executable, "-c", ME, api_server.url], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]

    assert [process.communicate()[0].strip() for process in running] == [EMAIL] * 4
    assert stillroom("whoami") == 0


def test_writers_never_leave_a_torn_file(stillroom: Stillroom, api_server: ApiServer, home: Path) -> None:
    stillroom("login")
    kept = CredentialFile().read(api_server.url)
    assert kept is not None
    writers = [
        threading.Thread(
            target=lambda: [CredentialFile().write(api_server.url, replace(kept, email="x" * 5000)) for _ in range(20)]
        )
        for _ in range(3)
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        json.loads((home / "stillroom" / "credentials.json").read_text())
    assert [path.name for path in (home / "stillroom").iterdir() if path.name.startswith(".credentials-")] == []


def test_a_logout_ends_the_sign_in_on_the_server_too(
    stillroom: Stillroom, api_server: ApiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    stillroom("login")
    kept = CredentialFile().read(api_server.url)
    assert kept is not None
    assert stillroom("logout") == 0
    assert stillroom("whoami") == 4
    assert f"Fix: Run: stillroom login {api_server.url}" in capsys.readouterr().err

    CredentialFile().write(api_server.url, replace(kept, expires_at=0))
    assert stillroom("whoami") == 4
    assert "The sign-in has ended" in capsys.readouterr().err


def test_a_server_that_does_not_answer_is_named_with_a_way_out(
    stillroom: Stillroom, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"http://127.0.0.1:{any_free()}"
    assert stillroom("login", address) == 4
    told = capsys.readouterr().err
    assert f"error: {address} does not answer." in told
    assert "Connection refused" in told
    assert "make up" in told


def test_tokens_do_not_show_in_representations(client: Client, api_server: ApiServer) -> None:
    kept = client.keeper.read(api_server.url)
    assert kept is not None
    assert kept.access_token not in repr(kept)
    assert kept.refresh_token not in repr(kept)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("https://Stillroom.example.com/", "https://stillroom.example.com"),
        ("stillroom.example.com", "https://stillroom.example.com"),
    ],
)
def test_addresses_have_one_spelling(given: str, meant: str) -> None:
    assert normalized_url(given) == meant


@pytest.mark.parametrize("given", ["ftp://x", "http://", "http://ann:secret@x", "http://x:port"])
def test_addresses_that_are_none_are_refused(given: str) -> None:
    with pytest.raises(Misused):
        normalized_url(given)


def test_a_file_that_cannot_be_read_is_told(
    stillroom: Stillroom, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "stillroom" / "credentials.json").mkdir(parents=True)
    assert stillroom("whoami") == 4
    assert "credentials.json cannot be read." in capsys.readouterr().err
