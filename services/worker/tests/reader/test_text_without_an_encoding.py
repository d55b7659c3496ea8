"""A database in SQL_ASCII holds bytes that are no UTF-8: they are shown as far as they can be, and refuse nothing."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from stillroom_testing.bad_text import make_bad_text
from stillroom_testing.servers import DatabaseAddress, PostgresServer


@pytest.fixture(scope="module")
def target(postgres_server: PostgresServer) -> Iterator[DatabaseAddress]:
    """A database without an encoding, with Latin-1 in names, values, a default and a comment."""
    server = postgres_server
    made = DatabaseAddress(server.host, server.port, server.user, server.password, f"bad_{secrets.token_hex(6)}")
    make_bad_text(server.admin_url("postgresql"), made.url, made.database, made.user)
    yield made
    postgres_server.drop_database(made)


async def test_its_catalogue_is_read_with_a_sign_for_what_is_no_utf_8(look: Any) -> None:
    assert (await look.call("POST", "/catalogue/read")).status_code == 200
    found = (await look.call("GET", "/catalogue")).json()
    assert {one["name"] for one in found["items"] if one["kind"] == "table"} == {"caf\ufffd", "latin", "\u043e\u043a"}
    got = await look.call("GET", "/catalogue/object", params={"kind": "table", "schema": "public", "name": "latin"})
    assert (got.json()["comment"], got.json()["columns"][1]["default"]) == ("caf\ufffd", "'d\ufffdj\ufffd'::text")


async def test_its_rows_are_shown_filtered_and_saved(look: Any) -> None:
    asked = {"schema_name": "public", "table": "latin"}
    got = (await look.call("POST", "/rows", json=asked)).json()
    assert got["rows"] == [["1", "d\ufffdj\ufffd vu"], ["2", "plain"]]
    told = {"column": "body", "test": "eq", "value": "plain"}
    assert (await look.call("POST", "/rows", json={**asked, "filters": [told]})).json()["rows"] == [["2", "plain"]]
    saved = await look.call("POST", "/rows/export", json={**asked, "format": "json"})
    assert [json.loads(line)["body"] for line in saved.text.splitlines()] == ["d\ufffdj\ufffd vu", "plain"]


async def test_names_and_values_that_are_utf_8_are_what_they_are(look: Any) -> None:
    got = (await look.call("POST", "/rows", json={"schema_name": "public", "table": "\u043e\u043a"})).json()
    assert "rows" in got, got
    assert ([one["name"] for one in got["columns"]], got["rows"]) == (["\u0438\u043c\u044f"], [["\u0430\u043d\u044f"]])
    lines = (await look.call("POST", "/query", json={"sql": "select \u0438\u043c\u044f from \u043e\u043a"})).text
    assert json.loads(lines.splitlines()[0])["columns"][0]["name"] == "\u0438\u043c\u044f"
    assert json.loads(lines.splitlines()[1])["rows"] == [["\u0430\u043d\u044f"]]


async def test_a_query_of_bytes_is_answered_and_explained(look: Any) -> None:
    lines = (await look.call("POST", "/query", json={"sql": "select * from latin order by id"})).text.splitlines()
    assert json.loads(lines[1])["rows"][0] == ["1", "d\ufffdj\ufffd vu"]
    plan = await look.call("POST", "/query/explain", json={"sql": "select * from latin", "analyze": True})
    assert plan.status_code == 200
