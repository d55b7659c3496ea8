"""A pipeline acts through STILLROOM_TOKEN: no sign-in, no project to name, exit codes that mean something."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from stillroom_cli.client.connection import Client
from stillroom_testing.stand_in_worker import StandInWorker

from .conftest import Stillroom

Printed = pytest.CaptureFixture[str]
Make = Callable[..., dict[str, Any]]


@pytest.fixture
def make(client: Client, monkeypatch: pytest.MonkeyPatch, worker: StandInWorker) -> Make:
    """Makes a token for demo/shop and puts it where a pipeline has it."""

    def new(**content: Any) -> dict[str, Any]:
        body = {"name": "pipeline", "projects": ["shop"], "environments": ["dev"], "expires_in_days": 1, **content}
        body.setdefault("permissions", ["job.upgrade", "job.read", "job.plan"])
        made: dict[str, Any] = client.post("/api/orgs/demo/tokens", body)
        monkeypatch.setenv("STILLROOM_TOKEN", made["token"])
        for name in ("STILLROOM_PROJECT", "STILLROOM_ENVIRONMENT"):
            monkeypatch.delenv(name, raising=False)
        return made

    return new


def test_a_token_for_one_environment_needs_no_names(stillroom: Stillroom, make: Make, capsys: Printed) -> None:
    make()
    assert stillroom("upgrade", "head", "--json", "--idempotency-key", "build-7") == 0
    job = json.loads(capsys.readouterr().out)
    assert (job["environment"]["slug"], job["actor"]["token"]) == ("dev", "pipeline")
    # A pipeline that is run again asks for the same job.
    assert stillroom("upgrade", "head", "--json", "--idempotency-key", "build-7") == 0
    assert json.loads(capsys.readouterr().out)["id"] == job["id"]
    assert stillroom("current") == 0


def test_what_the_token_does_not_allow_is_exit_code_4(stillroom: Stillroom, make: Make, capsys: Printed) -> None:
    make()
    assert stillroom("upgrade", "head", "-e", "staging") == 4
    assert "job.upgrade" in capsys.readouterr().err
    assert stillroom("downgrade", "base") == 4


def test_a_token_that_is_not_accepted_says_what_to_check(
    stillroom: Stillroom, make: Make, client: Client, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    made = make()
    monkeypatch.setenv("STILLROOM_TOKEN", made["token"] + "x")
    assert stillroom("current") == 4
    told = capsys.readouterr().err
    assert "STILLROOM_TOKEN" in told and made["token"] not in told
    assert stillroom("login") == 2


def test_a_token_for_more_is_told_to_say_what_it_means(stillroom: Stillroom, make: Make, capsys: Printed) -> None:
    make(environments=None)
    assert stillroom("upgrade", "head") == 4
    assert "Which environment is meant?" in capsys.readouterr().err
