"""Who waits for whom in a database, and how far a long build of an index has come."""

from dataclasses import dataclass
from typing import Any

import asyncpg

# pg_blocking_pids() briefly stops the lock manager, so it is asked only about sessions that wait for a lock.
_SESSIONS = """
with waiting as materialized (
    select pid, pg_blocking_pids(pid) as blockers
    from pg_stat_activity
    where wait_event_type = 'Lock' and datname = current_database()
    limit 200
), involved as (
    select pid from waiting union select unnest(blockers) from waiting union select unnest($1::int[])
)
select a.pid, extract(epoch from a.backend_start)::float8 as started,
       coalesce(a.application_name, '') as application, coalesce(a.usename, '') as username,
       coalesce(a.backend_type, '') as backend, coalesce(a.state, '') as state,
       left(nullif(a.query, '<insufficient privilege>'), 300) as query,
       case when a.wait_event_type is not null then a.wait_event_type || ': ' || a.wait_event end as wait_event,
       extract(epoch from clock_timestamp() - a.query_start)::float8 as query_s,
       extract(epoch from clock_timestamp() - a.xact_start)::float8 as transaction_s,
       coalesce(w.blockers, '{}') as blockers,
       l.mode, coalesce(l.relation::regclass::text, l.locktype) as wants,
       extract(epoch from clock_timestamp() - l.waitstart)::float8 as waits_s
from involved i
join pg_stat_activity a on a.pid = i.pid
left join waiting w on w.pid = i.pid
left join lateral (
    -- Before 14 nobody wrote down when a wait began; the statement that waits is the nearest to it.
    select mode, relation, locktype, case when current_setting('server_version_num')::int >= 140000
           then (to_jsonb(p) ->> 'waitstart')::timestamptz else a.query_start end as waitstart
    from pg_locks p where pid = a.pid and not granted limit 1
) l on true
"""

_BUILDS = """
select p.pid, p.phase, p.relid::regclass::text as relation,
       case when p.blocks_total > 0 then p.blocks_done * 100.0 / p.blocks_total
            when p.tuples_total > 0 then p.tuples_done * 100.0 / p.tuples_total
            when p.lockers_total > 0 then p.lockers_done * 100.0 / p.lockers_total
       end::float8 as percent
from pg_stat_progress_create_index p
where p.pid = any($1::int[])
"""


@dataclass(frozen=True)
class Session:
    """One session that waits for a lock, or that others wait for."""

    pid: int
    started: float | None  # seconds of the epoch; with the pid it names a session for ever
    application: str
    username: str
    backend: str
    state: str
    query: str | None  # None: our user may not see it; pg_read_all_stats lets it
    wait_event: str | None
    query_s: float | None  # since its statement began; where it is idle, its last one
    transaction_s: float | None
    blockers: tuple[int, ...]
    mode: str | None
    wants: str | None
    waits_s: float | None


@dataclass(frozen=True)
class Build:
    """How far CREATE INDEX has come; `percent` belongs to the present phase alone."""

    pid: int
    phase: str
    relation: str
    percent: float | None


@dataclass(frozen=True)
class Waits:
    """The part of a database's waiting that has to do with one job."""

    sessions: dict[int, Session]
    ours: frozenset[int]
    builds: tuple[Build, ...]

    @property
    def blockers(self) -> list[Session]:
        """Sessions of others that a session of ours waits for, the direct ones and those behind them."""
        return [self.sessions[pid] for pid in self._upwards(self.ours) if pid not in self.ours]

    @property
    def blocked(self) -> list[Session]:
        """Sessions of others that wait for one of ours, the longest first."""
        found = [
            session
            for session in self.sessions.values()
            if session.pid not in self.ours and self.ours.intersection(self._upwards({session.pid}))
        ]
        return sorted(found, key=lambda session: -(session.waits_s or 0.0))

    @property
    def waiting(self) -> list[Session]:
        """Sessions of ours that wait for somebody else's lock."""
        return [
            session
            for session in self.sessions.values()
            if session.pid in self.ours and set(session.blockers) - self.ours
        ]

    @property
    def own(self) -> list[Session]:
        """The job's own sessions: the root of the tree, also where they only hold."""
        return [self.sessions[pid] for pid in sorted(self.ours) if pid in self.sessions]

    def as_event(self) -> dict[str, Any]:
        """What the stream tells."""
        return {
            "own": [_told(session) for session in self.own],
            "waiting": [_told(session) for session in self.waiting],
            "blockers": [_told(session) for session in self.blockers],
            "blocked": [_told(session) for session in self.blocked],
            "builds": [vars(build) for build in self.builds],
        }

    def shape(self) -> tuple[Any, ...]:
        """The same without what changes with every look: equal shapes need not be told again."""
        return (
            tuple((session.pid, session.blockers, session.wants) for session in self.waiting),
            tuple(sorted((session.pid, session.state) for session in self.blockers)),
            tuple(sorted(session.pid for session in self.blocked)),
            tuple((build.pid, build.phase, round(build.percent or 0)) for build in self.builds),
        )

    def _upwards(self, start: "frozenset[int] | set[int]") -> set[int]:
        """Everyone whom these wait for, at any distance; those who start are included when somebody waits for them."""
        found: set[int] = set()
        ahead = list(start)
        while ahead:
            session = self.sessions.get(ahead.pop())
            for pid in session.blockers if session else ():
                if pid not in found and pid in self.sessions:
                    found.add(pid)
                    ahead.append(pid)
        return found


async def read_waits(connection: "asyncpg.Connection", ours: frozenset[int]) -> Waits:
    """One look. `ours` are the server's process ids of the job's own sessions."""
    rows = await connection.fetch(_SESSIONS, sorted(ours))
    builds = await connection.fetch(_BUILDS, sorted(ours))
    sessions = [Session(**{**dict(row), "blockers": tuple(row["blockers"])}) for row in rows]
    return Waits(
        {session.pid: session for session in sessions},
        ours,
        tuple(Build(**dict(row)) for row in builds),
    )


def _told(session: Session) -> dict[str, Any]:
    content = vars(session) | {"blockers": list(session.blockers)}
    spans = {name: round(value, 1) for name, value in content.items() if name.endswith("_s") and value is not None}
    return content | spans
