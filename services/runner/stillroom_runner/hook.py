"""Run one Alembic operation inside a tenant's own interpreter and report each thing that happens.

    <tenant's python> hook.py <request fd> <events fd>        (cwd: the project's folder)

One JSON object is read from the first descriptor, one JSON line per event is
written to the second; docs/runner-protocol.md describes both. Standard output
and error stay the tenant's own.

Why one file without imports of ours: it is run by path in interpreters from
Python 3.8 on in which nothing of ours is installed, and it must not put its own
folder on their sys.path. Why no command line of Alembic: EnvironmentContext
takes the planner as a function, which is the same public hook its own commands
use, and a generator in that place is told about every step, in every version
from 1.7 on, without touching env.py.
"""
# ruff: noqa: SIM905 (a text of names reads better than twenty pairs of quotes)

from __future__ import annotations

import sys

if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False) and sys.path:
    del sys.path[0]  # the folder of this file: the tenant must not import what stands beside it

import functools
import itertools
import json
import os
import re
import select
import signal
import threading
import time

if False:  # typing is not worth its import time in a process that lives a second
    from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Set, Tuple, Type

PROTOCOL = 1
MAX_SQL = 64 * 1024
MAX_MESSAGE = 16 * 1024
MAX_REVISION = 256 * 1024  # bytes of a revision file; larger ones are not read either
MAX_EVENT = 3 * 1024 * 1024
MAX_DIFFS = 1000
_CANCELS = (signal.SIGTERM, signal.SIGINT)
HOOK = os.path.realpath(__file__)

_monotonic = time.monotonic  # kept, because tests of tenants freeze time and forget to thaw it
_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode


class Cancelled(KeyboardInterrupt):
    """The worker asked us to stop; a KeyboardInterrupt, because drivers cancel their statement for one."""


class Refused(Exception):
    """An end that we know how to explain ourselves."""

    def __init__(self, kind: str, message: str, names: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.names = list(names)


# ---- sending --------------------------------------------------------------------------------------


class Sender:
    """Writes events, each at once and whole: nothing is buffered, so nothing can be lost at exit."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._start = _monotonic()
        self._lock = threading.RLock()
        self._writer: Optional[int] = None
        self._interrupted = False
        self.stopped = False
        self.closed = False
        os.set_inheritable(fd, False)
        os.register_at_fork(after_in_child=self._after_fork)

    def send(self, type_: str, **fields: Any) -> None:
        """Write one event."""
        self.send_raw(dict(fields, type=type_))

    def send_raw(self, event: Dict[str, Any]) -> None:
        if self.closed:
            return
        event["t"] = round(_monotonic() - self._start, 6)
        line = (_encode(event) + "\n").encode("ascii")
        self._writer = threading.get_ident()
        try:
            with self._lock:
                self._write(line)
        finally:
            self._writer = None
        if self._interrupted:
            self._interrupted = False
            self._stop()

    def interrupt(self) -> None:
        """Stop what the main thread does, but never in the middle of a line; asking again insists."""
        if self._writer == threading.main_thread().ident:
            self._interrupted = True
        else:
            self._stop()

    def _stop(self) -> None:
        insisting, self.stopped = self.stopped, True
        if insisting or not cancel_tasks(otherwise=self.interrupt):
            raise Cancelled

    def _write(self, line: bytes) -> None:
        rest = memoryview(line)
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:
                select.select([], [self._fd], [])
            except OSError:
                # The worker is gone: nobody watches, and nobody could stop us any more.
                self.closed = self.stopped = True
                raise Cancelled from None

    def _after_fork(self) -> None:
        # Two processes in one pipe would mix long lines; a forked child has nothing to say here.
        self._lock = threading.RLock()
        self.closed = True


LOOP_PATIENCE = 1.0  # seconds that an event loop has to notice that it was asked to stop


def cancel_tasks(otherwise: Callable[[], None]) -> bool:
    """Cancel every task of the event loop that runs in this thread; False where none runs.

    An exception out of a signal handler lands anywhere: in the loop's own bookkeeping, where it is lost, or in a
    compiled driver that expects none. So the loop is asked, as asyncio itself does for Ctrl-C; `otherwise` is called
    where it does not listen, because its code blocks it.
    """
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return False

    def cancel() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for task in asyncio.all_tasks(loop):
            task.cancel()

    signal.signal(signal.SIGALRM, lambda *_: otherwise())
    signal.setitimer(signal.ITIMER_REAL, LOOP_PATIENCE)
    loop.call_soon_threadsafe(cancel)
    return True


# ---- places in code -------------------------------------------------------------------------------

_NOT_TENANT = frozenset(
    "alembic sqlalchemy mako greenlet psycopg psycopg2 psycopg_c psycopg_binary asyncpg pg8000 click "
    "pydantic pydantic_core pydantic_settings flask_migrate flask werkzeug importlib_metadata".split()
)
_STDLIB = os.path.dirname(os.path.realpath(os.__file__))


@functools.lru_cache(maxsize=None)
def real(filename: str) -> str:
    return os.path.realpath(filename)


@functools.lru_cache(maxsize=None)
def is_tenant(filename: str) -> bool:
    """Whether a frame of this file says something to the people whose project it is."""
    if filename.startswith("<"):
        return False
    path = real(filename)
    if path == HOOK:
        return False
    parts = path.replace("\\", "/").split("/")
    for packages in ("site-packages", "dist-packages"):
        if packages in parts:
            below = parts[parts.index(packages) + 1 :]
            return bool(below) and below[0].split(".")[0] not in _NOT_TENANT
    if os.path.dirname(path) == real(os.path.dirname(sys.executable)):
        return False  # a console script
    return not path.startswith(_STDLIB + os.sep)


@functools.lru_cache(maxsize=None)
def shown(filename: str) -> str:
    """The name of a file as people of the project know it: relative to the project's folder."""
    path, here = real(filename), os.path.realpath(_CWD)
    return path[len(here) + 1 :] if path.startswith(here + os.sep) else path


_CWD = os.getcwd()


def frames_of(error: BaseException) -> List[Tuple[str, int, str]]:
    found = []
    walk = error.__traceback__
    while walk is not None:
        code = walk.tb_frame.f_code
        found.append((code.co_filename, walk.tb_lineno, code.co_name))
        walk = walk.tb_next
    return found


def tenant_traceback(error: BaseException) -> Optional[str]:
    """The traceback without our frames, Alembic's, SQLAlchemy's, the drivers' and the standard library's."""
    import linecache

    frames = frames_of(error)
    kept = [frame for frame in frames if is_tenant(frame[0])]
    if not kept:
        return None
    lines = ["Traceback of the project's own code (most recent call last):"]
    if len(kept) > 40:
        kept = kept[:10] + kept[-30:]
    for filename, line, function in kept:
        lines.append('  File "%s", line %d, in %s' % (shown(filename), line, function))
        source = linecache.getline(filename, line).strip()
        if source:
            lines.append("    " + source)
    lines.append("%s: %s" % (type_name(original(error)), message_of(error)))
    cause = error.__cause__
    if cause is not None and original(error) is error:
        lines.append("Caused by %s: %s" % (type_name(cause), message_of(cause)))
    return clipped("\n".join(lines))


def clipped(text: str, limit: int = MAX_MESSAGE) -> str:
    if len(text.encode("utf-8", "replace")) <= limit:
        return text
    return text.encode("utf-8", "replace")[: limit - 3].decode("utf-8", "ignore") + "…"


# ---- what an exception says -----------------------------------------------------------------------


def original(error: BaseException) -> BaseException:
    """The driver's exception behind SQLAlchemy's, and PostgreSQL's behind asyncpg's adapter."""
    inner = getattr(error, "orig", None)
    if not isinstance(inner, BaseException):
        return error
    if type(inner).__module__.startswith("sqlalchemy") and isinstance(inner.__cause__, BaseException):
        return inner.__cause__
    return inner


def type_name(error: BaseException) -> str:
    kind = type(error)
    if kind.__module__ in ("builtins", "__main__"):
        return kind.__name__
    return kind.__module__ + "." + kind.__name__


def message_of(error: BaseException) -> str:
    try:
        text = str(original(error)).strip()
    except Exception:
        text = ""
    return clipped(text or type_name(error))


def sqlstate_of(error: BaseException) -> Optional[str]:
    for candidate in (error, getattr(error, "orig", None), original(error)):
        for name in ("sqlstate", "pgcode"):
            state = getattr(candidate, name, None)
            if isinstance(state, str) and len(state) == 5:
                return state
    return None


def is_named(error: Optional[BaseException], *names: str) -> bool:
    """Whether one of the exception's classes has one of these names: importing them here could fail."""
    return any(kind.__name__ in names for kind in type(error).__mro__)


def chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and its explicit causes."""
    seen = set()
    current: Optional[BaseException] = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__


# ---- recording statements and transactions --------------------------------------------------------


class Step:
    """The revision that is being run."""

    __slots__ = ("context", "failed", "inside", "path", "revision", "start")

    def __init__(self, context: int, revision: str, path: Optional[str]) -> None:
        self.context = context
        self.revision = revision
        self.path = real(path) if path else None
        self.start = _monotonic()
        self.inside = False
        self.failed = False

    @property
    def ms(self) -> float:
        return milliseconds(self.start)


def milliseconds(start: float) -> float:
    return round((_monotonic() - start) * 1000, 3)


# COMMIT and ROLLBACK written as statements; dollar quotes, strings and comments are taken out before.
_QUOTED = re.compile(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_RAW_END = re.compile(r"(?:^|;)\s*(commit|rollback)\b(?!\s+prepared)(?!\s+(?:work\s+|transaction\s+)?to\b)", re.I)


class Recorder:
    """Sees what SQLAlchemy and Alembic do in this process and sends it as events."""

    def __init__(self, sender: Any, request: Dict[str, Any]) -> None:
        self.sender = sender
        self.session: Dict[str, Any] = request.get("session") or {}
        self.per_migration: Optional[bool] = request.get("transaction_per_migration")
        self.expected: Optional[Set[str]] = set(request["expected"]) if request.get("expected") is not None else None
        self.dialect: Optional[str] = request.get("dialect", "postgresql")
        self.max_sql = min(int(request.get("max_sql") or MAX_SQL), MAX_SQL)
        self.statements = itertools.count(1)
        self.connections = itertools.count(1)
        self.contexts = itertools.count(1)
        self.entered = 0
        self.finished = 0
        self.heads: Tuple[str, ...] = ()
        self.maintained: Tuple[str, ...] = ()
        self.external = False
        self.step: Optional[Step] = None
        self.failure: Optional[BaseException] = None
        self._open: Dict[int, Tuple[int, float]] = {}
        self._autocommit: Dict[int, bool] = {}
        self._pending: Dict[int, List[str]] = {}
        self._lost: List[str] = []
        self._silent = False
        self._attached: List[str] = []

    # SQLAlchemy: listeners on the Engine class see every engine that anybody makes, sync and async.

    def attach_sqlalchemy(self) -> None:
        if "sqlalchemy" in self._attached:
            return
        self._attached.append("sqlalchemy")
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        for name, listener in (
            ("before_cursor_execute", self._statement_started),
            ("after_cursor_execute", self._statement_finished),
            ("handle_error", self._statement_failed),
            ("begin", self._begun),
            ("commit", self._committed),
            ("rollback", self._rolled_back),
        ):
            event.listen(Engine, name, listener)

    def connection_number(self, connection: Any) -> Optional[int]:
        try:
            info = connection.info
            if "stillroom" not in info:
                info["stillroom"] = next(self.connections)
            number: int = info["stillroom"]
            return number
        except Exception:
            return None  # an invalidated connection has no info any more

    def _statement_started(
        self, connection: Any, cursor: Any, statement: Any, parameters: Any, context: Any, executemany: bool
    ) -> None:
        if self._silent:
            return
        number = next(self.statements)
        self._open[id(cursor)] = (number, _monotonic())
        sql = statement if isinstance(statement, str) else str(statement)
        file, line = self._where()
        self.sender.send(
            "statement_started",
            n=number,
            sql=sql[: self.max_sql],
            truncated=len(sql) > self.max_sql,
            revision=self.step.revision if self.step else None,
            line=line,
            file=file,
            many=bool(executemany),
            connection=self.connection_number(connection),
        )

    def _statement_finished(
        self, connection: Any, cursor: Any, statement: Any, parameters: Any, context: Any, executemany: bool
    ) -> None:
        opened = self._open.pop(id(cursor), None)
        if opened is None:
            return
        number, start = opened
        ms = milliseconds(start)
        try:
            rows = int(cursor.rowcount)
        except Exception:
            rows = -1
        self.sender.send("statement_finished", n=number, ms=ms, rows=rows if rows >= 0 else None)
        if isinstance(statement, str) and ("commit" in statement.lower() or "rollback" in statement.lower()):
            for what in _RAW_END.findall(_QUOTED.sub(" ", statement)):
                self._transaction(connection, what.lower())

    def _statement_failed(self, failure: Any) -> None:
        error = failure.original_exception
        opened = self._open.pop(id(getattr(failure, "cursor", None)), None)
        if opened is not None:
            self._send_failed(opened, error, failure.sqlalchemy_exception or error)

    def _send_failed(self, opened: Tuple[int, float], error: BaseException, wrapped: BaseException) -> None:
        self.sender.send(
            "statement_failed",
            n=opened[0],
            ms=milliseconds(opened[1]),
            sqlstate=sqlstate_of(error) or sqlstate_of(wrapped),
            message=message_of(wrapped),
        )

    def close_statements(self, error: BaseException) -> None:
        """Say of statements that never came back that they failed (an interrupt passes all listeners)."""
        for opened in list(self._open.values()):
            self._send_failed(opened, error, error)
        self._open.clear()

    def _where(self) -> Tuple[Optional[str], Optional[int]]:
        """The line of the revision, or outside of revisions of the project, that made the statement."""
        wanted = self.step.path if self.step and self.step.inside else None
        frame = sys._getframe(2)
        while frame is not None:
            filename = frame.f_code.co_filename
            if real(filename) == wanted if wanted else self.step is None and is_tenant(filename):
                return shown(filename), frame.f_lineno
            frame = frame.f_back  # type: ignore[assignment]
        return None, None

    def _begun(self, connection: Any) -> None:
        number = self.connection_number(connection) or 0
        autocommit = is_autocommit(connection)
        before = self._autocommit.get(number, False)
        self._autocommit[number] = autocommit
        if not autocommit:
            self._transaction(connection, "begin")
        elif not before:
            self._transaction(connection, "autocommit")

    def _committed(self, connection: Any) -> None:
        if not is_autocommit(connection):
            self._transaction(connection, "commit")

    def _rolled_back(self, connection: Any) -> None:
        if not is_autocommit(connection):
            self._transaction(connection, "rollback")

    def _transaction(self, connection: Any, what: str) -> None:
        if self._silent:
            return
        number = self.connection_number(connection)
        step = self.step
        self.sender.send(
            "transaction",
            what=what,
            revision=step.revision if step else None,
            connection=number,
            inside=bool(step and step.inside),
        )
        pending = self._pending.pop(number or 0, [])
        if what == "commit":
            self._lost = [revision for revision in self._lost if revision not in pending]
        elif what == "rollback":
            self._lost.extend(pending)
        elif pending:
            self._pending[number or 0] = pending

    def uncommitted(self) -> List[str]:
        """Revisions that ran but whose transaction was never seen to commit."""
        return self._lost + [revision for held in self._pending.values() for revision in held]

    # Alembic: the generator in the planner's place.

    def attach_alembic(self, replace_planners: bool) -> None:
        """Hook into the imported Alembic; replace_planners also where somebody else runs it."""
        if "alembic" in self._attached:
            return
        self._attached.append("alembic")
        from alembic.runtime import environment, migration

        recorder = self

        maintainer: Any = getattr(migration, "HeadMaintainer", None)
        if maintainer is not None:
            update = maintainer.update_to_step

            @functools.wraps(update)
            def update_to_step(maintained: Any, step: Any) -> Any:
                result = update(maintained, step)
                recorder.maintained = tuple(sorted(maintained.heads))
                return result

            maintainer.update_to_step = update_to_step

        if self.per_migration is not None:
            configure = environment.EnvironmentContext.configure

            @functools.wraps(configure)
            def configured(context: Any, *args: Any, **kw: Any) -> Any:
                # configure() assigns its own default, so no option given earlier would survive it.
                kw["transaction_per_migration"] = recorder.per_migration
                return configure(context, *args, **kw)

            setattr(environment.EnvironmentContext, "configure", configured)  # noqa: B010

        if replace_planners:
            run = migration.MigrationContext.run_migrations

            @functools.wraps(run)
            def run_migrations(context: Any, **kw: Any) -> Any:
                planner = context._migrations_fn
                if planner is not None and not context.as_sql:
                    context._migrations_fn = recorder.watched(planner)
                return run(context, **kw)

            setattr(migration.MigrationContext, "run_migrations", run_migrations)  # noqa: B010

    def watched(self, planner: Callable[..., Any]) -> Callable[..., Any]:
        """Give a generator in the planner's place: its name stays, because env.py files look at it."""
        if getattr(planner, "_stillroom", False):
            return planner

        @functools.wraps(planner)
        def watched(heads: Any, context: Any) -> Iterator[Any]:
            number = self._enter(heads, context, run_label(sys._getframe(1)))
            try:
                steps = planner(heads, context)
            except Exception as error:
                self.failure = error
                raise
            if isinstance(steps, (list, tuple)):
                self._plan(number, steps, getattr(planner, "note", None), heads)
            for step in steps or ():
                yield self._started(number, step, context)
                # Resumed when the version row is written, and committed if each revision commits alone.
                self._finished()
            if steps:
                self.sender.send("heads", context=number, heads=list(self.maintained))

        watched._stillroom = True  # type: ignore[attr-defined]
        return watched

    def _enter(self, heads: Any, context: Any, label: Optional[str]) -> int:
        number = next(self.contexts)
        self.entered += 1
        self.heads = self.maintained = tuple(sorted(heads or ()))
        self.external = bool(getattr(context, "_in_external_transaction", False))
        dialect = context.dialect.name
        facts: Dict[str, Any] = {}
        if dialect == "postgresql":
            self._silent = True
            try:
                facts = prepare_session(context, self.session)
            except Exception as error:
                self.failure = error
                raise
            finally:
                self._silent = False
        self.sender.send(
            "context",
            n=number,
            label=label,
            dialect=dialect,
            driver=getattr(context.dialect, "driver", None),
            server=server_of(context.connection),
            version_table=str(context.version_table),
            version_table_schema=context.version_table_schema,
            connection=self.connection_number(context.connection),
            external_transaction=self.external,
            transaction_per_migration=bool(getattr(context, "_transaction_per_migration", False)),
            transactional_ddl=bool(context.impl.transactional_ddl),
            heads=list(self.heads),
            **facts,
        )
        if self.dialect and dialect != self.dialect:
            self.failure = Refused(
                "missing_setting",
                "env.py connected to %s (%s) instead of %s. The setting that names the database is probably "
                "not given, and the project fell back to its default."
                % (dialect, server_of(context.connection), self.dialect),
            )
            raise self.failure
        return number

    def _plan(self, context: int, steps: Any, note: Any, heads: Any) -> None:
        planned = [planned_step(step) for step in steps]
        self._check_expected(step["revision"] for step in planned)
        self.sender.send("plan", context=context, steps=planned, note=None if planned or note is None else note(heads))

    def _check_expected(self, revisions: Iterable[str]) -> None:
        """Refuse what nobody confirmed: before anything runs, where the planner gives its steps as a list."""
        others = [] if self.expected is None else [name for name in revisions if name not in self.expected]
        if others:
            self.failure = Refused(
                "not_planned",
                "The project would run %s, which the plan does not hold." % ", ".join(others[:20]),
            )
            raise self.failure

    def _started(self, number: int, step: Any, context: Any) -> Any:
        script = getattr(step, "revision", None)
        opened = Step(number, name_of(step), getattr(script, "path", None))
        self._check_expected([opened.revision])
        self.step = opened
        function = step.migration_fn

        @functools.wraps(function)  # the name is part of Alembic's own log line
        def migration_fn(*args: Any, **kw: Any) -> Any:
            opened.start = _monotonic()
            opened.inside = True
            try:
                result = function(*args, **kw)
            except BaseException as error:
                opened.inside = False
                self._failed(error)
                raise
            opened.inside = False
            if context.connection is not None and not is_autocommit(context.connection):
                key = self.connection_number(context.connection) or 0
                self._pending.setdefault(key, []).append(opened.revision)
            return result

        step.migration_fn = migration_fn
        self.sender.send("step_started", context=number, revision=opened.revision)
        return step

    def _finished(self) -> None:
        step, self.step = self.step, None
        if step is not None:
            self.finished += 1
            self.sender.send("step_finished", context=step.context, revision=step.revision, ms=step.ms)

    def _failed(self, error: BaseException) -> None:
        step = self.step
        if step is None or step.failed:
            return
        step.failed = True
        self.failure = error
        self.close_statements(error)
        self.sender.send("step_failed", context=step.context, revision=step.revision, ms=step.ms)

    def ended(self, error: Optional[BaseException]) -> None:
        """Close what a failing run left open."""
        if error is not None:
            self._failed(error)
            self.close_statements(error)


def run_label(frame: Any) -> Optional[str]:
    """The engine's name that the multidb template gives to run_migrations, if our caller is that."""
    names = frame.f_locals.get("kw") if frame.f_code.co_name == "run_migrations" else None
    label = names.get("engine_name") if isinstance(names, dict) else None
    return label if isinstance(label, str) else None


def is_autocommit(connection: Any) -> bool:
    try:
        return bool(connection._is_autocommit_isolation())
    except Exception:
        try:
            return bool(connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT")
        except Exception:
            return False


def server_of(connection: Any) -> Optional[str]:
    """host:port/database as env.py asked for it, without user and password."""
    try:
        url = connection.engine.url
        host = url.host or url.query.get("host") or ""
        if not isinstance(host, str):
            host = ",".join(host)
        return "%s%s/%s" % (host, ":%d" % url.port if url.port else "", url.database or "")
    except Exception:
        return None


def prepare_session(context: Any, session: Dict[str, Any]) -> Dict[str, Any]:
    """Set our session defaults on Alembic's connection, and ask who answers there.

    Runs when Alembic has just read the version table on the same connection, so
    it opens no transaction that was not open: whether the transaction is external
    was decided before, and autocommit_block commits it like every other.
    set_config(…, false) is SET: it survives COMMIT, and ROLLBACK ends the run.
    A value that env.py gave the session itself stays.
    """
    connection = context.connection
    pid, database, version, text = connection.exec_driver_sql(
        "SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_database(), "
        "pg_catalog.current_setting('server_version'), pg_catalog.version()"
    ).fetchone()
    own = dict(
        tuple(row)
        for row in connection.exec_driver_sql(
            "SELECT name, setting FROM pg_catalog.pg_settings WHERE source IN ('session', 'client') "
            "AND name IN ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout')"
        )
    )
    wanted: Dict[str, str] = {}
    name = re.sub(r"[^\w:. -]", "", str(session.get("application_name") or ""), flags=re.ASCII)[:63]
    if name:
        wanted["application_name"] = name
    for setting, field in (
        ("lock_timeout", "lock_timeout_ms"),
        ("statement_timeout", "statement_timeout_ms"),
        ("idle_in_transaction_session_timeout", "idle_timeout_ms"),
    ):
        value = session.get(field)
        if value is not None and setting not in own:
            wanted[setting] = str(int(value))
    major = re.match(r"\d+", version)
    if major and int(major.group()) >= 14 and "linux" in text:
        # Without it the server goes on with a statement long after its client was killed.
        wanted["client_connection_check_interval"] = "1000"
    # And a session whose client vanished without a word would keep its locks for the two hours after which the
    # server's system first asks; stillroom_core.silence says the same of our own sessions.
    wanted.update(
        {
            "tcp_keepalives_idle": "15",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
            "tcp_user_timeout": "20000",
        }
    )
    if wanted:
        connection.exec_driver_sql(
            "SELECT " + ", ".join("pg_catalog.set_config('%s', '%s', false)" % item for item in wanted.items())
        ).fetchall()
    return {
        "backend_pid": pid,
        "database": database,
        "server_version": version,
        "session": dict(own, **wanted),
    }


def name_of(step: Any) -> str:
    script = getattr(step, "revision", None)
    if script is not None:
        return str(script.revision)
    return str((step.to_revisions or step.from_revisions or ("base",))[0])


def planned_step(step: Any) -> Dict[str, Any]:
    script = getattr(step, "revision", None)
    path = str(script.path) if script is not None and script.path else None
    return {
        "revision": name_of(step),
        "message": (script.doc or None) if script is not None else None,
        "direction": "stamp" if script is None else "upgrade" if step.is_upgrade else "downgrade",
        "path": shown(path) if path else None,
        "from": list(step.from_revisions),
        "to": list(step.to_revisions),
        "autocommit": bool(path) and mentions_autocommit(str(path)),
    }


def mentions_autocommit(path: str) -> bool:
    """Whether the file has the word: good enough to warn by, and nothing is decided by it."""
    try:
        with open(path, "rb") as file:
            return b"autocommit_block" in file.read(256 * 1024)
    except OSError:
        return False


# ---- explaining an end ----------------------------------------------------------------------------


def explain(error: BaseException, recorder: Recorder, otherwise: str = "env_error") -> Dict[str, Any]:
    """The fields of the error event: its kind, a sentence that helps, and the place in the project."""
    kind, message, names = classified(error, recorder, otherwise)
    step = recorder.step
    file, line = place_of(error, step)
    quiet = kind in _NO_PLACE
    return {
        "kind": kind,
        "error_type": None if isinstance(error, Refused) else type_name(original(error)),
        "message": clipped(message),
        "traceback": None if quiet else tenant_traceback(error),
        "file": None if quiet else file,
        "line": None if quiet else line,
        "revision": step.revision if step else None,
        "sqlstate": sqlstate_of(error),
        "names": names[:50],
    }


# Where these come from says nothing: the traceback would only show env.py's call of run_migrations().
_NO_PLACE = frozenset(
    "no_config no_script_location unknown_revision ambiguous_revision multiple_heads not_ancestor "
    "relative_out_of_range cancelled check_unavailable not_up_to_date not_planned".split()
)


def place_of(error: BaseException, step: Optional[Step]) -> Tuple[Optional[str], Optional[int]]:
    if isinstance(error, SyntaxError) and error.filename and is_tenant(error.filename):
        return shown(error.filename), error.lineno
    found: Tuple[Optional[str], Optional[int]] = (None, None)
    for filename, line, _ in frames_of(error):
        if step is not None and step.path is not None:
            if real(filename) == step.path:
                found = shown(filename), line
        elif is_tenant(filename):
            found = shown(filename), line
    return found


def classified(error: BaseException, recorder: Recorder, otherwise: str) -> Tuple[str, str, List[str]]:
    if isinstance(error, KeyboardInterrupt) or recorder.sender.stopped:
        # Asked is enough: command lines turn the interrupt into a status, drivers into their own error.
        return "cancelled", "The run was asked to stop.", []
    if isinstance(error, Refused):
        return error.kind, str(error), error.names
    for explained in (
        by_sqlstate(error, recorder),
        by_command_error(error, recorder),
        by_module(error),
        by_setting(error, guess=recorder.step is None and not recorder.finished),
        by_transaction(error, recorder),
    ):
        if explained is not None:
            return explained
    if recorder.step is not None:
        return "migration_error", message_of(error), []
    return (
        by_connection(error, recorder)
        or by_loading(error)
        or by_environment(error)
        or ("migration_error" if recorder.finished else otherwise, message_of(error), [])
    )


def by_sqlstate(error: BaseException, recorder: Recorder) -> Optional[Tuple[str, str, List[str]]]:
    state, message = sqlstate_of(error), message_of(error)
    if state == "55P03":
        return "lock_timeout", message, []
    if state == "25P03":
        return "idle_timeout", message, []
    if state == "57014":
        # Both have one code; where the server speaks another language, only ours can be a timeout.
        timeout = int(recorder.session.get("statement_timeout_ms") or 0)
        asked = "user request" in message or not (timeout or "timeout" in message)
        return ("cancelled" if asked else "statement_timeout"), message, []
    return None


def by_command_error(error: BaseException, recorder: Recorder) -> Optional[Tuple[str, str, List[str]]]:
    """What Alembic says in one class, told apart by the cause that it keeps."""
    if not is_named(error, "CommandError"):
        return None
    text, cause = str(error), error.__cause__
    if is_named(cause, "MultipleHeads"):
        heads = [str(head) for head in getattr(cause, "heads", ())]
        return "multiple_heads", text, heads
    if is_named(cause, "RangeNotAncestorError"):
        return "not_ancestor", text, []
    if is_named(cause, "CycleDetected", "LoopDetected"):
        return "graph_broken", text, []
    if is_named(cause, "ResolutionError"):
        argument = str(getattr(cause, "argument", ""))
        if "Multiple revisions start with" in str(cause):
            return "ambiguous_revision", str(cause), [argument]
        if argument in recorder.heads:
            text = "The database stands at revision %s, which this commit does not have." % argument
        return "unknown_revision", text, [argument]
    if "Relative revision" in text or "Walked too far" in text or "relative revision" in text:
        return "relative_out_of_range", text, []
    for part, kind in _COMMAND_ERRORS:
        if part in text:
            return kind, text, []
    return ("graph_broken" if is_named(cause, "RevisionError") else "env_error"), text, []


_COMMAND_ERRORS = (
    ("script_location", "no_script_location"),
    ("Path doesn't exist", "no_script_location"),
    ("No config file", "no_config"),
    ("not up to date", "not_up_to_date"),
    ("autogenerate", "check_unavailable"),
    ("Can't locate revision", "unknown_revision"),
    ("not a valid downgrade target", "not_ancestor"),
    ("Could not determine revision id", "graph_broken"),
    ("declared inside the script", "graph_broken"),
    ("multiple heads", "multiple_heads"),
)

_DRIVERS = frozenset(("psycopg2", "psycopg", "asyncpg", "pg8000", "psycopg_binary", "psycopg_c"))


def by_module(error: BaseException) -> Optional[Tuple[str, str, List[str]]]:
    missing = next((e for e in chain(error) if isinstance(e, ModuleNotFoundError) and e.name), None)
    if missing is None:
        return None
    name = str(missing.name)
    top = name.split(".")[0]
    if top in ("alembic", "sqlalchemy"):
        advice = "It is not installed in the project's virtualenv: add it to the project's dependencies."
    elif top in _DRIVERS:
        advice = (
            "The database driver is not installed. Add it to the project's extra packages, or name the one "
            "that is (postgresql+psycopg://, +psycopg2://, +asyncpg://). A plain postgresql:// means psycopg "
            "since SQLAlchemy 2.1 and psycopg2 before."
        )
    else:
        here = [folder for folder in (".", "src", "app", "backend", "..") if is_importable(folder, top)]
        if here:
            advice = (
                "It stands in this repository (%s): install the project, or name that folder in "
                "prepend_sys_path or PYTHONPATH." % os.path.normpath(os.path.join(here[0], top))
            )
        else:
            advice = "It is not among the project's dependencies."
    return "missing_module", "No module named '%s'. %s" % (name, advice), [name]


def is_importable(folder: str, name: str) -> bool:
    path = os.path.join(_CWD, folder, name)
    return os.path.isdir(path) or os.path.isfile(path + ".py")


# A sentence of the project's own that names a variable: "DATABASE_URL is not set", "missing SECRET_KEY".
_NAMES_SETTING = re.compile(
    r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b.{0,60}?(?:not (?:set|defined|found|provided|configured)|missing"
    r"|required|must be (?:set|given|provided|defined)|undefined|is empty)"
    r"|(?:missing|set|define|provide|requires?|required|variable|setting)\b.{0,60}?"
    r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b",
    re.DOTALL,
)


_OS_FILES = (os.__file__, "<frozen os>")  # frozen from Python 3.11 on


def by_setting(error: BaseException, guess: bool) -> Optional[Tuple[str, str, List[str]]]:
    """A variable that the project reads and nobody gave; guess also from sentences."""
    for candidate in chain(error):
        frames = frames_of(candidate)
        last = frames[-1] if frames else ("", 0, "")
        if isinstance(candidate, KeyError) and last[2] == "__getitem__" and last[0] in _OS_FILES:
            name = str(candidate.args[0]) if candidate.args else "?"
            return "missing_setting", "The environment variable %s is not given." % name, [name]
        if isinstance(candidate, KeyError) and candidate.args == ("url",) and "sqlalchemy" in last[0]:
            return "missing_setting", "The option sqlalchemy.url is not given.", ["sqlalchemy.url"]
        if is_named(candidate, "ValidationError") and type(candidate).__module__.startswith("pydantic"):
            names = settings_of(candidate)
            if names:
                return (
                    "missing_setting",
                    "Settings are missing or wrong: %s." % "; ".join(names),
                    [name.split(" ")[0] for name in names],
                )
        text = str(candidate)
        if is_named(candidate, "NoSuchModuleError") and "sqlalchemy.dialects:driver" in text:
            return (
                "missing_setting",
                "sqlalchemy.url is still the placeholder of the template (driver://…).",
                ["sqlalchemy.url"],
            )
        if is_named(candidate, "ArgumentError") and ("URL" in text or "url" in text):
            return "missing_setting", "The database URL is empty or cannot be read: %s" % text, []
        if guess:
            found = _NAMES_SETTING.search(text) if len(text) < 2000 else None
            if found and not is_named(candidate, "DBAPIError", "CommandError", "SyntaxError", "ImportError"):
                return "missing_setting", text, [found.group(1) or found.group(2)]
    return None


def settings_of(error: BaseException) -> List[str]:
    """The variables that a pydantic settings class misses, under the names it reads them by."""
    walk, prefix, settings = error.__traceback__, "", None
    while walk is not None:
        for name in ("__pydantic_self__", "self"):
            owner = walk.tb_frame.f_locals.get(name)
            if owner is not None and is_settings(type(owner)):
                settings = type(owner)
        walk = walk.tb_next
    if settings is None:
        return []
    config = getattr(settings, "model_config", None)
    if isinstance(config, dict):
        prefix = str(config.get("env_prefix") or "")
    else:
        prefix = str(getattr(getattr(settings, "__config__", None), "env_prefix", ""))
    found = []
    for item in error.errors():  # type: ignore[attr-defined]
        where = ".".join(str(part) for part in item.get("loc", ()))
        fields = getattr(settings, "model_fields", None) or getattr(settings, "__fields__", {})
        name = where if where not in fields else prefix + where
        if item.get("type") in ("missing", "value_error.missing"):
            found.append(name.upper())
        else:
            found.append("%s (%s)" % (name.upper(), item.get("msg")))
    return found


def is_settings(kind: Type[Any]) -> bool:
    return any(base.__name__ == "BaseSettings" for base in kind.__mro__)


def by_transaction(error: BaseException, recorder: Recorder) -> Optional[Tuple[str, str, List[str]]]:
    if not isinstance(error, AssertionError) or not recorder.external:
        return None
    if not any(name == "autocommit_block" for _, _, name in frames_of(error)):
        return None
    return (
        "external_transaction",
        "autocommit_block() cannot commit a transaction that it does not own: env.py had begun one on this "
        "connection before context.configure(). Commit it there first.",
        [],
    )


_AUTH = re.compile(
    r"password authentication failed|no password supplied|no pg_hba\.conf entry|role \"[^\"]*\" does not"
    r" exist|authentication failed|permission denied for database|SCRAM|no encryption"
)


def by_connection(error: BaseException, recorder: Recorder) -> Optional[Tuple[str, str, List[str]]]:
    """A driver's exception without a statement: nobody was reached, or nobody was let in."""
    state, message = sqlstate_of(error) or "", message_of(error)
    raw = original(error)
    if is_named(error, "DBAPIError"):
        reached = getattr(error, "statement", None) is not None
    elif isinstance(raw, OSError):  # a driver's own, or a file that env.py did not find
        reached = isinstance(raw, FileNotFoundError) or not passed_through(raw, "sqlalchemy")
        reached = reached and not passed_through(raw, "asyncpg")
    else:
        reached = type(raw).__module__.split(".")[0] not in _DRIVERS
    if reached or (recorder.entered and not state.startswith(("08", "57P")) and not was_cut(error)):
        return None  # once a context was entered, what fails without a statement is COMMIT
    if state.startswith("28") or state == "42501" or _AUTH.search(message):
        return "auth_failed", message, []
    return "connect_failed", message, []


def was_cut(error: BaseException) -> bool:
    return bool(getattr(error, "connection_invalidated", False))


def passed_through(error: BaseException, package: str) -> bool:
    return any(package in filename for filename, _, _ in frames_of(error))


def by_loading(error: BaseException) -> Optional[Tuple[str, str, List[str]]]:
    """A revision file that could not be loaded, or a map that does not hold together."""
    frames = frames_of(error)
    names = [name for filename, _, name in frames if "alembic" in filename]
    broken = is_named(error, "CycleDetected", "LoopDetected")
    if not broken and "_load_revisions" not in names and "_revision_map" not in names:
        return None
    if isinstance(error, KeyError) and error.args and not is_tenant(frames[-1][0]):
        return (
            "graph_broken",
            "A revision refers to %s, which no file has." % error.args[0],
            [str(error.args[0])],
        )
    return "graph_broken", message_of(error), []


def by_environment(error: BaseException) -> Optional[Tuple[str, str, List[str]]]:
    text = message_of(error)
    if "application context" in text or "current_app" in text:
        advice = "This env.py wants a Flask application: run it as a command project (flask db upgrade)."
        return "env_error", "%s\n%s" % (text.splitlines()[0], advice), []
    if is_named(error, "InterpolationSyntaxError", "InterpolationMissingOptionError"):
        return "env_error", "%s\nA percent sign in an ini value must be doubled." % text, []
    if isinstance(error, SystemExit):
        if isinstance(error.code, str):
            return "env_error", error.code, []
        return "env_error", "env.py ended the process with status %s." % (error.code or 0), []
    return None


# ---- configuration --------------------------------------------------------------------------------


class Settings:
    """Alembic's Config for this request, and what must be closed after the run."""

    def __init__(self, request: Dict[str, Any]) -> None:
        self.request = request
        self.section = request.get("section") or "alembic"
        self._closing: List[Callable[[], Any]] = []

    def config(self) -> Any:
        """The Config that Alembic's own command line would have made, with the overrides on it."""
        import argparse

        from alembic.config import Config

        request = self.request
        ini, toml = self._files()
        target = request.get("target") or "head"
        options = argparse.Namespace(
            x=list(request.get("x") or ()) or None,
            config=ini if not takes_toml() else [name for name in (ini, toml) if name] or None,
            name=self.section,
            raiseerr=True,
            quiet=False,
            verbose=False,
            autogenerate=request["kind"] == "check",
            sql=False,
            tag=None,
            revision=target,
            revisions=targets(target),
            cmd=(planner_name(request["kind"]), ["revision"], ["sql", "tag"]),
        )
        more: Dict[str, Any] = {"toml_file": toml} if toml and takes_toml() else {}
        config = Config(ini, ini_section=self.section, cmd_opts=options, **more)
        if request.get("ini_text") is not None:
            self._read_text(config, request["ini_text"])
        for name, value in (request.get("ini_overrides") or {}).items():
            section, _, option = name.rpartition(":")
            config.set_section_option(section or self.section, option, escaped(value))
        for name, value in (request.get("attributes") or {}).items():
            config.attributes[name] = self._attribute(value)
        return config

    def close(self) -> None:
        for close in reversed(self._closing):
            try:
                close()
            except Exception:
                pass

    def _files(self) -> Tuple[Optional[str], Optional[str]]:
        """The ini file and the pyproject.toml to read, each None where there is none."""
        request = self.request
        toml = "pyproject.toml" if takes_toml() and os.path.isfile("pyproject.toml") else None
        named = request.get("config_file")
        if request.get("ini_text") is not None:
            return self._written(request["ini_text"]), toml
        if named and named.endswith(".toml"):
            if not os.path.isfile(named):
                raise Refused("no_config", not_found(named))
            if not takes_toml():
                raise Refused(
                    "no_config",
                    "%s can configure Alembic only from version 1.16 on; this project has %s."
                    % (named, version_of("alembic")),
                )
            return None, named
        if named:
            if not os.path.isfile(named):
                raise Refused("no_config", not_found(named))
            return named, toml
        if "script_location" in (request.get("ini_overrides") or {}):
            return None, toml
        if os.path.isfile("alembic.ini"):
            return "alembic.ini", toml
        if toml is None:
            raise Refused("no_config", not_found("alembic.ini"))
        return None, toml

    def _written(self, text: str) -> str:
        """A file of the given text, for an env.py that hands config_file_name to logging."""
        import tempfile

        descriptor, path = tempfile.mkstemp(prefix="alembic-", suffix=".ini")
        self._closing.append(lambda: os.unlink(path))
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def _read_text(self, config: Any, text: str) -> None:
        # Parsed here, not from the file, because %(here)s must be the project's folder.
        import configparser

        here = _CWD.replace("%", "%%")
        config.config_args["here"] = here
        parser = configparser.ConfigParser({"here": here})
        parser.read_string(text)
        config.__dict__["file_config"] = parser  # memoized under this name in every version

    def _attribute(self, value: Any) -> Any:
        """A JSON value as it is; {"$engine": url} and {"$connection": url} become the real thing."""
        if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in ("$engine", "$connection"):
            return value
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        kind, url = next(iter(value.items()))
        engine = create_engine(url, poolclass=NullPool)
        if kind == "$engine":
            return engine
        connection = engine.connect()
        self._closing.append(connection.close)
        return connection


def escaped(value: Any) -> str:
    """A value with its percent signs doubled for ConfigParser; only %(here)s keeps its meaning."""
    return str(value).replace("%", "%%").replace("%%(here)s", "%(here)s")


def targets(target: str) -> List[str]:
    return [part.strip() for part in target.split(",") if part.strip()]


def planner_name(kind: str) -> Callable[..., Any]:
    """Alembic's own command of this kind: some env.py files look at cmd_opts.cmd[0].__name__."""
    from alembic import command

    found: Callable[..., Any] = getattr(command, "heads" if kind == "graph" else kind, command.current)
    return found


def not_found(name: str) -> str:
    found: List[str] = []
    for folder, folders, files in os.walk("."):
        folders[:] = [f for f in folders if not f.startswith(".") and f not in ("node_modules", "venv")]
        if folder.count(os.sep) > 4 or len(found) > 4:
            folders[:] = []
        found += [os.path.normpath(os.path.join(folder, file)) for file in files if file == "alembic.ini"]
    text = "There is no %s in the project's folder." % name
    return text + (" Found instead: %s." % ", ".join(sorted(found)[:5]) if found else "")


@functools.lru_cache(maxsize=None)
def version_of(package: str) -> Optional[str]:
    try:
        from importlib.metadata import version

        return version(package)
    except Exception:
        return None


@functools.lru_cache(maxsize=None)
def takes_toml() -> bool:
    """Whether this Alembic reads pyproject.toml (from 1.16 on)."""
    import inspect

    from alembic.config import Config

    return "toml_file" in inspect.signature(Config.__init__).parameters


# ---- the kinds of run -----------------------------------------------------------------------------


def run_environment(config: Any, script: Any, recorder: Recorder, planner: Callable[..., Any], **options: Any) -> None:
    """Run env.py with our planner, and see to it that it did something."""
    from alembic.runtime.environment import EnvironmentContext

    recorder.attach_sqlalchemy()
    recorder.attach_alembic(replace_planners=False)
    with EnvironmentContext(config, script, fn=recorder.watched(planner), as_sql=False, tag=None, **options):
        try:
            script.run_env()
        except SystemExit as ending:
            if ending.code not in (None, 0) or not recorder.entered:
                raise
    if recorder.failure is not None:
        raise recorder.failure  # env.py swallowed it; what it hides is no success
    if not recorder.entered:
        raise Refused(
            "env_error",
            "env.py ended without running anything: it never called context.run_migrations() for a database.",
        )
    lost = recorder.uncommitted()
    if lost:
        raise Refused(
            "silent_rollback",
            "Nothing was committed: env.py had begun a transaction before context.configure() and nobody "
            "committed it, so these revisions were rolled back: %s." % ", ".join(lost),
            lost,
        )


def directory(config: Any) -> Any:
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config)
    if not os.path.isfile(os.path.join(str(script.dir), "env.py")):
        raise Refused("no_script_location", "The folder %s has no env.py." % shown(str(script.dir)))
    return script


def run_upgrade(config: Any, request: Dict[str, Any], recorder: Recorder) -> None:
    script, target = directory(config), request["target"]

    def upgrade(heads: Any, context: Any) -> Any:
        return script._upgrade_revs(target, heads)

    upgrade.note = lambda heads: empty_note(script, target, heads)  # type: ignore[attr-defined]
    run_environment(config, script, recorder, upgrade, starting_rev=None, destination_rev=target)


def run_downgrade(config: Any, request: Dict[str, Any], recorder: Recorder) -> None:
    script, target = directory(config), request["target"]

    def downgrade(heads: Any, context: Any) -> Any:
        return script._downgrade_revs(target, heads)

    downgrade.note = lambda heads: "at_target"  # type: ignore[attr-defined]
    run_environment(config, script, recorder, downgrade, starting_rev=None, destination_rev=target)


def run_stamp(config: Any, request: Dict[str, Any], recorder: Recorder) -> None:
    script, wanted = directory(config), tuple(targets(request["target"]))

    def do_stamp(heads: Any, context: Any) -> Any:
        return script._stamp_revs(wanted, heads)

    do_stamp.note = lambda heads: "at_target"  # type: ignore[attr-defined]
    options = {"purge": True} if request.get("purge") else {}
    run_environment(config, script, recorder, do_stamp, starting_rev=None, destination_rev=wanted, **options)


def run_current(config: Any, request: Dict[str, Any], recorder: Recorder) -> None:
    script = directory(config)

    def display_version(heads: Any, context: Any) -> Any:
        recorder.sender.send("heads", context=recorder.entered, heads=list(recorder.heads))
        return None  # no list: nothing was planned, so no plan is told

    # dont_mutate: looking must not make the version table.
    run_environment(config, script, recorder, display_version, destination_rev=request.get("target"), dont_mutate=True)


def run_check(config: Any, request: Dict[str, Any], recorder: Recorder) -> None:
    """What `alembic check` does, in every version: before 1.9 there is no such command."""
    from alembic.autogenerate import RevisionContext

    script = directory(config)
    revision = RevisionContext(
        config,
        script,
        {
            "message": None,
            "autogenerate": True,
            "sql": False,
            "head": "head",
            "splice": False,
            "branch_label": None,
            "version_path": None,
            "rev_id": None,
            "depends_on": None,
        },
    )

    def retrieve_migrations(heads: Any, context: Any) -> Any:
        before = sum(len(ops.as_diffs()) for ops in revision.generated_revisions[-1].upgrade_ops_list)
        revision.run_autogenerate(heads, context)
        diffs: List[Any] = []
        for operations in revision.generated_revisions[-1].upgrade_ops_list:
            diffs.extend(operations.as_diffs())
        told = [difference(diff) for diff in diffs[before : before + MAX_DIFFS]]
        recorder.sender.send("check", context=recorder.entered, clean=not told, diffs=told)
        return None

    run_environment(
        config,
        script,
        recorder,
        retrieve_migrations,
        destination_rev=request.get("target") or "head",
        template_args=revision.template_args,
        revision_context=revision,
        dont_mutate=True,
    )


def difference(diff: Any) -> str:
    """One difference as a sentence."""
    try:
        if isinstance(diff, list):
            return clipped("; ".join(difference(item) for item in diff), 2000)
        what, rest = str(diff[0]), list(diff[1:])
        words = what.replace("fk", "foreign key").replace("_", " ")
        if what.startswith("modify_"):
            schema, table, column = rest[0], rest[1], rest[2]
            place = ".".join(part for part in (schema, table, column) if part)
            return clipped("%s of %s: from %s to %s" % (words, place, value(rest[-2]), value(rest[-1])), 2000)
        if what.endswith("_column"):
            schema, table, column = rest
            place = ".".join(part for part in (schema, table, column.name) if part)
            return clipped("%s %s (%s)" % (words, place, column.type), 2000)
        item = rest[0]
        name = getattr(item, "fullname", None) or getattr(item, "name", None) or "without a name"
        table = getattr(item, "table", None)
        on = " on %s" % getattr(table, "fullname", table) if table is not None and table is not item else ""
        return clipped("%s %s%s" % (words, name, on), 2000)
    except Exception:
        return clipped(repr(diff), 2000)


def value(item: Any) -> str:
    return "nothing" if item is None else str(getattr(item, "arg", item))


def empty_note(script: Any, target: str, heads: Any) -> Optional[str]:
    """Why there is nothing to do: the target is where the database stands, or behind it."""
    if target.split("@")[-1] in ("head", "heads"):
        return "at_target"
    try:
        wanted = {revision.revision for revision in script.get_revisions(target) if revision}
    except Exception:
        return None
    return "at_target" if wanted <= set(heads) else "behind_current"


def run_revision(config: Any, request: Dict[str, Any], recorder: Recorder) -> None:
    """Write a revision as Alembic does, but into a folder of our own, and tell its text: the checkout stays as it is.

    The project's template, hooks and env.py (where they are asked) work as ever.
    """
    import tempfile

    from alembic.autogenerate import RevisionContext
    from alembic.script import ScriptDirectory

    wanted = request["revision"]
    script = directory(config)
    folder = tempfile.mkdtemp(prefix="revision-")
    place_of = ScriptDirectory._rev_path
    written: List[Tuple[str, str]] = []

    def elsewhere(self: Any, path: Any, *rest: Any, **more: Any) -> Any:
        found = place_of(self, path, *rest, **more)
        within = os.path.relpath(os.path.abspath(str(found)), os.path.abspath(str(path)))
        if within.startswith(os.pardir):
            raise Refused("env_error", "The project's file_template leads out of its folder of revisions.")
        place = os.path.join(folder, within)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        written.append((str(found), place))
        return type(found)(place)

    revision = RevisionContext(
        config,
        script,
        {
            "message": wanted["message"],
            "autogenerate": wanted["autogenerate"],
            "sql": False,
            "head": tuple(wanted["heads"]) or "base",
            "splice": wanted.get("splice", False),
            "branch_label": None,
            "version_path": None,
            "rev_id": wanted["rev_id"],
            "depends_on": None,
        },
    )
    fill = revision.run_autogenerate if wanted["autogenerate"] else revision.run_no_autogenerate

    def retrieve_migrations(heads: Any, context: Any) -> Any:
        fill(heads, context)
        return None

    asked = str(config.get_main_option("revision_environment") or "").strip().lower()
    if wanted["autogenerate"] or asked in ("true", "yes", "on", "1", "y", "t"):
        run_environment(
            config,
            script,
            recorder,
            retrieve_migrations,
            destination_rev="heads",
            template_args=revision.template_args,
            revision_context=revision,
            dont_mutate=True,
        )
    note = None
    ScriptDirectory._rev_path = elsewhere  # type: ignore[method-assign]
    try:
        list(revision.generate_scripts())
    except Exception as error:
        # The file is there: what failed is a hook that was to format it.
        if not written or not os.path.isfile(written[-1][1]):
            raise
        note = clipped(message_of(error), 2000)
    finally:
        ScriptDirectory._rev_path = place_of  # type: ignore[method-assign]
    for real_path, place in written:
        with open(place, "rb") as file:
            data = file.read(MAX_REVISION + 1)
        if len(data) > MAX_REVISION:
            raise Refused("env_error", "The revision is larger than %d bytes." % MAX_REVISION)
        recorder.sender.send("revision", path=shown(real_path), text=data.decode("utf-8"), note=note)


def run_graph(config: Any, request: Dict[str, Any], recorder: Recorder) -> None:
    """Everything that ScriptDirectory knows; no database, no env.py."""
    import warnings

    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        revisions = list(script.walk_revisions())
        heads, bases = list(script.get_heads()), list(script.get_bases())
    locations = getattr(script, "_version_locations", None) or [os.path.join(str(script.dir), "versions")]
    told = [graph_revision(revision) for revision in revisions]
    if len(_encode(told)) > MAX_EVENT:
        for revision in told:
            revision["doc"] = None
    recorder.sender.send(
        "graph",
        revisions=told,
        heads=heads,
        bases=bases,
        version_locations=[shown(str(location)) for location in locations],
        warnings=[
            clipped(str(warning.message), 2000)
            for warning in caught
            if "alembic" in warning.filename or "Revision" in str(warning.message)
        ][:100],
    )


def graph_revision(script: Any) -> Dict[str, Any]:
    depends = getattr(script, "_resolved_dependencies", None) or script.dependencies
    labels = getattr(script, "_orig_branch_labels", None)
    if labels is None:
        labels = script.branch_labels
    document = (getattr(script, "longdoc", None) or "").strip()
    return {
        "id": script.revision,
        "down": texts(script.down_revision),
        "depends_on": texts(depends),
        "labels": sorted(texts(labels)),
        "message": clipped(script.doc, 400) if script.doc else None,
        "doc": clipped(document, 4000) if document else None,
        "path": shown(str(script.path)) if script.path else None,
    }


def texts(value: Any) -> List[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(item) for item in value]


# ---- a command of the project's own ---------------------------------------------------------------


def run_command(request: Dict[str, Any], recorder: Recorder) -> None:
    """Run the project's own command: in this interpreter where it is Python, else as a process.

    Either way whatever imports SQLAlchemy and Alembic is seen: here through an import
    hook, in Python children through a sitecustomize on their path.
    """
    argv = [str(part) for part in request["command"]]
    os.environ["PATH"] = os.pathsep.join(
        [os.path.dirname(sys.executable)] + [p for p in os.environ.get("PATH", "").split(os.pathsep) if p]
    )
    python = as_python(argv)
    family = Family(recorder, request)
    family.open()
    recorder.sender.send("command_started", program=argv[0], mode="in_process" if python else "subprocess")
    start = _monotonic()
    error: Optional[BaseException] = None
    try:
        if python:
            status, error = run_python(python, recorder)
        else:
            status = run_process(argv)
    finally:
        family.close()
    recorder.sender.send("command_finished", status=max(-128, min(255, status)), ms=milliseconds(start))
    if status == 0:
        return
    cause = error or recorder.failure
    if cause is not None:
        raise cause
    if family.failure is not None:
        raise Told(family.failure)
    raise Refused("command_failed", "%s ended with status %d." % (argv[0], status))


class Told(Exception):
    """A failure that a child process has explained already."""

    def __init__(self, fields: Dict[str, Any]) -> None:
        super().__init__(str(fields.get("message")))
        self.fields = fields


def as_python(argv: List[str]) -> Optional[Tuple[str, str, List[str]]]:
    """(script or module, its name, its arguments) where the command is Python code for this interpreter."""
    import shutil

    found = shutil.which(argv[0])
    if found is None:
        raise Refused("command_failed", "There is no command %s in the project's environment." % argv[0])
    own = os.path.dirname(sys.executable)
    if os.path.dirname(found) == own and os.path.basename(found).startswith("python"):
        return python_arguments(argv[1:])
    try:
        with open(found, "rb") as file:
            head = b"\n".join(file.read(512).split(b"\n")[:3])
    except OSError:
        return None
    interpreter = head.startswith(b"#!") and b"python" in head
    if interpreter and (os.path.dirname(found) == own or own.encode() in head or b"env python" in head):
        return "script", found, argv[1:]
    return None


def python_arguments(arguments: List[str]) -> Optional[Tuple[str, str, List[str]]]:
    rest = list(arguments)
    while rest and rest[0] in ("-u", "-B", "-q", "-s", "-E"):  # these change nothing for us here
        rest.pop(0)
    if len(rest) > 1 and rest[0] == "-m":
        return "module", rest[1], rest[2:]
    if rest and not rest[0].startswith("-"):
        return "script", rest[0], rest[1:]
    return None


def run_python(python: Tuple[str, str, List[str]], recorder: Recorder) -> Tuple[int, Optional[BaseException]]:
    """Run the script or module as the main program; give its exit status and what it raised."""
    import runpy

    how, name, arguments = python
    watch_imports(recorder)
    sys.argv = [name, *arguments]
    try:
        if how == "module":
            sys.path.insert(0, _CWD)
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        else:
            sys.path.insert(0, os.path.dirname(os.path.realpath(name)))
            runpy.run_path(name, run_name="__main__")
    except SystemExit as ending:
        if ending.code is None or isinstance(ending.code, int):
            return (ending.code or 0) & 0xFF, None
        sys.stderr.write("%s\n" % (ending.code,))
        return 1, None
    except Exception as error:
        import traceback

        traceback.print_exc()  # as the interpreter itself would have: it is the command's own output
        return 1, error
    return 0, None


def run_process(argv: List[str]) -> int:
    import subprocess

    # A signal while the child is made would lose it: it is kept until we know whom to end.
    came: List[int] = []
    former = {number: signal.signal(number, lambda number, _: came.append(number)) for number in _CANCELS}
    process = None
    try:
        try:
            process = subprocess.Popen(argv)
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])
        return process.wait()
    except KeyboardInterrupt:
        if process is not None:
            end_process(process)
        raise


def end_process(process: Any) -> None:
    """Ask a child to end, and make it do so where it does not."""
    import subprocess

    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def watch_imports(recorder: Recorder) -> None:
    """Attach to SQLAlchemy and Alembic when somebody imports them, or now if somebody has."""
    actions: Dict[str, Callable[[], None]] = {
        "sqlalchemy": recorder.attach_sqlalchemy,
        "alembic.runtime.environment": lambda: recorder.attach_alembic(replace_planners=True),
    }
    for name in [name for name in actions if name in sys.modules]:
        actions.pop(name)()
    if actions:
        sys.meta_path.insert(0, AfterImport(actions))


class AfterImport:
    """A finder that finds nothing itself, but acts after certain modules have run."""

    def __init__(self, actions: Dict[str, Callable[[], None]]) -> None:
        self._actions = actions

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        action = self._actions.pop(name, None)
        if action is None:
            return None
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find else None
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    self._wrap(spec.loader, action)
                return spec
        return None

    @staticmethod
    def _wrap(loader: Any, action: Callable[[], None]) -> None:
        execute = loader.exec_module

        def exec_module(module: Any) -> None:
            execute(module)
            try:
                action()
            except Exception:
                pass  # a version that we do not know: better no events than no command

        try:
            loader.exec_module = exec_module
        except AttributeError:
            pass


# ---- children of a command ------------------------------------------------------------------------

_CHILD = "STILLROOM_RUNNER"
_FROM_CHILD = frozenset(
    "context plan step_started step_finished step_failed statement_started statement_finished "
    "statement_failed transaction heads failure".split()
)

_SITECUSTOMIZE = """\
import sys
try:
    import importlib.util as _util
    _spec = _util.spec_from_file_location("_stillroom_hook", %r)
    _hook = _util.module_from_spec(_spec)
    _spec.loader.exec_module(_hook)
    _hook.attach_child(%r)
except Exception:
    pass
"""


class Family:
    """The Python processes that a command starts: each connects to a socket of ours and reports there.

    Not the events descriptor, because subprocess closes whatever it does not know,
    and because two writers in one pipe mix their lines.
    """

    def __init__(self, recorder: Recorder, request: Dict[str, Any]) -> None:
        self._recorder = recorder
        self._request = request
        self._listener: Any = None
        self._folder: Optional[str] = None
        self._thread: Optional[threading.Thread] = None
        self._closing = threading.Event()
        self.failure: Optional[Dict[str, Any]] = None

    def open(self) -> None:
        """Listen, and put the hook on the path of children; without a writable folder, do nothing."""
        import socket
        import tempfile

        try:
            self._folder = tempfile.mkdtemp(prefix="stillroom-")
            address = os.path.join(self._folder, "events")
            self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._listener.bind(address)
            self._listener.listen(64)
            with open(os.path.join(self._folder, "sitecustomize.py"), "w") as file:
                file.write(_SITECUSTOMIZE % (HOOK, self._folder))
        except OSError:
            return
        names = ("session", "transaction_per_migration", "dialect", "max_sql")
        settings = {name: self._request.get(name) for name in names}
        os.environ[_CHILD] = _encode(dict(settings, address=address))
        paths = [self._folder] + [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
        self._thread = threading.Thread(target=self._serve, name="stillroom-events", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Read what children have sent; wait a second at most for those that are still open."""
        import shutil

        self._closing.set()
        if self._thread is not None:
            self._thread.join(3)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _serve(self) -> None:
        import selectors

        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ, None)
            deadline: Optional[float] = None
            while True:
                ready = selector.select(0.05)
                if self._closing.is_set():
                    deadline = deadline or _monotonic() + 1
                    if not ready and (len(selector.get_map()) == 1 or _monotonic() > deadline):
                        return
                for key, _ in ready:
                    if key.data is None:
                        child, _ = self._listener.accept()
                        selector.register(child, selectors.EVENT_READ, Child(self))
                    else:
                        self._read(selector, key.fileobj, key.data)

    def _read(self, selector: Any, connection: Any, child: Child) -> None:
        try:
            data = connection.recv(256 * 1024)
        except OSError:
            data = b""
        try:
            if data and child.feed(data):
                return
        except Cancelled:
            pass  # nobody reads our own events any more
        selector.unregister(connection)
        connection.close()

    def forward(self, child: Child, event: Dict[str, Any]) -> None:
        """Pass a child's event on under numbers of ours."""
        type_ = event.get("type")
        if type_ == "failure":
            self.failure = event["error"] if isinstance(event.get("error"), dict) else None
            return
        recorder = self._recorder
        if type_ in ("statement_started", "statement_finished", "statement_failed"):
            event["n"] = child.number("statement", event.get("n"), recorder.statements)
        elif type_ == "context":
            recorder.entered += 1
            event["n"] = child.number("context", event.get("n"), recorder.contexts)
        if event.get("connection") is not None:
            event["connection"] = child.number("connection", event["connection"], recorder.connections)
        if event.get("context") is not None:
            event["context"] = child.number("context", event["context"], recorder.contexts)
        recorder.sender.send_raw(event)


class Child:
    """One connected process: its unfinished line, and our numbers for its own."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._rest = b""
        self._numbers: Dict[Tuple[str, Any], int] = {}

    def number(self, kind: str, theirs: Any, ours: Iterator[int]) -> int:
        key = (kind, str(theirs))
        if key not in self._numbers:
            self._numbers[key] = next(ours)
        return self._numbers[key]

    def feed(self, data: bytes) -> bool:
        """Forward the whole lines; False where the process sends what no hook of ours sends."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                return False
            if not isinstance(event, dict) or event.get("type") not in _FROM_CHILD:
                return False
            self._family.forward(self, event)
        return len(self._rest) <= MAX_EVENT


def attach_child(folder: str) -> None:
    """Report what this process does; called by the sitecustomize that the command's children import."""
    import socket

    sys.path[:] = [path for path in sys.path if path != folder]
    request = json.loads(os.environ[_CHILD])
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(request["address"])
        watch_imports(ChildRecorder(Sender(connection.detach()), request))
    except OSError:
        pass  # the command has outlived its run
    run_next_sitecustomize()


def run_next_sitecustomize() -> None:
    """Run the sitecustomize that ours stood in front of."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))


class ChildRecorder(Recorder):
    """A recorder that explains failures at once, because its process will not tell how it ends."""

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if name == "failure" and value is not None:
            self.sender.send("failure", error=explain(value, self, "command_failed"))


# ---- the run --------------------------------------------------------------------------------------

_KINDS: Dict[str, Callable[[Any, Dict[str, Any], Recorder], None]] = {
    "upgrade": run_upgrade,
    "downgrade": run_downgrade,
    "stamp": run_stamp,
    "current": run_current,
    "check": run_check,
    "graph": run_graph,
    "revision": run_revision,
}


def read_request(fd: int) -> Dict[str, Any]:
    chunks = []
    while True:
        chunk = os.read(fd, 64 * 1024)
        if not chunk:
            break
        chunks.append(chunk)
    os.close(fd)
    request = json.loads(b"".join(chunks))
    if not isinstance(request, dict) or request.get("protocol") != PROTOCOL:
        raise Refused("internal", "The request does not speak protocol %d." % PROTOCOL)
    kind = request.get("kind")
    if kind not in _KINDS and kind != "command":
        raise Refused("internal", "The request asks for an unknown kind of run.")
    if kind in ("upgrade", "downgrade", "stamp") and not request.get("target"):
        raise Refused("internal", "The request names no target.")
    if kind == "revision" and not request.get("revision"):
        raise Refused("internal", "The request says nothing about the revision.")
    if kind == "command" and not request.get("command"):
        raise Refused("internal", "The request names no command.")
    return request


def command_line(request: Dict[str, Any]) -> List[str]:
    """What sys.argv would have been: some env.py files look there."""
    line = ["alembic"]
    if request.get("config_file"):
        line += ["-c", request["config_file"]]
    if request.get("section") not in (None, "alembic"):
        line += ["-n", request["section"]]
    for argument in request.get("x") or ():
        line += ["-x", argument]
    line.append("heads" if request["kind"] == "graph" else request["kind"])
    return line + (targets(request["target"]) if request.get("target") else [])


def run(request: Dict[str, Any], recorder: Recorder) -> None:
    if request["kind"] == "command":
        run_command(request, recorder)
        return
    if _CWD not in sys.path:
        # Last, so that a project's own folder named alembic cannot stand in for the package.
        sys.path.append(_CWD)
    sys.argv = command_line(request)
    settings = Settings(request)
    try:
        _KINDS[request["kind"]](settings.config(), request, recorder)
    finally:
        settings.close()


def supervised(request_fd: int, sender: Sender) -> bool:
    """Do the run; whatever happens, say how it ended."""
    recorder = Recorder(sender, {})
    try:
        sender.send(
            "hello",
            protocol=PROTOCOL,
            python="%d.%d.%d" % sys.version_info[:3],
            alembic=version_of("alembic"),
            sqlalchemy=version_of("sqlalchemy"),
        )
        request = read_request(request_fd)
        recorder = Recorder(sender, request)
        otherwise = {"command": "command_failed", "graph": "graph_broken"}.get(request["kind"], "env_error")
        try:
            run(request, recorder)
            return True
        except Told as told:
            sender.send("error", **told.fields)
        except BaseException as error:
            deaf(sender)
            recorder.ended(error)
            sender.send("error", **explain(error, recorder, otherwise))
    except Refused as refused:
        sender.send("error", **explain(refused, recorder))
    except BaseException as error:
        sender.send("error", **explain(error, recorder, "internal"))
    return False


def deaf(sender: Sender) -> None:
    """From here on the run is ending anyway; another signal must not cut its last words off."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)


def main() -> None:
    sender = Sender(int(sys.argv[2]))
    for number in _CANCELS:
        signal.signal(number, lambda *_: sender.interrupt())
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        except Exception:
            pass
    ok = False
    try:
        ok = supervised(int(sys.argv[1]), sender)
        deaf(sender)
        sender.send("done", ok=ok)
    except Cancelled:
        pass  # the worker closed its end
    sender.closed = True
    for number in _CANCELS:
        signal.signal(number, signal.SIG_DFL)
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
