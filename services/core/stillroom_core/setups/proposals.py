"""What an environment should give to a project's code, proposed from what the code reads."""

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stillroom_core.setups.reads import Read, Reads

# Package in a lock → SQLAlchemy's name of the driver, the usual one first.
PACKAGES = {
    "psycopg2-binary": "psycopg2",
    "psycopg2": "psycopg2",
    "psycopg": "psycopg",
    "asyncpg": "asyncpg",
    "pg8000": "pg8000",
}
_ORDER = ("psycopg2", "psycopg", "pg8000", "asyncpg")
_LOCKED = re.compile(
    r'^\s*(?:name\s*=\s*"|"?)(psycopg2-binary|psycopg2|psycopg|asyncpg|pg8000)(?=["\s\[=<>~!;,]|$)',
    re.MULTILINE | re.IGNORECASE,
)
_SCHEME = re.compile(r"postgres(?:ql)?\+(psycopg2|psycopg|asyncpg|pg8000)\b")
# Code that puts the driver in itself wants the plain URL.
_REWRITES = re.compile(
    r"replace\(\s*[\"']postgres(?:ql)?:?/?/?[\"']|set\(\s*drivername\s*=|startswith\(\s*[\"']postgres(?:ql)?://"
)

_STORE_WORDS = "DATABASE DB POSTGRES POSTGRESQL PG PGSQL PSQL SQL SQLALCHEMY RDS RDBMS ALEMBIC MIGRATION MIGRATIONS"
_OTHER_WORDS = (
    "REDIS VALKEY MEMCACHED CACHE MONGO MONGODB RABBIT RABBITMQ AMQP CELERY BROKER KAFKA ELASTIC ELASTICSEARCH "
    "MYSQL MARIADB SQLITE ORACLE MSSQL SNOWFLAKE DUCKDB CLICKHOUSE NEO4J LDAP QDRANT WEAVIATE S3 SMTP MAIL "
    "TEST TESTS TESTING"
)
_STORE, _OTHERS = frozenset(_STORE_WORDS.split()), frozenset(_OTHER_WORDS.split())
_ROLES: dict[str, frozenset[str]] = {
    "url": frozenset(["URL", "URI", "DSN", "CONN", "CONNECTION", "CONNSTR", "CONNSTRING"]),
    "host": frozenset(["HOST", "HOSTNAME", "SERVER", "ADDRESS", "ADDR", "ENDPOINT"]),
    "port": frozenset({"PORT"}),
    "user": frozenset(["USER", "USERNAME", "LOGIN"]),
    "password": frozenset(["PASSWORD", "PASS", "PASSWD", "PWD"]),
    "database": frozenset(["NAME", "DB", "DBNAME", "DATABASE"]),
}
_RUN_TOGETHER = re.compile(r"^(PG|DB|SQL)(HOST|PORT|USER|USERNAME|PASSWORD|PASS|DATABASE|NAME|URL|URI)$")
_URL_VALUE = re.compile(r"^(?:postgres(?:ql)?|sqlite|mysql|mariadb|oracle|mssql)(?:\+\w+)?://", re.IGNORECASE)
# Always given to a run.
_LIBPQ = frozenset({"PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE"})
_SECRET = re.compile(r"SECRET|TOKEN|PASSWORD|PRIVATE|API_?KEY|CREDENTIAL|FERNET|SALT|(?:^|_)KEY(?:$|_)")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One entry of an environment: a template, or a value that a person must fill in (`value` None).

    `kind` says where it goes: variable, x_argument or attribute. `role` is what the name stands for.
    """

    kind: str
    name: str
    value: str | None
    role: str
    required: bool
    secret: bool
    path: str
    line: int
    default: str | None

    def as_dict(self) -> dict[str, Any]:
        """As stored and served."""
        return asdict(self)


def drivers_locked(lock: str) -> tuple[str, ...]:
    """SQLAlchemy's names of the PostgreSQL drivers that a lock or requirements file names, the usual one first."""
    found = {PACKAGES[name.lower()] for name in _LOCKED.findall(lock)}
    return tuple(driver for driver in _ORDER if driver in found)


def choose_driver(reads: Reads, locked: Sequence[str]) -> str:
    """The driver for URLs: what the code names, else what suits it, else what is locked, else psycopg."""
    named: list[str] = [driver for text in reads.texts for driver in _SCHEME.findall(text)]
    fitting = [str(driver) for driver in named if not locked or driver in locked]
    if fitting:
        return fitting[0]
    if reads.is_async:
        return next((driver for driver in ("asyncpg", "psycopg") if driver in locked), "asyncpg")
    return locked[0] if locked else "psycopg"


def propose(reads: Reads, locked: Sequence[str]) -> list[Proposal]:
    """Templates for everything that stands for the database, and names of what else the code cannot do without."""
    driver = choose_driver(reads, locked)
    plain = any(_REWRITES.search(text) for text in reads.texts)
    proposed: list[Proposal] = []
    variables = [read for read in reads.variables if read.name not in _LIBPQ]
    for read in variables:
        role = role_of(read)
        if role:
            proposed.append(_of("variable", read, role, _template(role, read, driver, locked, plain=plain)))
    given = {proposal.role for proposal in proposed}
    for read in variables:
        # A class may have dozens of settings with defaults; without one, importing it fails.
        if read.required and not role_of(read):
            proposed.append(_of("variable", read, "other", None))
    for read in reads.x_arguments:
        role = role_of(read) or ("url" if read.name.lower() in ("url", "dsn", "uri") else "")
        if role and (read.required or not given):
            template = _template(role, read, driver, locked, plain=False)
            proposed.append(_of("x_argument", read, role, f"{read.name}={template}"))
    for read in reads.attributes:
        if read.name in ("connection", "engine") and (read.required or not (given or reads.takes_ini_url)):
            proposed.append(_of("attribute", read, read.name, f"{{{{{read.name}:{driver}}}}}"))
    return _once(proposed)


def role_of(read: Read) -> str:
    """What a name stands for: url, host, port, user, password, database; empty when not of the database."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", read.name).upper().replace(".", "_").split("_")
    words = [word for word in words if word]
    if joined := _RUN_TOGETHER.match(words[-1] if words else ""):
        words = [*words[:-1], joined.group(1), joined.group(2)]
    if not words or _OTHERS & set(words):
        return ""
    if read.default and _URL_VALUE.match(read.default):
        return "url"
    if "Dsn" in read.annotation and "Postgres" in read.annotation:
        return "url"
    if not _STORE & set(words):
        return ""
    last = words[-1]
    if last == "STRING" and len(words) > 1 and words[-2] in ("CONNECTION", "CONN"):
        return "url"
    for role, names in _ROLES.items():
        if last in names and (len(words) > 1 or role == "database"):
            # DATABASE alone is mostly a URL; with a word before it (APP_DATABASE, POSTGRES_DB) it is a name.
            return "url" if len(words) == 1 and not read.default else role
    return ""


def _template(role: str, read: Read, driver: str, locked: Collection[str], *, plain: bool) -> str:
    if role != "url":
        return f"{{{{{role}}}}}"
    if plain:
        return "{{url:plain}}"
    own = _SCHEME.search(read.default or "")
    if own and (not locked or own.group(1) in locked):
        return "{{url:" + str(own.group(1)) + "}}"
    if "ASYNC" in read.name.upper().split("_") and (not locked or "asyncpg" in locked):
        return "{{url:asyncpg}}"
    return f"{{{{url:{driver}}}}}"


def _of(kind: str, read: Read, role: str, value: str | None) -> Proposal:
    return Proposal(
        kind=kind,
        name=read.name,
        value=value,
        role=role,
        required=read.required,
        secret=value is None and bool(_SECRET.search(read.name.upper())),
        path=read.path,
        line=read.line,
        default=read.default[:200] if read.default else None,
    )


def _once(proposed: list[Proposal]) -> list[Proposal]:
    kept: dict[tuple[str, str], Proposal] = {}
    for proposal in proposed:
        kept.setdefault((proposal.kind, proposal.name), proposal)
    return list(kept.values())[:100]
