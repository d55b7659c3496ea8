"""The shape of every event that the runner sends: one TypedDict each, told apart by `type`.

These are the shapes after checking (messages.parse): every field is there, and
what the runner left out is None, [] or {}.
"""

from __future__ import annotations

from typing import Final, Literal, TypedDict, get_args

ErrorKind = Literal[
    "no_config",
    "no_script_location",
    "unknown_revision",
    "ambiguous_revision",
    "multiple_heads",
    "not_ancestor",
    "relative_out_of_range",
    "graph_broken",
    "env_error",
    "missing_setting",
    "missing_module",
    "connect_failed",
    "auth_failed",
    "migration_error",
    "lock_timeout",
    "statement_timeout",
    "idle_timeout",
    "cancelled",
    "external_transaction",
    "silent_rollback",
    "check_unavailable",
    "not_up_to_date",
    "not_planned",
    "command_failed",
    "internal",
]
ERROR_KINDS: Final[tuple[ErrorKind, ...]] = get_args(ErrorKind)

Direction = Literal["upgrade", "downgrade", "stamp"]
TransactionWhat = Literal["begin", "commit", "rollback", "autocommit"]
PlanNote = Literal["at_target", "behind_current"]
CommandMode = Literal["in_process", "subprocess"]


class Hello(TypedDict):
    """The first line: which versions answer."""

    type: Literal["hello"]
    t: float
    protocol: int
    python: str
    alembic: str | None
    sqlalchemy: str | None


# The functional syntax, because `from` is a keyword.
PlannedStep = TypedDict(
    "PlannedStep",
    {
        "revision": str,
        "message": str | None,
        "direction": Direction,
        "path": str | None,
        "from": list[str],
        "to": list[str],
        "autocommit": bool,
    },
)


class Context(TypedDict):
    """One database that env.py configured, told before anything is planned on it."""

    type: Literal["context"]
    t: float
    n: int
    label: str | None
    dialect: str
    driver: str | None
    server: str | None
    database: str | None
    server_version: str | None
    version_table: str
    version_table_schema: str | None
    backend_pid: int | None
    connection: int | None
    external_transaction: bool
    transaction_per_migration: bool
    transactional_ddl: bool
    heads: list[str]
    session: dict[str, str]


class Plan(TypedDict):
    """What Alembic will do on this database, before it does it."""

    type: Literal["plan"]
    t: float
    context: int
    steps: list[PlannedStep]
    note: PlanNote | None


class StepStarted(TypedDict):
    """A revision's function is about to run."""

    type: Literal["step_started"]
    t: float
    context: int
    revision: str


class StepFinished(TypedDict):
    """The revision ran and its version row is written (committed only in per-migration transactions)."""

    type: Literal["step_finished"]
    t: float
    context: int
    revision: str
    ms: float


class StepFailed(TypedDict):
    """The revision's function, its version row or its own commit failed."""

    type: Literal["step_failed"]
    t: float
    context: int
    revision: str
    ms: float


class StatementStarted(TypedDict):
    """A statement was handed to the driver."""

    type: Literal["statement_started"]
    t: float
    n: int
    sql: str
    truncated: bool
    revision: str | None
    line: int | None
    file: str | None
    many: bool
    connection: int | None


class StatementFinished(TypedDict):
    """The statement came back; rows is what the driver counted, where it counts."""

    type: Literal["statement_finished"]
    t: float
    n: int
    ms: float
    rows: int | None


class StatementFailed(TypedDict):
    """The statement raised."""

    type: Literal["statement_failed"]
    t: float
    n: int
    ms: float
    sqlstate: str | None
    message: str


class Transaction(TypedDict):
    """A transaction began or ended on one connection.

    `inside` says that a revision's own function was running: a commit there makes
    everything before it permanent whatever happens later.
    """

    type: Literal["transaction"]
    t: float
    what: TransactionWhat
    revision: str | None
    connection: int | None
    inside: bool


class Heads(TypedDict):
    """The heads in the version table as Alembic left them in its (perhaps open) transaction."""

    type: Literal["heads"]
    t: float
    context: int
    heads: list[str]


class GraphRevision(TypedDict):
    """One revision file as Alembic's ScriptDirectory understands it."""

    id: str
    down: list[str]
    depends_on: list[str]
    labels: list[str]
    message: str | None
    doc: str | None
    path: str | None


class Graph(TypedDict):
    """Every revision that Alembic finds."""

    type: Literal["graph"]
    t: float
    revisions: list[GraphRevision]
    heads: list[str]
    bases: list[str]
    version_locations: list[str]
    warnings: list[str]


class Check(TypedDict):
    """What autogenerate would change; diffs are sentences for people."""

    type: Literal["check"]
    t: float
    context: int
    clean: bool
    diffs: list[str]


class Written(TypedDict):
    """A revision file that Alembic wrote, where it belongs, and what a hook that formats it complained of."""

    type: Literal["revision"]
    t: float
    path: str
    text: str
    note: str | None


class CommandStarted(TypedDict):
    """A custom command begins, inside the runner's interpreter or as a process of its own."""

    type: Literal["command_started"]
    t: float
    program: str
    mode: CommandMode


class CommandFinished(TypedDict):
    """The custom command ended; a negative status is the number of the signal that ended it."""

    type: Literal["command_finished"]
    t: float
    status: int
    ms: float


class Error(TypedDict):
    """Why the run ended without success; at most one, before done."""

    type: Literal["error"]
    t: float
    kind: ErrorKind
    error_type: str | None
    message: str
    traceback: str | None
    file: str | None
    line: int | None
    revision: str | None
    sqlstate: str | None
    names: list[str]


class Done(TypedDict):
    """The last line of every run that was not killed."""

    type: Literal["done"]
    t: float
    ok: bool


Event = (
    Hello
    | Context
    | Plan
    | StepStarted
    | StepFinished
    | StepFailed
    | StatementStarted
    | StatementFinished
    | StatementFailed
    | Transaction
    | Heads
    | Graph
    | Check
    | Written
    | CommandStarted
    | CommandFinished
    | Error
    | Done
)
