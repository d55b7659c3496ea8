"""The audit log from a terminal: verified here, and taken away."""

import json
import re

import psycopg
import pytest

from stillroom_cli.client.audit_chain import follow
from stillroom_cli.client.connection import Client
from stillroom_testing.api_server import ApiServer

from .conftest import Stillroom

Printed = pytest.CaptureFixture[str]


def test_a_chain_is_verified_remembered_and_found_broken(
    stillroom: Stillroom, client: Client, api_server: ApiServer, capsys: Printed
) -> None:
    assert stillroom("login") == 0
    for _ in range(3):
        client.post("/api/orgs/demo/projects/shop/fetch")
    capsys.readouterr()
    assert stillroom("audit", "verify") == 0
    printed = re.search(r"^(\d+):([0-9a-f]{64})$", capsys.readouterr().out, re.MULTILINE)
    assert printed is not None
    client.post("/api/orgs/demo/projects/shop/fetch")
    assert stillroom("audit", "verify", "--org", "demo", "--since", printed[0]) == 0
    assert stillroom("audit", "verify", "--since", f"{printed[1]}:{'0' * 64}") == 1
    assert stillroom("audit", "verify", "--since", f"99999:{printed[2]}") == 1
    capsys.readouterr()
    assert stillroom("audit", "export") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert follow(lines).broken_at is None and lines[-1]["action"] == "project.fetch"
    assert stillroom("audit", "export", "--csv") == 0
    assert "project.fetch" in capsys.readouterr().out
    with psycopg.connect(api_server.database_url, autocommit=True) as owner:
        owner.execute("alter table audit_entries disable trigger user")
        owner.execute("update audit_entries set address = 'elsewhere' where number = 2")
        owner.execute("alter table audit_entries enable trigger user")
    assert stillroom("audit", "verify") == 1
    assert "Entry 2 of the audit log does not hold" in capsys.readouterr().err
    assert stillroom("audit", "verify", "--json") == 1
    assert json.loads(capsys.readouterr().out)["reason"] == "changed"


def test_a_chain_that_got_shorter_is_noticed_by_who_remembers() -> None:
    assert follow([], remembered=(1, "0" * 64)).reason == "missing"
    assert follow([]).broken_at is None
