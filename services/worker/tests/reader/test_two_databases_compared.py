"""Two databases side by side: what one has more, has not, or has otherwise, whatever it is called."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest

from stillroom_testing.every_object import every_object_in
from stillroom_testing.servers import DatabaseAddress, PostgresServer

PROJECT = "/api/orgs/demo/projects/shop"


@pytest.fixture(scope="module")
def target(target_server: PostgresServer) -> Iterator[DatabaseAddress]:
    """A target that no other file has left anything in."""
    with every_object_in(target_server, "alike") as made:
        yield made


@pytest.fixture
async def other(look: Any, target_server: PostgresServer) -> AsyncIterator[Any]:
    """A second database of the same project, in an environment of its own, alike; give it SQL to differ."""
    with every_object_in(target_server, "other") as made:
        await call(look, "POST", f"{PROJECT}/environments", json={"slug": "staging", "name": "Staging"})
        added = await call(
            look,
            "POST",
            f"{PROJECT}/environments/staging/databases",
            json={
                "name": "second",
                "host": made.host,
                "port": made.port,
                "database": made.database,
                "username": made.user,
                "password": made.password,
                "sslmode": "disable",
            },
        )
        assert added.status_code == 201, added.text
        key = added.json()["id"]

        async def differ(sql: str) -> str:
            with psycopg.connect(made.url, autocommit=True) as connection:
                connection.execute(sql)  # type: ignore[call-overload]
            await look.call("POST", "/catalogue/read")
            read = await call(look, "POST", f"{PROJECT}/environments/staging/databases/{key}/catalogue/read")
            assert read.status_code == 200, read.text
            return str(key)

        yield differ


async def call(look: Any, method: str, path: str, **content: Any) -> Any:
    return await look.client.request(method, path, headers=look.headers, **content)


async def compared(look: Any, other: str, **more: Any) -> Any:
    answer = await call(look, "GET", f"{PROJECT}/comparison", params={"left": look.database, "right": other, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_database_of_another_organization_is_not_there(look: Any) -> None:
    asked = {"left": look.database, "right": "0197a000-0000-7000-8000-000000000000"}
    answer = await call(look, "GET", f"{PROJECT}/comparison", params=asked)
    assert answer.status_code == 404


async def test_databases_that_are_alike_have_no_differences(look: Any, other: Any) -> None:
    found = await compared(look, await other("select 1"))
    assert found["differences"] == []
    assert found["same"] > 30
    assert found["left"]["read_at"]
    assert found["right"]["read_at"]


async def test_what_was_added_is_missing_or_differs_is_named_with_both_texts(look: Any, other: Any) -> None:
    hostile = 'n"ew; drop table x -- \u202e<script>'
    quoted = '"' + hostile.replace('"', '""') + '"'
    key = await other(
        f"create table {quoted} (a int); alter table shop.customers add column more int;"
        "create type shop.extra as enum ('x'); drop table shop.child"
    )
    found = await compared(look, key)
    told = {(one["what"], one["kind"], one["name"]) for one in found["differences"]}
    assert told == {
        ("added", "table", hostile),
        ("different", "table", "customers"),
        ("added", "enum", "extra"),
        ("missing", "table", "child"),
    }
    asked = {"left": look.database, "right": key, "kind": "table", "schema": "shop", "name": "customers"}
    both = (await call(look, "GET", f"{PROJECT}/comparison/object", params=asked)).json()
    assert "more integer" not in both["left"]
    assert "more integer" in both["right"]
    alone = {**asked, "schema": "public", "name": hostile}
    both = (await call(look, "GET", f"{PROJECT}/comparison/object", params=alone)).json()
    assert both["left"] is None
    assert both["right"].startswith(f"CREATE TABLE public.{quoted}")
    nowhere = await call(look, "GET", f"{PROJECT}/comparison/object", params={**asked, "name": "nowhere"})
    assert nowhere.status_code == 404


async def test_owners_and_grants_count_only_when_asked_for(look: Any, other: Any) -> None:
    key = await other("grant select on shop.orders to pg_monitor; grant update (id) on shop.orders to pg_monitor")
    assert (await compared(look, key))["differences"] == []
    told = (await compared(look, key, rights="true"))["differences"]
    assert [(one["what"], one["name"]) for one in told] == [("different", "orders")]
    asked = {"left": look.database, "right": key, "kind": "table", "schema": "shop", "name": "orders"}
    quiet = (await call(look, "GET", f"{PROJECT}/comparison/object", params=asked)).json()
    assert quiet["left"] == quiet["right"]
    loud = (await call(look, "GET", f"{PROJECT}/comparison/object", params={**asked, "rights": "true"})).json()
    assert "GRANT SELECT" in loud["right"]


async def test_two_thousand_tables_that_all_differ_are_compared(look: Any, other: Any) -> None:
    key = await other(
        "do $$ begin for i in 1..2000 loop execute format('create table t%s (a int, b text)', i); end loop; end $$"
    )
    began = time.process_time()
    found = await compared(look, key)
    assert len(found["differences"]) == 2000
    assert time.process_time() - began < 20
