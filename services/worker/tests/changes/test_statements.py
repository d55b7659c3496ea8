"""What is read from the text of statements, whatever the text is."""

import time

import pytest

from stillroom_core.revisions.words import LONGEST
from stillroom_worker.changes.statements import Path, changes_of


def told(sql: str) -> list[str]:
    return [
        f"{c.action} {c.kind} {f'{c.schema}.' if c.schema else ''}{f'{c.table}.' if c.table else ''}{c.name}"
        + (f" to {f'{c.to_schema}.' if c.to_schema else ''}{c.to}" if c.to else "")
        for c in changes_of(sql)
    ]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "CREATE TABLE IF NOT EXISTS s.orders (id BIGSERIAL, who int REFERENCES people (id), note text, "
            "PRIMARY KEY (id), CONSTRAINT positive CHECK (id > 0), UNIQUE (who, note), LIKE other INCLUDING ALL)",
            [
                "create table s.orders",
                "create column s.orders.id",
                "create column s.orders.who",
                "create constraint s.orders.orders_who_fkey",
                "create column s.orders.note",
                "create constraint s.orders.orders_pkey",
                "create constraint s.orders.positive",
                "create constraint s.orders.orders_who_note_key",
            ],
        ),
        ("create unlogged table Orders ()", ["create table orders"]),
        (
            'create table "Sh""op"."Or.ders" ("a,b" int)',
            ['create table Sh"op.Or.ders', 'create column Sh"op.Or.ders.a,b'],
        ),
        ("create table p partition of q for values in (1)", ["create table p"]),
        (
            "ALTER TABLE ONLY a ADD COLUMN IF NOT EXISTS b int DEFAULT coalesce(1, 2) UNIQUE, DROP COLUMN c CASCADE, "
            "ALTER COLUMN d TYPE bigint, ADD CONSTRAINT k CHECK (b > 0) NOT VALID, OWNER TO x",
            [
                "create column a.b",
                "create constraint a.a_b_key",
                "drop column a.c",
                "alter column a.d",
                "create constraint a.k",
                "alter table a",
            ],
        ),
        ("alter table a rename b to c", ["rename column a.b to c"]),
        ("alter table a rename column b to c", ["rename column a.b to c"]),
        ("alter table s.a rename to b", ["rename table s.a to b"]),
        ("alter table a rename constraint k to l", ["rename constraint a.k to l"]),
        ("alter table a set schema s", ["rename table a to s.a"]),
        ("alter table a validate constraint k", ["alter constraint a.k"]),
        ("alter table a disable trigger t", ["alter trigger a.t"]),
        ("alter table a enable row level security", ["alter table a"]),
        ("alter table a attach partition b for values in (1)", ["alter table a", "alter table b"]),
        ("create unique index concurrently if not exists i on only s.a using gin (b)", ["create index s.a.i"]),
        ("create index on a (b)", ["alter table a"]),
        ("drop index concurrently s.i", ["drop index s.i"]),
        ("alter index i rename to j", ["rename index i to j"]),
        ("create type mood as enum ('a', 'b')", ["create enum mood"]),
        ("alter type mood add value 'c' after 'b'", ["alter type mood"]),
        ("alter type mood rename value 'a' to 'b'", ["alter type mood"]),
        ("alter type mood rename to moods", ["rename type mood to moods"]),
        ("create domain d as text check (value <> '')", ["create domain d"]),
        ("alter domain d add constraint k check (true)", ["alter domain d"]),
        ("create or replace view v as select 1", ["create view v"]),
        ("create materialized view s.v as select 1 with no data", ["create materialized_view s.v"]),
        (
            "create or replace function f(a int) returns int as $x$ begin; create table no(); end $x$ language plpgsql",
            ["create function f"],
        ),
        ("drop function f(int), g", ["drop function f", "drop function g"]),
        ("create trigger t before insert or update of b on s.a execute function f()", ["create trigger s.a.t"]),
        ("drop trigger if exists t on a", ["drop trigger a.t"]),
        ("create policy p on a using (true)", ["create policy a.p"]),
        ("alter policy p on a rename to q", ["rename policy a.p to q"]),
        ("create rule r as on insert to a do instead nothing", ["create rule a.r"]),
        ("create statistics s on b, c from a", ["create statistics a.s"]),
        ("create sequence q", ["create sequence q"]),
        ("alter sequence q owned by a.b", ["alter sequence q"]),
        ("create schema if not exists s", ["create schema s"]),
        ("drop schema s cascade", ["drop schema s"]),
        ("create extension if not exists citext", ["create extension citext"]),
        ("drop table if exists a, b.c cascade", ["drop table a", "drop table b.c"]),
        ("comment on table a is 'x'", ["alter table a"]),
        ("comment on column s.a.b is 'x'", ["alter column s.a.b"]),
        ("comment on constraint k on a is 'x'", ["alter constraint a.k"]),
        ("grant select (b), update on table a, s.c to x", ["alter table a", "alter table s.c"]),
        ("revoke all on a from x", ["alter table a"]),
        ("insert into a values ('create table b ()')", []),
        ("select 1", []),
        ("-- create table a ()", []),
        ("insert into a values (1); create table b ()", ["create table b"]),
        ("set search_path to s, public; create table a (b int)", ["create table s.a", "create column s.a.b"]),
        ("do $$ begin; create table a (); end $$", ["unread statement do ' begin; create table a (); end '"]),
        ("create table 'a'", ["unread statement create table 'a'"]),
        ('create table "a', ['unread statement create table "a']),
        ("alter table", ["unread statement alter table"]),
    ],
)
def test_a_statement_tells_what_it_does_to_what(sql: str, expected: list[str]) -> None:
    assert told(sql) == expected


def test_the_search_path_lasts_from_one_statement_to_the_next() -> None:
    path = Path()
    assert changes_of("set local search_path = tenant, public", None, path) == []
    assert changes_of("create table a ()", None, path)[0].schema == "tenant"
    changes_of("reset search_path", None, path)
    assert changes_of("create table a ()", None, path)[0].schema == ""


@pytest.mark.parametrize(
    "text",
    [
        "create table " + "(" * 60_000,
        "create " * 9_000,
        "alter table a " + "add b int," * 6_000,
        "create table a (" + "b int," * 10_000,
        "create function $a$" + "$b$" * 20_000,
        "/*" * 30_000 + " create",
        "create table \ud800 ()",
        "create table \x00 ()",
        "grant " + "on " * 20_000,
        "drop table " + "a." * 30_000,
        "create table a ();" * 3_600,
        "x" * (LONGEST + 1) + " create",
    ],
)
def test_hostile_text_is_read_or_told_as_unread_and_never_raises(text: str) -> None:
    began = time.process_time()
    found = changes_of(text)
    assert len(found) <= 2_001
    assert time.process_time() - began < 10  # measured: 0.3 s; a quadratic reader would take minutes
