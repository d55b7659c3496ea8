"""Who works in a database just now, who waits for whom; and ending one of them."""

from collections.abc import AsyncIterator
from typing import Any

from stillroom_core.errors import Conflict
from stillroom_worker.reader.asked import Asked, Line
from stillroom_worker.target import glance

# pg_blocking_pids() stops the lock manager for a moment, so it is asked only about those who wait for a lock.
_SESSIONS = """
with waiting as materialized (
    select pid, pg_blocking_pids(pid) as blockers from pg_stat_activity
    where wait_event_type = 'Lock' and datname = current_database() limit 200
)
select a.pid, extract(epoch from a.backend_start)::float8 as started, a.application_name as application,
       a.usename as username, host(a.client_addr) as address, a.backend_type as backend, a.state,
       a.wait_event_type as wait_type, a.wait_event as wait,
       left(nullif(a.query, '<insufficient privilege>'), 2000) as query,
       extract(epoch from clock_timestamp() - a.xact_start)::float8 as transaction_s,
       extract(epoch from clock_timestamp() - a.query_start)::float8 as query_s,
       extract(epoch from clock_timestamp() - a.state_change)::float8 as state_s,
       coalesce(w.blockers, '{}') as blockers,
       l.mode as wants_mode, coalesce(c.relname, l.locktype) as wants, n.nspname as wants_schema,
       (pg_has_role(current_user, a.usesysid, 'USAGE') or pg_has_role(current_user, 'pg_signal_backend', 'USAGE'))
           and a.backend_type in ('client backend', 'parallel worker') as may_end,
       a.application_name like 'stillroom:%' as ours
from pg_stat_activity a
left join waiting w on w.pid = a.pid
left join lateral (select mode, relation, locktype from pg_locks where pid = a.pid and not granted limit 1) l on true
left join pg_class c on c.oid = l.relation
left join pg_namespace n on n.oid = c.relnamespace
where a.datname = current_database() and a.pid <> pg_backend_pid()
order by a.xact_start nulls last, a.pid
limit 1000
"""

# The moment it began goes with the number: a number is given again, and must not end a stranger.
_END = """
select case when $3 then pg_terminate_backend(pid) else pg_cancel_backend(pid) end
from pg_stat_activity
where pid = $1 and datname = current_database() and abs(extract(epoch from backend_start) - $2) < 0.001
  and backend_type in ('client backend', 'parallel worker')
"""


async def activity(asked: Asked) -> AsyncIterator[Line]:
    """All sessions of the database, at most a thousand; without their statements for whom something is masked."""
    rows = await glance(asked.session, _SESSIONS)
    hidden = {"query": None} if asked.content["masks"] else {}
    yield {"sessions": [{**row, **hidden} for row in rows]}


async def end_session(asked: Asked) -> AsyncIterator[Line]:
    """Cancels what one session does, or ends the session."""
    content: dict[str, Any] = asked.content
    done = await asked.session.fetchval(_END, content["pid"], content["started"], content["terminate"])
    if done is None:
        raise Conflict(
            "session_gone",
            "This session is not there any more.",
            fix="Nothing is left to do: it ended by itself.",
        )
    yield {"done": bool(done)}
