"""Rows by pages and as files, and SQL that reads: what is shown, what is refused, what is cancelled."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

LISTENERS = "select count(*) from pg_stat_activity where application_name = 'stillroom:reader' and state = 'active'"


@pytest.fixture(scope="module", autouse=True)
def filled(target: Any) -> None:
    """Rows with every kind of trouble in them."""
    with psycopg.connect(target.url, autocommit=True) as connection:
        connection.execute("create table if not exists shop.numbers (n integer primary key, half integer, word text)")
        connection.execute(
            "insert into shop.numbers select i, case when i % 10 = 0 then null else i / 2 end, 'w' || i % 7 "
            "from generate_series(1, 1000) i on conflict do nothing"
        )
        connection.execute(
            "create table if not exists shop.trouble (id integer primary key, big text, raw bytea, j jsonb)"
        )
        connection.execute(
            "insert into shop.trouble values (1, repeat('x', 100 * 1024 * 1024), null, null),"
            "(2, E'<script>alert(1)</script>\\n\u202e', decode('00ff10', 'hex'), '{\"a\": [1]}'),"
            "(3, '', null, null), (4, null, null, null) on conflict do nothing"
        )
        wide = ", ".join(f"c{i} integer default {i}" for i in range(1600))
        connection.execute(f"create table if not exists shop.wide ({wide})")
        connection.execute("insert into shop.wide default values")


async def page(look: Any, table: str = "numbers", **more: Any) -> Any:
    answer = await look.call("POST", "/rows", json={"schema_name": "shop", "table": table, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def lines(look: Any, sql: str, **more: Any) -> list[dict[str, Any]]:
    answer = await look.call("POST", "/query", json={"sql": sql, **more})
    if answer.status_code != 200:
        return [{"error": answer.json()}]
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.mark.parametrize("sort", [None, "n", "half", "word"])
@pytest.mark.parametrize("descending", [False, True])
async def test_pages_give_every_row_once_whatever_the_order(look: Any, sort: str | None, descending: bool) -> None:
    found: list[Any] = []
    after = None
    while True:
        got = await page(look, sort=sort, descending=descending, limit=300, after=after)
        found += got["rows"]
        if got["next"] is None:
            break
        after = got["next"]
    assert sorted(int(row[0]) for row in found) == list(range(1, 1001))
    order = f"{sort or 'n'} {'desc' if descending else 'asc'}, n {'desc' if descending else 'asc'}"
    with psycopg.connect(look.target.url) as connection:
        rows = connection.execute(f"select n from shop.numbers order by {order}").fetchall()  # type: ignore[call-overload]
    assert [int(row[0]) for row in found] == [row[0] for row in rows]


async def test_filters_are_values_and_never_sql(look: Any) -> None:
    async def numbers(*filters: dict[str, Any]) -> list[int]:
        return [int(row[0]) for row in (await page(look, filters=list(filters)))["rows"]]

    assert await numbers({"column": "n", "test": "le", "value": "3"}) == [1, 2, 3]
    assert await numbers({"column": "half", "test": "null"}, {"column": "n", "test": "lt", "value": "30"}) == [10, 20]
    assert await numbers(
        {"column": "word", "test": "contains", "value": "W6"}, {"column": "n", "test": "lt", "value": "8"}
    ) == [6]
    assert await numbers({"column": "word", "test": "eq", "value": "' or true --"}) == []
    refused = await look.call(
        "POST",
        "/rows",
        json={
            "schema_name": "shop",
            "table": "numbers",
            "filters": [{"column": 'n" or true', "test": "eq", "value": "1"}],
        },
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "no_such_column")
    wrong = await look.call(
        "POST",
        "/rows",
        json={"schema_name": "shop", "table": "numbers", "filters": [{"column": "n", "test": "eq", "value": "x"}]},
    )
    assert (wrong.status_code, wrong.json()["code"]) == (422, "sql_refused")
    assert "integer" in wrong.json()["detail"]


async def test_large_binary_and_missing_values_are_shown_and_told_apart(look: Any) -> None:
    got = await page(look, "trouble")
    assert [len(row[1]) if row[1] is not None else None for row in got["rows"]] == [401, 27, 0, None]
    assert got["cut"] == [[0, 1]]
    assert got["rows"][1] == ["2", "<script>alert(1)</script>\n\u202e", "\\x00ff10", '{"a": [1]}']


async def test_a_table_of_1600_columns_and_one_without_a_key_are_shown(look: Any) -> None:
    got = await page(look, "wide")
    assert (len(got["columns"]), len(got["rows"][0]), got["key"], got["next"]) == (1600, 1600, [], None)


async def test_a_table_is_saved_as_csv_and_as_json(look: Any) -> None:
    asked = {"schema_name": "shop", "table": "numbers", "sort": "n"}
    answer = await look.call("POST", "/rows/export", json=asked)
    assert "numbers.csv" in answer.headers["content-disposition"]
    text = answer.text.splitlines()
    assert (text[0], len(text)) == ("n,half,word", 1001)
    assert text[10] == "10,,w3"
    answer = await look.call("POST", "/rows/export", json={**asked, "format": "json", "limit": 2})
    assert [json.loads(line) for line in answer.text.splitlines()][1] == {"n": "2", "half": "1", "word": "w2"}


async def test_a_query_gives_columns_rows_and_what_it_took(look: Any) -> None:
    got = await lines(look, "select n, word as n from shop.numbers order by 1 limit 450;")
    assert got[0]["columns"] == [
        {"name": "n", "type": "int4", "category": "N"},
        {"name": "n", "type": "text", "category": "S"},
    ]
    assert [row for line in got if "rows" in line for row in line["rows"]][449] == ["450", "w2"]
    assert (got[-1]["count"], got[-1]["more"]) == (450, False)
    assert got[-1]["ms"] > 0


async def test_a_query_stops_at_its_limits(look: Any) -> None:
    got = await lines(look, "select generate_series(1, 100000)", limit=250)
    assert (got[-1]["count"], got[-1]["more"]) == (250, True)
    got = await lines(look, "select pg_sleep(60)", timeout_ms=200)
    assert got[-1]["error"]["code"] == "query_timeout"


async def test_a_query_may_take_the_time_that_it_was_given_and_a_file_too(
    look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stillroom_worker.target.connection.ANSWER_WITHIN", timedelta(seconds=1))
    got = await lines(look, "select 1 from pg_sleep(2)", timeout_ms=30_000)
    assert (got[-1].get("error"), got[-1].get("count")) == (None, 1)
    plan = await look.call("POST", "/query/explain", json={"sql": "select pg_sleep(2)", "analyze": True})
    assert plan.status_code == 200, plan.text
    look.run("create or replace view shop.slow as select 1 as n from pg_sleep(2)")
    saved = await look.call("POST", "/rows/export", json={"schema_name": "shop", "table": "slow"})
    look.run("drop view shop.slow")
    assert saved.text.splitlines()[-1] == "1"


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("update shop.numbers set n = 0", "not_a_query"),
        ("drop table shop.numbers", "not_a_query"),
        ("do $$ begin end $$", "not_a_query"),
        ("copy shop.numbers to program 'touch /tmp/x'", "not_a_query"),
        ("/* select */ delete from shop.numbers", "not_a_query"),
        ("select 1; drop table shop.numbers", "sql_refused"),
        ("with d as (delete from shop.numbers returning *) select * from d", "sql_refused"),
        ("select nextval('shop.loose')", "read_only"),
        ("select set_config('transaction_read_only', 'off', false)", "sql_refused"),
        ("explain analyze delete from shop.numbers", "read_only"),
        ("selec 1", "not_a_query"),
        ("select no_such_column", "sql_refused"),
        ("commit", "not_a_query"),
    ],
)
async def test_what_would_change_something_is_refused(look: Any, sql: str, code: str) -> None:
    before = look.ask("select count(*) from shop.numbers")
    assert (await lines(look, sql))[-1]["error"]["code"] == code
    assert look.ask("select count(*) from shop.numbers") == before


async def test_a_session_of_a_query_is_not_used_again(look: Any) -> None:
    await lines(look, "select pg_advisory_lock(4711), set_config('search_path', 'nowhere', false)")
    got = await lines(look, "select pg_try_advisory_lock(4711), current_setting('search_path')")
    assert got[1]["rows"] == [["true", '"$user", public']]


async def test_a_plan_is_told_estimated_and_measured(look: Any) -> None:
    sql = "select * from shop.numbers where n = 7"
    plan = (await look.call("POST", "/query/explain", json={"sql": sql})).json()["plan"]
    assert "Index" in plan["Plan"]["Node Type"]
    assert "Execution Time" not in plan
    measured = (await look.call("POST", "/query/explain", json={"sql": sql, "analyze": True})).json()["plan"]
    assert measured["Execution Time"] > 0
    refused = await look.call("POST", "/query/explain", json={"sql": "delete from shop.numbers", "analyze": True})
    assert refused.json()["code"] == "read_only"


async def test_hanging_up_ends_the_statement_on_the_server(look: Any) -> None:
    """Over real sockets: an in-process client has no connection to hang up."""
    import uvicorn

    from stillroom_api.reader import Reader
    from stillroom_core.settings import get_settings

    server = uvicorn.Server(uvicorn.Config(look.reader, port=0, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    settings = get_settings().model_copy(update={"reader_url": f"http://127.0.0.1:{port}"})
    look.app.state.context.reader = Reader(settings, httpx.AsyncHTTPTransport())
    front = uvicorn.Server(uvicorn.Config(look.app, port=0, log_config=None, lifespan="off"))
    fronting = asyncio.create_task(front.serve())
    while not front.started:
        await asyncio.sleep(0.01)
    base = f"http://127.0.0.1:{front.servers[0].sockets[0].getsockname()[1]}"
    path = f"/api/orgs/demo/projects/shop/environments/dev/databases/{look.database}/query"

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=base, headers=look.headers) as client:
            await client.post(path, json={"sql": "select pg_sleep(120)", "timeout_ms": 200_000}, timeout=100)

    try:
        asking = asyncio.create_task(ask())
        await until(look, 1)
        asking.cancel()
        await until(look, 0)
    finally:
        front.should_exit = server.should_exit = True
        await asyncio.gather(fronting, serving)


async def until(look: Any, number: int) -> None:
    async with asyncio.timeout(60):
        while await asyncio.to_thread(look.ask, f"{LISTENERS} and datname = '{look.target.database}'") != number:
            await asyncio.sleep(0.05)
