"""What a page that stays open costs the database that it shows: counted there, by pg_stat_statements."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.scrolling import WEB
from bench.stack import EMAIL, PASSWORD, Stack, until
from bench.synthetic import make_repository

SECONDS = 60
TABLES, ROWS = 200, 100_000
# The pages by the last part of their address.
PAGES = {
    "overview": "overview",
    "activity": "activity",
    "schema, a table": "schema?kind=table&schema=public&name=t1",
    "rows of a table": "schema?kind=table&schema=public&name=big&tab=rows",
}
_SCENE = f"""
create extension pg_stat_statements;
create table big as select i as id, md5(i::text) as text from generate_series(1, {ROWS}) i;
alter table big add primary key (id);
do $$ begin for i in 1..{TABLES} loop
    execute format('create table t%s (id bigint primary key, a text not null, b integer references big (id))', i);
    execute format('create index on t%s (a, b)', i);
end loop; end $$;
"""
_COUNT = """
select coalesce(sum(calls), 0)::int, coalesce(sum(total_exec_time + total_plan_time), 0)::float8,
       coalesce(max(max_exec_time), 0)::float8
from pg_stat_statements where dbid = (select oid from pg_database where datname = %s)
"""


@dataclass(frozen=True)
class OpenPage:
    """One page, open for SECONDS: what the database answered, and the milliseconds of its server for it."""

    name: str
    statements: int
    milliseconds: float
    longest: float


def open_pages(stack: Stack, folder: Path, seconds: int = SECONDS) -> list[OpenPage]:
    """Opens each page in a browser of its own, one after the other, for so many seconds."""
    database = stack.new_database()
    with psycopg.connect(stack.postgres.url(database), autocommit=True) as connection:
        connection.execute(_SCENE)  # type: ignore[call-overload]
    stack.add_project("looked", make_repository(folder / "looked", 3), database)
    row = "/api/orgs/bench/projects/looked/environments"
    until(lambda: stack.get(row)["items"][0]["databases"][0]["read"]["state"] == "idle", every=0.1)
    with psycopg.connect(stack.postgres.url(), autocommit=True) as ours:
        # The worker reads every database once in five minutes, whoever looks: no page is billed for it.
        ours.execute("update databases set read_requested_at = now() + interval '1 day'")
    found = []
    with psycopg.connect(stack.postgres.url(), autocommit=True) as outside:
        outside.execute("create extension if not exists pg_stat_statements")
        for name, rest in PAGES.items():
            outside.execute("select pg_stat_statements_reset()")
            _open(stack, f"/bench/projects/looked/databases/dev/main/{rest}", seconds)
            counted = outside.execute(_COUNT, [database]).fetchone()
            assert counted is not None
            found.append(OpenPage(name, *counted))
    return found


def _open(stack: Stack, address: str, seconds: int) -> None:
    given = {
        "STILLROOM_URL": stack.url,
        "STILLROOM_ADMIN_EMAIL": EMAIL,
        "STILLROOM_ADMIN_PASSWORD": PASSWORD,
        "OPEN_ADDRESS": address,
        "OPEN_SECONDS": str(seconds),
    }
    argv = ["npx", "playwright", "test", "open-page", "--config", "playwright.bench.config.ts"]
    said = subprocess.run(argv, check=False, cwd=WEB, env={**os.environ, **given}, capture_output=True, text=True)
    if said.returncode != 0:
        raise RuntimeError(said.stdout + said.stderr)
