"""Signing in where the account has a second factor."""

import io
import sys
from collections.abc import Iterator
from datetime import timedelta

import pyotp
import pytest

from stillroom_cli.client.connection import Client
from stillroom_core.tables import now
from stillroom_testing.api_server import EMAIL, PASSWORD, ApiServer

from .conftest import Stillroom

Printed = pytest.CaptureFixture[str]


class Terminal(io.StringIO):
    """Standard input as a person has it."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.fixture
def codes(client: Client) -> Iterator[list[str]]:
    """Ann has a second factor; these are her recovery codes, each good once."""
    made = client.post("/api/me/second-factor", {"current": PASSWORD})
    code = pyotp.TOTP(made["secret"]).at(now() - timedelta(seconds=30))
    confirmed = client.post("/api/me/second-factor/confirm", {"code": code})
    found: list[str] = list(confirmed["codes"])
    yield found
    client.post("/api/me/second-factor/off", {"current": PASSWORD})


def test_the_code_comes_from_a_variable(
    stillroom: Stillroom, codes: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.setenv("STILLROOM_CODE", codes[0])
    assert stillroom("login") == 0
    assert stillroom("login") == 4  # it was used
    told = capsys.readouterr().err
    assert "The code is wrong, or was used already." in told and codes[0] not in told


def test_the_code_is_the_line_after_the_password(
    stillroom: Stillroom, codes: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.delenv("STILLROOM_PASSWORD")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n{codes[0]}\n"))
    assert stillroom("login", "--email", EMAIL) == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
    assert stillroom("login", "--email", EMAIL) == 2
    assert "Set STILLROOM_CODE" in capsys.readouterr().err


def test_a_person_is_asked_and_may_mistype(
    stillroom: Stillroom, codes: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(f"000000\n{codes[0]}\n"))
    assert stillroom("login") == 0
    assert capsys.readouterr().err.count("Code of the second factor") == 2
    monkeypatch.setattr(sys, "stdin", Terminal("000000\n" * 9))
    assert stillroom("login") == 4
    assert capsys.readouterr().err.count("Code of the second factor") == 3


def test_an_account_without_one_is_asked_for_nothing(
    stillroom: Stillroom, api_server: ApiServer, capsys: Printed
) -> None:
    assert stillroom("login", api_server.url) == 0
    assert "Code" not in capsys.readouterr().err
