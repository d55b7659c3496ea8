"""An installation's history of years, made by SQL in seconds to minutes: jobs, their plans, their events."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

_COPY_PLACES = """
insert into projects
select (jsonb_populate_record(p, jsonb_build_object(
  'id', gen_random_uuid(), 'slug', 'many-' || g, 'name', 'Many ' || g))).*
from projects p, generate_series(1, 20) g
where p.id = (select id from projects where commit_id is not null order by id limit 1);
insert into environments
select (jsonb_populate_record(e, jsonb_build_object(
  'id', gen_random_uuid(), 'project_id', p.id, 'slug', s, 'name', s))).*
from environments e, projects p, unnest(array['dev', 'staging', 'prod']) s
where e.id = (select id from environments order by id limit 1) and p.slug like 'many-%';
insert into databases
select (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(), 'project_id', e.project_id,
  'environment_id', e.id, 'read_state', 'idle', 'read_requested_at', now() + interval '1 day'))).*
from databases d, environments e join projects p on p.id = e.project_id
where d.id = (select id from databases order by id limit 1) and p.slug like 'many-%';
"""

# One of each: a UUIDv7 in the order of the numbers, a place, a state, a moment.
_NUMBERED = """
create temporary table numbered as
select g, (lpad(to_hex(1700000000000 + g), 12, '0') || '70008' || lpad(to_hex(g), 15, '0'))::uuid as id,
  d.id as database_id, d.environment_id, d.project_id, d.organization_id, c.id as commit_id, c.sha, c.ref,
  timestamptz '2026-01-01' + g * interval '1 second' as t,
  case when %(open)s and g > %(count)s - 3 then 'running' when %(open)s and g > %(count)s - 30 then 'queued'
    when g %% 50 = 0 then 'failed' else 'succeeded' end as state
from generate_series(1, %(count)s) g
join (select d.*, row_number() over () - 1 as n, count(*) over () as many from databases d
  join projects p on p.id = d.project_id where p.slug like 'many-%%') d on d.n = g %% d.many,
  (select id, sha, ref from commits order by id limit 1) c
"""

_JOBS = """
insert into plans (id, organization_id, project_id, environment_id, database_id, kind, commit_id, commit_sha, place,
  settings, heads, digest, actor_name, created_at, expires_at)
select id, organization_id, project_id, environment_id, database_id, 'upgrade', commit_id, sha, '{}', '', '[]', '',
  'Ann', t, t + interval '1 day' from numbered order by g;
insert into jobs (id, organization_id, project_id, environment_id, database_id, number, kind, revision, state,
  actor_name, commit_id, commit_sha, ref, plan_id, created_at, rung_at, started_at, heartbeat_at, finished_at, attempt,
  steps_total, steps_done, last_seq, outcome)
select id, organization_id, project_id, environment_id, database_id, 1000000 + g, 'upgrade', 'head', state,
  'Ann', commit_id, sha, ref, id, t, t, t, now() + interval '1 day',
  case when state in ('succeeded', 'failed') then t end, id, 3, 3, 50,
  case when state in ('succeeded', 'failed') then '{"code": "unknown", "params": {}}'::jsonb end
from numbered order by g;
"""

_EVENTS = """
insert into job_events (job_id, seq, organization_id, at, type, data)
select n.id, s, n.organization_id, n.t, 'output',
  jsonb_build_object('stream', 'stdout', 'text', 'INFO  [alembic.runtime.migration] Running upgrade to ' || s)
from numbered n, generate_series(1, %(each)s) s where n.g > %(after)s
"""


def fill(connection: psycopg.Connection[Any], jobs: int, events: int, *, each: int, open_jobs: bool) -> list[UUID]:
    """Copies a fetched project twenty times, with so many jobs and plans, and `each` events on the newest of them.

    With `open_jobs` the last 30 wait or run; otherwise all have ended. Gives jobs that have events.
    """
    with connection.transaction():
        # Five million foreign keys that hold by construction need not be looked up.
        connection.execute("set local session_replication_role = replica")
        connection.execute(_COPY_PLACES)
        connection.execute(_NUMBERED, {"count": jobs, "open": open_jobs})
        connection.execute(_JOBS)
        connection.execute(_EVENTS, {"each": each, "after": jobs - events // each})
    rows = connection.execute(
        "select id from numbered order by g desc limit %s", [min(1000, events // each)]
    ).fetchall()
    connection.execute("drop table numbered")
    return [key for (key,) in rows]


def analyze(connection: psycopg.Connection[Any]) -> None:
    """What autovacuum would have done over the years; needs a connection in autocommit."""
    connection.execute("vacuum analyze projects, environments, databases, jobs, job_events, job_steps, plans")
