"""The catalogue from the target to the web's shapes: read, kept, shown, read again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select, text, update

from stillroom_core.catalogues.models import Catalogue, CatalogueObject
from stillroom_core.databases.questions import Question, sign_question
from stillroom_core.keys import first_key_at, new_key
from stillroom_core.settings import get_settings
from stillroom_testing.every_object import HOSTILE_NAMES


async def test_what_was_never_read_is_an_empty_list_that_is_stale(look: Any) -> None:
    answer = (await look.call("GET", "/catalogue")).json()
    assert (answer["read_at"], answer["stale"], answer["items"]) == (None, True, [])


async def test_a_reading_shows_every_kind_of_object(look: Any) -> None:
    read = await look.call("POST", "/catalogue/read")
    assert read.status_code == 200, read.text
    listed = (await look.call("GET", "/catalogue")).json()
    assert len(listed["items"]) == read.json()["objects"]
    assert not listed["stale"]
    kinds = {item["kind"] for item in listed["items"]}
    assert kinds == {
        *("schema", "table", "view", "materialized_view", "function", "enum", "domain", "composite", "range"),
        *("sequence", "extension", "role"),
    }


async def test_every_object_of_the_list_can_be_opened_and_has_its_sql(look: Any) -> None:
    await look.call("POST", "/catalogue/read")
    for item in (await look.call("GET", "/catalogue")).json()["items"]:
        asked = {"kind": item["kind"], "schema": item["schema_name"], "name": item["name"]}
        answer = await look.call("GET", "/catalogue/object", params=asked)
        assert answer.status_code == 200, (item, answer.text)
        found = answer.json()
        assert found["name"] == item["name"]
        made_with_its_column = item["kind"] == "sequence" and "customers_" in item["name"]
        assert bool(found["ddl"]) != (made_with_its_column or found["ddl"] == ""), item
        if item["kind"] == "table" and item["name"] in HOSTILE_NAMES:
            assert found["columns"][0]["name"] == found["comment"] == item["name"]


async def test_a_diagram_has_tables_with_their_keys_and_no_partitions(look: Any) -> None:
    never = (await look.call("GET", "/catalogue/diagram")).json()
    assert (never["read"], never["tables"]) == (False, [])
    await look.call("POST", "/catalogue/read")
    found = (await look.call("GET", "/catalogue/diagram")).json()
    tables = {(one["schema_name"], one["name"]): one for one in found["tables"]}
    assert {name for schema, name in tables if schema == "public"} >= set(HOSTILE_NAMES)
    assert ("shop", "events") in tables
    assert ("shop", "events_2025") not in tables
    orders = tables["shop", "orders"]
    key = next(one for one in orders["keys"] if one["name"] == "orders_customer_id_fkey")
    assert (key["columns"], key["schema_name"], key["table"], key["references"]) == (
        ["customer_id"],
        "shop",
        "customers",
        ["id"],
    )
    assert next(column for column in orders["columns"] if column["name"] == "id")["key"]


async def test_a_table_has_columns_constraints_indexes_triggers_policies_and_grants(look: Any) -> None:
    await look.call("POST", "/catalogue/read")
    asked = {"kind": "table", "schema": "shop", "name": "customers"}
    table = (await look.call("GET", "/catalogue/object", params=asked)).json()
    columns = {column["name"]: column for column in table["columns"]}
    assert (columns["id"]["type"], columns["id"]["identity"]) == ("bigint", "a")
    assert (columns["shouted"]["generated"], columns["name"]["collation"]) == ("s", 'pg_catalog."C"')
    assert {index["name"] for index in table["indexes"]} >= {"customers_pkey", "customers_name", "customers_tags"}
    assert {t["name"]: t["enabled"] for t in table["triggers"]} == {"touched": True, "sleeping": False}
    assert [policy["name"] for policy in table["policies"]] == ["mine", "strict"]
    assert table["policies"][1]["roles"] == ["pg_monitor"]
    both = ["INSERT", "SELECT"]
    assert {"role": "pg_monitor", "privileges": both, "grantable": both} in table["grants"]
    orders = (await look.call("GET", "/catalogue/object", params=asked | {"name": "orders"})).json()
    references = {k["name"]: k["references"] for k in orders["constraints"] if k["type"] == "f"}
    assert references["orders_customer_id_fkey"] == {"schema_name": "shop", "name": "customers", "columns": ["id"]}


async def test_a_change_is_seen_by_the_next_reading_and_the_rest_is_stored_once(look: Any) -> None:
    await look.call("POST", "/catalogue/read")
    database = look.app.state.context.database
    before = await counted(database)
    await look.call("POST", "/catalogue/read")
    assert await counted(database) == before
    look.run("create table shop.newcomer (id integer)")
    try:
        await look.call("POST", "/catalogue/read")
        states, objects = await counted(database)
        assert (states, objects) == (before[0] + 1, before[1] + 1)
        names = {item["name"] for item in (await look.call("GET", "/catalogue")).json()["items"]}
        assert "newcomer" in names
    finally:
        look.run("drop table shop.newcomer")


async def counted(database: Any) -> tuple[int, int]:
    async with database.everything() as session:
        states = await session.scalar(select(func.count()).select_from(Catalogue))
        objects = await session.scalar(select(func.count()).select_from(CatalogueObject))
        return states, objects


@pytest.fixture
def changing(look: Any) -> Iterator[Any]:
    """The target is shared: what `changed` leaves on it is taken away again."""
    yield look
    look.run("comment on table shop.orders is null")


async def test_a_state_that_another_replaced_a_month_ago_is_forgotten_with_what_it_alone_had(changing: Any) -> None:
    look = changing
    await look.call("POST", "/catalogue/read")
    for statement in ("create table shop.for_a_month (id integer)", "drop table shop.for_a_month"):
        look.run(statement)
        await look.call("POST", "/catalogue/read")
    await aged(look, 60, 40, 0)  # without the table, with it, without it
    await changed(look)
    assert (await states(look), await has_object(look, "for_a_month")) == (3, True)
    await aged(look, 60, 40, 0)  # with the table, without it, the change
    await changed(look)
    assert (await states(look), await has_object(look, "for_a_month")) == (3, False)
    for item in (await look.call("GET", "/catalogue")).json()["items"]:
        place = {"kind": item["kind"], "schema": item["schema_name"], "name": item["name"]}
        assert (await look.call("GET", "/catalogue/object", params=place)).status_code == 200


async def test_nothing_is_forgotten_while_another_reading_is_stored(changing: Any) -> None:
    look = changing
    await look.call("POST", "/catalogue/read")
    await changed(look)
    await aged(look, 60, 40)
    async with look.app.state.context.database.everything() as session:
        name = "hashtextextended('catalogue objects of ' || id, 0)"
        await session.execute(text(f"select pg_advisory_xact_lock_shared({name}) from organizations"))
        await changed(look)
        assert await states(look) == 3
    await changed(look)
    assert await states(look) == 3


async def changed(look: Any) -> None:
    """Another state of the schema is read."""
    look.run(f"comment on table shop.orders is '{uuid4()}'")
    assert (await look.call("POST", "/catalogue/read")).status_code == 200


async def aged(look: Any, *days: int) -> None:
    """The states that there are came into being so many days ago, the oldest first."""
    async with look.app.state.context.database.everything() as session:
        keys = (await session.scalars(select(Catalogue.id).order_by(Catalogue.id))).all()
        for key, ago in zip(keys, days, strict=True):
            if ago:
                moment = first_key_at(datetime.now(UTC) - timedelta(days=ago))
                await session.execute(update(Catalogue).where(Catalogue.id == key).values(id=moment))


async def states(look: Any) -> int:
    return (await counted(look.app.state.context.database))[0]


async def has_object(look: Any, name: str) -> bool:
    async with look.app.state.context.database.everything() as session:
        named = select(CatalogueObject).where(CatalogueObject.content["name"].astext == name)
        return (await session.scalar(named)) is not None


async def test_an_unreachable_database_is_a_problem_with_cause_and_fix_and_no_password(look: Any) -> None:
    changed = await look.call("PATCH", "", json={"port": 1, "password": "canary-7f3a"})
    assert changed.status_code == 200, changed.text
    answer = await look.call("POST", "/catalogue/read")
    assert (answer.status_code, answer.json()["code"]) == (503, "connect_failed")
    assert answer.json()["fix"]
    assert "canary-7f3a" not in answer.text


async def test_a_reader_that_is_away_is_a_problem_that_says_so(look: Any) -> None:
    await look.app.state.context.reader.close()
    from stillroom_api.reader import Reader

    look.app.state.context.reader = Reader(get_settings())  # nobody listens there
    answer = await look.call("POST", "/catalogue/read")
    assert (answer.status_code, answer.json()["code"]) == (503, "reader_away")


async def test_the_reader_believes_no_question_that_the_api_did_not_sign(look: Any) -> None:
    settings = get_settings()
    question = Question(new_key(), new_key())
    good = sign_question(settings, question, "/catalogue", b"{}")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=look.reader), base_url="http://reader") as client:
        for token, path, body in [
            ("", "/catalogue", b"{}"),
            ("x.y.z", "/catalogue", b"{}"),
            (look.headers["Authorization"].removeprefix("Bearer "), "/catalogue", b"{}"),
            (good, "/catalogue", b'{"other": 1}'),
        ]:
            answer = await client.post(path, content=body, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401
        # A database of another organization is none.
        answer = await client.post("/catalogue", content=b"{}", headers={"Authorization": f"Bearer {good}"})
        assert '"no_such_database"' in answer.text


async def test_connections_to_the_target_are_few_and_end(look: Any) -> None:
    for _ in range(5):
        await look.call("POST", "/catalogue/read")
    ours = "select count(*) from pg_stat_activity where application_name = 'stillroom:reader'"
    assert look.ask(ours + f" and datname = '{look.target.database}'") == 1
