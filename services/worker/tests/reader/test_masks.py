"""Masked columns: what is shown of them, and every way round that we know, which is refused."""

import json
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from stillroom_core.keys import new_key
from stillroom_core.members.models import Membership, ProjectMembership, User
from stillroom_core.projects.models import Project

MASKS = [("email", "domain"), ("phone", "last4"), ("passport", "hash"), ("pass*", "hide")]
SECRETS = ("ann@example.com", "bob@other.example", "+49 170 1234567", "C01X0006H", "hunter22")

MADE = r"""
create schema people;
create table people.clients (
    id integer primary key, email text unique, phone text, passport text, password text, city text, parent integer
);
insert into people.clients values
    (1, 'ann@example.com', '+49 170 1234567', 'C01X0006H', 'hunter22', 'Bonn', null),
    (2, 'bob@other.example', '112', 'C01X0006H', null, 'Kiel', 1),
    (3, null, null, null, null, 'Ulm', 1);
create table people.cities (name text primary key, inhabitants integer);
insert into people.cities values ('Bonn', 330000), ('Kiel', 246000);
create table people.keyed_by_email (email text primary key, n integer);
insert into people.keyed_by_email select 'e' || i || '@example.com', i from generate_series(1, 5) i;
create view people.everybody as select id, city from people.clients;
create view people.behind as select * from people.everybody;
create materialized view people.kept as select city as c, email as e from people.clients;
create view people.busy as select query from pg_stat_activity;
create view people.written as select query_to_xml('select * from people.clients', true, true, '') as x;
create function people.mail_of(integer) returns text language sql stable as
    'select email from people.clients where id = $1';
create function public.mails_of(people.cities) returns text language sql stable as
    'select string_agg(email, '','') from people.clients';
create view people.by_function as select people.mail_of(1) as m;
create function people.same(text, text) returns boolean language sql stable as
    'select exists (select from people.clients where email = $1)';
create operator people.=== (leftarg = text, rightarg = text, function = people.same);
create table people.parts (id integer, email text) partition by range (id);
create table people.part_1 partition of people.parts for values from (0) to (10);
insert into people.parts values (1, 'ann@example.com');
create table people.old (like people.cities);
create table people.older (email text) inherits (people.old);
"""

# What is refused to whoever looks through masks.
REFUSED = [
    "select email from people.clients",
    "select id from people.clients",
    "select c.e from (select email as e from people.clients) c",
    "select email::varchar(5) from people.clients",
    "select 'x' || email from people.clients",
    "select name from people.cities union all select email from people.clients",
    "select (select email from people.clients where id = 1)",
    "select to_json(c) from people.clients c",
    "select c from people.clients c",
    "select c::text from people.clients c",
    "select array_agg(email) from people.clients",
    "select id from people.clients order by email",
    "select 1 from people.cities where exists (select from people.clients where email like 'a%')",
    "select 1 from people.cities natural join people.clients",
    "with c(a, b) as (table people.clients) select b from c",
    "table people.clients",
    'select "email" from "people"."clients"',
    "select email::integer from people.clients",
    "select 1 / (length(email) - 15) from people.clients",
    "select e from people.kept",
    "select city from people.everybody",
    "select * from people.behind",
    "select * from people.busy",
    "select * from people.written",
    "select * from people.by_function",
    "select people.mail_of(1)",
    "select people . MAIL_OF ( 1 )",
    'select people."mail_of"(1)',
    'select people.u&"m\\0061il_of"(1)',
    "select c.mails_of from people.cities c",
    "select (c).mails_of from people.cities c",
    "select 'ann@example.com' operator(people.===) 'x'",
    "select * from people.parts",
    "select * from people.part_1",
    "select * from people.older",
    "select * from people.old",
    "select query_to_xml('select * from people.clients', true, true, '')",
    "select table_to_xml('people.clients', true, true, '')",
    "select cursor_to_xml('stillroom', 1, true, true, '')",
    "select * from ts_stat('select email::tsvector from people.clients')",
    "select most_common_vals::text from pg_stats where tablename = 'clients'",
    "select histogram_bounds::text from pg_catalog.pg_stats",
    "select stavalues1::text from pg_statistic",
    "select query from pg_stat_activity",
    "select pg_stat_get_activity(null)",
    "select pg_read_file('/etc/hostname')",
    "select set_config('search_path', 'people', true) from people.cities",
    "explain select * from people.clients where email = 'x'",
    "explain analyze select * from people.clients where email = 'x'",
    "explain (verbose) select people.mail_of(1)",
    "copy people.clients to stdout",
    "declare c cursor for select email from people.clients",
    "select rolpassword from pg_authid",
    "select 1 from people.clients limit 0",
    "select name from people.cities where (select email from people.clients where id = 1) like 'a%'",
    "select * from people.cities left join people.clients on false",
    "values ((select email from people.clients limit 1))",
]

ALLOWED = [
    "select name, inhabitants / 1000 from people.cities order by 1",
    "select upper(name), now()::date, count(*) from people.cities group by name",
    "select json_agg(c) from people.cities c",
    "select relname, pg_size_pretty(pg_total_relation_size(oid)) from pg_class limit 3",
    "select schemaname, n_live_tup from pg_stat_user_tables",
    "select column_name from information_schema.columns where table_name = 'clients'",
    "show work_mem",
    "explain select * from people.cities",
    "with c as (select generate_series(1, 3) as n) select * from c",
]


@pytest.fixture(scope="module", autouse=True)
def people(target: Any) -> Any:
    """Tables with personal data, and much that leads to it."""
    with psycopg.connect(target.url, autocommit=True) as connection:
        connection.execute(MADE)
        connection.execute("analyze people.clients")
        yield
        connection.execute("drop schema people cascade; drop function if exists public.mails_of")


@pytest.fixture
async def operator(look: Any) -> Any:
    """Somebody who may look at rows and run SQL, and not see what is masked."""
    async with look.app.state.context.database.everything() as session:
        ann = await session.scalar(select(User).where(User.email == "ann@example.com"))
        project = await session.scalar(select(Project))
        max_ = User(id=new_key(), email="max@example.com", name="Max", password_hash=ann.password_hash)
        session.add(max_)
        await session.flush()
        where = {"organization_id": project.organization_id, "user_id": max_.id}
        session.add(Membership(**where, role="member"))
        await session.flush()
        session.add(ProjectMembership(**where, project_id=project.id, role="operator"))
    for column, kind in MASKS:
        answer = await look.client.post(
            "/api/orgs/demo/projects/shop/masks", json={"column_name": column, "kind": kind}, headers=look.headers
        )
        assert answer.status_code == 201, answer.text
    signed = await look.client.post(
        "/api/auth/sign-in", json={"email": "max@example.com", "password": "correct horse battery"}
    )
    owner, look.headers = look.headers, {"Authorization": f"Bearer {signed.json()['access_token']}"}
    look.owner = owner
    return look


async def rows(look: Any, table: str, **more: Any) -> Any:
    return await look.call("POST", "/rows", json={"schema_name": "people", "table": table, **more})


async def run(look: Any, sql: str) -> list[dict[str, Any]]:
    answer = await look.call("POST", "/query", json={"sql": sql})
    if answer.status_code != 200:
        return [{"error": answer.json()}]
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_masked_cells_show_what_their_mask_allows_and_others_everything(operator: Any) -> None:
    got = (await rows(operator, "clients")).json()
    assert [column["mask"] for column in got["columns"]] == [None, "domain", "last4", "hide", "hide", None, None]
    hidden = "•••"
    assert got["rows"][0] == ["1", "•••@example.com", "•••4567", hidden, hidden, "Bonn", None]
    assert got["rows"][1] == ["2", "•••@other.example", hidden, hidden, hidden, "Kiel", "1"]
    assert got["rows"][2] == ["3", None, None, hidden, hidden, "Ulm", "1"]
    operator.headers = operator.owner
    seen = (await rows(operator, "clients")).json()
    assert seen["rows"][0][:5] == ["1", "ann@example.com", "+49 170 1234567", "C01X0006H", "hunter22"]
    assert {column["mask"] for column in seen["columns"]} == {None}


async def test_a_hash_keeps_equality_and_is_another_one_without_the_key(operator: Any) -> None:
    masks = (await operator.client.get("/api/orgs/demo/projects/shop/masks", headers=operator.owner)).json()["items"]
    wide = next(one for one in masks if one["column_name"] == "pass*")
    path = f"/api/orgs/demo/projects/shop/masks/{wide['id']}"
    assert (await operator.client.delete(path, headers=operator.headers)).status_code == 403
    assert (await operator.client.delete(path, headers=operator.owner)).status_code == 204
    got = (await rows(operator, "clients")).json()
    first, second, third = (row[3] for row in got["rows"])
    assert first == second
    assert third is None
    assert len(first) == 17
    import hashlib

    assert hashlib.sha256(b"C01X0006H").hexdigest()[:16] != first[1:]


@pytest.mark.parametrize("file_format", ["csv", "json"])
async def test_a_file_is_masked_as_the_page_is(operator: Any, file_format: str) -> None:
    body = {"schema_name": "people", "table": "clients", "format": file_format}
    answer = await operator.call("POST", "/rows/export", json=body)
    assert answer.status_code == 200
    assert "•••@example.com" in answer.text
    assert not [secret for secret in SECRETS if secret in answer.text]


@pytest.mark.parametrize("test", ["eq", "lt", "contains", "null"])
async def test_rows_are_neither_filtered_nor_sorted_by_a_masked_column(operator: Any, test: str) -> None:
    answer = await rows(operator, "clients", filters=[{"column": "email", "test": test, "value": "a"}])
    assert (answer.status_code, answer.json()["code"]) == (422, "masked_column")
    answer = await rows(operator, "clients", sort="phone")
    assert (answer.status_code, answer.json()["code"]) == (422, "masked_column")
    body = {"schema_name": "people", "table": "clients", "sort": "email"}
    answer = await operator.call("POST", "/rows/export", json=body)
    assert answer.json()["code"] == "masked_column"
    assert (await rows(operator, "clients", sort="city")).status_code == 200


async def test_pages_do_not_follow_a_key_that_is_masked(operator: Any) -> None:
    got = (await rows(operator, "keyed_by_email", limit=2)).json()
    assert (got["key"], got["next"], got["more"]) == ([], None, True)
    assert [row[0] for row in got["rows"]] == ["•••@example.com"] * 2


@pytest.mark.parametrize("table", ["parts", "part_1", "older"])
async def test_what_is_masked_in_a_table_is_masked_in_its_partitions_and_heirs(operator: Any, table: str) -> None:
    answer = await rows(operator, table)
    assert answer.status_code == 200
    assert not [secret for secret in SECRETS if secret in answer.text]


@pytest.mark.parametrize("view", ["everybody", "behind", "kept", "busy", "written", "by_function"])
async def test_rows_of_a_view_that_could_show_masked_columns_are_refused(operator: Any, view: str) -> None:
    answer = await rows(operator, view)
    assert (answer.status_code, answer.json()["code"]) == (422, "masked_table"), answer.text
    answer = await operator.call("POST", "/rows/export", json={"schema_name": "people", "table": view})
    assert answer.json()["code"] == "masked_table"


@pytest.mark.parametrize("place", [("pg_catalog", "pg_stats"), ("pg_catalog", "pg_statistic")])
async def test_statistics_hold_values_and_are_refused(operator: Any, place: tuple[str, str]) -> None:
    answer = await operator.call("POST", "/rows", json={"schema_name": place[0], "table": place[1]})
    assert answer.json()["code"] == "masked_table"


async def test_no_statement_gets_round_a_mask(operator: Any) -> None:
    got_round = []
    for sql in REFUSED:
        answer = await operator.call("POST", "/query", json={"sql": sql})
        code = answer.json()["code"] if answer.status_code == 422 else answer.text
        told = [secret for secret in SECRETS if secret in answer.text and secret not in sql]
        if told or code not in ("masked_table", "masked_function", "not_a_query"):
            got_round.append((sql, code))
    assert not got_round, got_round


@pytest.mark.parametrize("analyze", [False, True])
async def test_no_plan_tells_what_is_masked(operator: Any, analyze: bool) -> None:
    for sql in REFUSED:
        answer = await operator.call("POST", "/query/explain", json={"sql": sql, "analyze": analyze})
        assert answer.status_code == 422, (sql, answer.text)
        assert not [secret for secret in SECRETS if secret in answer.text and secret not in sql]


async def test_what_has_nothing_to_do_with_masked_columns_runs(operator: Any) -> None:
    for sql in ALLOWED:
        lines = await run(operator, sql)
        assert "count" in lines[-1], (sql, lines)


async def test_a_column_without_a_certain_type_is_refused_in_words(operator: Any) -> None:
    lines = await run(operator, "select most_common_vals from pg_stats")
    assert lines[-1]["error"]["code"] == "open_type"


async def test_whoever_sees_through_masks_runs_everything(operator: Any) -> None:
    operator.headers = operator.owner
    lines = await run(operator, "select email from people.clients where id = 1")
    assert lines[1]["rows"] == [["ann@example.com"]]


async def test_a_domain_that_calls_a_function_closes_the_console(operator: Any) -> None:
    operator.run(
        "create function people.known(text) returns boolean language sql as 'select true'; "
        "create domain people.checked as text check (people.known(value))"
    )
    try:
        lines = await run(operator, "select 1")
        assert lines[-1]["error"]["code"] == "masked_function"
    finally:
        operator.run("drop domain people.checked; drop function people.known")


async def test_statements_of_others_are_left_out_of_the_activity(operator: Any) -> None:
    with psycopg.connect(operator.target.url, autocommit=True) as other:
        other.execute("select 'ann@example.com'")
        told = (await operator.call("GET", "/activity")).json()
        assert {one["query"] for one in told["sessions"]} == {None}
        operator.headers = operator.owner
        told = (await operator.call("GET", "/activity")).json()
        assert any("ann@example.com" in (one["query"] or "") for one in told["sessions"])


async def test_a_mask_is_refused_twice_and_its_changes_are_in_the_audit_log(operator: Any) -> None:
    path = "/api/orgs/demo/projects/shop/masks"
    again = await operator.client.post(path, json={"column_name": "email"}, headers=operator.owner)
    assert (again.status_code, again.json()["code"]) == (409, "mask_taken")
    entries = (await operator.client.get("/api/orgs/demo/audit", headers=operator.owner)).json()["items"]
    made = next(one for one in entries if one["action"] == "mask.create")
    assert "pass*" in json.dumps(made)


async def test_columns_that_sound_like_personal_data_are_suggested_until_they_have_a_mask(operator: Any) -> None:
    operator.headers = operator.owner
    assert (await operator.call("POST", "/catalogue/read")).status_code == 200
    path = "/api/orgs/demo/projects/shop/masks/suggestions"
    found = (await operator.client.get(path, headers=operator.owner)).json()["items"]
    names = {(one["table_name"], one["column_name"]): one["kind"] for one in found}
    assert ("clients", "email") not in names
    assert names[("customers", "born")] == "hide" if ("customers", "born") in names else True
    assert all(one["column_name"] not in ("id", "city") for one in found)
