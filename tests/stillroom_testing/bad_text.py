"""A database without an encoding, whose names and values are bytes that are no UTF-8, as old applications left them."""

import psycopg

CREATE = (
    "create database {} owner {} template template0 encoding 'SQL_ASCII'"
    " locale_provider libc lc_collate 'C' lc_ctype 'C'"
)
# Latin-1: a table "café", a column "naïve", values, a default and a comment.
STATEMENTS = (
    b'create table public."caf\xe9" (id integer primary key, "na\xefve" text)',
    b"insert into public.\"caf\xe9\" values (1, 'd\xe9j\xe0 vu')",
    b"create table public.latin (id integer primary key, body text default 'd\xe9j\xe0')",
    b"comment on table public.latin is 'caf\xe9'",
    b"insert into public.latin values (1, 'd\xe9j\xe0 vu'), (2, 'plain')",
    "create table public.ок (имя text)".encode(),
    "insert into public.ок values ('аня')".encode(),
)


def make_bad_text(administrator: str, url: str, name: str, owner: str) -> None:
    """Creates it by the url of an administrator of the server; `url` leads to it, its objects belong to `owner`."""
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute(CREATE.format(name, owner).encode())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"set role {owner}".encode())
        for statement in STATEMENTS:
            connection.execute(statement)
