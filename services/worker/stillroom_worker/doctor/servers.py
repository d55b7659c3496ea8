"""Our own PostgreSQL, its replica and the broker: reached, of the right version and schema, of one time with us."""

import time
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import LargeBinary, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from stillroom_core.database import Database, Session, make_engine
from stillroom_core.health import OK, schema_fits
from stillroom_core.jobs import broker
from stillroom_core.jobs.presence import REFUSED, living_workers
from stillroom_core.own_tls import told
from stillroom_core.replica import bytes_behind, history_of, stand_of
from stillroom_core.settings import Settings, parse_sealing_keys
from stillroom_core.tables import Table
from stillroom_core.tenancy import weakness
from stillroom_worker.doctor.finding import Finding, ok, warning, wrong

_OLDEST_POSTGRES = 170000
_BEHIND_WARNING = 16 * 1024 * 1024
_SKEW_WARNING_S, _SKEW_WRONG_S = 2.0, 30.0
_OUTAGES = (SQLAlchemyError, OSError, TimeoutError)


async def look_at_database(settings: Settings) -> list[Finding]:
    """Reached as the service and, where there is one, as the owner."""
    found: list[Finding] = []
    database = Database(make_engine(settings.database_url.get_secret_value(), pool_size=1))
    try:
        async with database.everything() as session:
            found += await _as_the_service(session, settings)
    except _OUTAGES as cause:
        reason = told(cause)
        remedy = (
            "Check DATABASE_URL: host, port, user, password and database; that the server runs; the network between."
        )
        found.append(wrong("PostgreSQL", f"cannot be used: {reason}", remedy))
    finally:
        await database.close()
    if settings.owner_database_url is not None:
        found.append(await _as_the_owner(settings.owner_database_url.get_secret_value()))
    return found


async def _as_the_service(session: Session, settings: Settings) -> list[Finding]:
    number = int(await session.scalar(text("show server_version_num")) or 0)
    name = await session.scalar(text("show server_version"))
    found = [
        ok("PostgreSQL", f"version {name}")
        if number >= _OLDEST_POSTGRES
        else wrong("PostgreSQL", f"version {name} is too old", "Move to 17 or newer.")
    ]
    there = await session.scalar(text("select to_regclass('alembic_version') is not null"))
    present = (await session.scalars(text("select version_num from alembic_version"))).all() if there else []
    fits = schema_fits(present)
    migrate = "Run: alembic -c migrations/alembic.ini upgrade head"
    found.append(ok("our schema", f"at {present[0]}") if fits == OK else wrong("our schema", fits, migrate))
    clock = await session.scalar(select(func.extract("epoch", func.clock_timestamp())))
    found.append(_clock("clock of PostgreSQL", float(clock or 0) - time.time()))
    weak = await weakness(session)
    apart = "Give DATABASE_URL a role that owns nothing, and STILLROOM_OWNER_DATABASE_URL the owner: docs/isolation.md"
    found.append(warning("tenants apart", weak, apart) if weak else ok("tenants apart", "row level security holds"))
    if fits == OK:
        found.append(await _sealing(session, settings))
    return found


async def _as_the_owner(url: str) -> Finding:
    database = Database(make_engine(url, pool_size=1))
    try:
        async with database.unscoped() as session:
            await session.execute(text("select 1"))
    except _OUTAGES as cause:
        remedy = "Check STILLROOM_OWNER_DATABASE_URL; only migrations need it."
        return wrong("PostgreSQL as owner", f"cannot be used: {told(cause)}", remedy)
    finally:
        await database.close()
    return ok("PostgreSQL as owner", "signs in")


async def look_at_replica(settings: Settings) -> list[Finding]:
    """Reached, really replaying the log of our own PostgreSQL, and how far behind; nothing without the setting."""
    if settings.database_replica_url is None:
        return []
    primary = Database(make_engine(settings.database_url.get_secret_value(), pool_size=1))
    replica = Database(make_engine(settings.database_replica_url.get_secret_value(), pool_size=1))
    try:
        async with primary.unscoped() as session:
            stand = await stand_of(session)
        async with replica.unscoped() as session:
            behind = await bytes_behind(session, stand)
        ours, theirs = await history_of(primary), await history_of(replica)
    except _OUTAGES as cause:
        remedy = "Check DATABASE_REPLICA_URL: host, port, password; that it runs, with hot_standby; the network."
        return [warning("replica", f"cannot be compared with DATABASE_URL: {told(cause)}", remedy)]
    finally:
        await primary.close()
        await replica.close()
    remedy = "Point DATABASE_REPLICA_URL at a streaming replica of DATABASE_URL, or remove it: docs/operations.md"
    if behind is None:
        return [wrong("replica", "it replays no log: it was promoted, or never was a replica", remedy)]
    if ours and theirs and ours.system != theirs.system:
        return [wrong("replica", "it is a replica of another server", remedy)]
    if theirs and theirs.line != stand.line:
        remedy = "After a failover let it follow the new primary; it is asked again after its next restart point."
        return [warning("replica", f"it is on timeline {theirs.line}, the primary on {stand.line}", remedy)]
    if behind > _BEHIND_WARNING:
        remedy = "Look at pg_stat_replication on the primary; until it has caught up, DATABASE_URL answers every list."
        return [warning("replica", f"{behind} bytes are not replayed", remedy)]
    return [ok("replica", f"replays the log, {behind} bytes behind")]


async def _sealing(session: Session, settings: Settings) -> Finding:
    """Whether every sealed value is of a key that is still here; the key's name stands before the ciphertext."""
    known = [name for name, _ in parse_sealing_keys(settings.sealing_keys.get_secret_value())]
    used: dict[str, int] = {}
    for column in sealed_columns():
        name = func.convert_from(func.substring(column, 3, func.get_byte(column, 1)), "UTF8")
        for key, count in await session.execute(select(name, func.count()).where(column.is_not(None)).group_by(name)):
            used[key] = used.get(key, 0) + count
    missing = {key: count for key, count in used.items() if key not in known}
    if missing:
        told = ", ".join(f"{key} ({count} values)" for key, count in sorted(missing.items()))
        remedy = "Add the former keys to the end of STILLROOM_SEALING_KEYS, or enter those secrets again."
        return wrong("sealing keys", f"values are sealed by keys that are not here: {told}", remedy)
    told = ", ".join(f"{key} ({used.get(key, 0)} values)" for key in known)
    return ok("sealing keys", told)


def sealed_columns() -> list[Any]:
    """Every column that holds one sealed value."""
    return [
        column
        for table in Table.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("sealed") and isinstance(column.type, LargeBinary)
    ]


async def look_at_broker(settings: Settings) -> list[Finding]:
    """Reached, of a version that will do, keeping what it is given; and which workers show themselves there."""
    url = settings.redis_url.get_secret_value()
    redis = Redis.from_url(url, decode_responses=True, socket_timeout=5, socket_connect_timeout=5)
    try:
        return [*await _broker(redis), *await _messages(settings)]
    except (RedisError, OSError, TimeoutError) as cause:
        remedy = "Check REDIS_URL: host, port, password, ssl_ca_certs; that the server runs; the network between."
        return [wrong("broker", f"cannot be used: {told(cause)}", remedy)]
    finally:
        await redis.aclose()


async def _messages(settings: Settings) -> list[Finding]:
    """The broker of messages, where it is another one."""
    if settings.broker_url is None:
        return []
    try:
        return [ok("messages", await broker.product(settings))]
    except broker.Away as cause:
        remedy = (
            "Check BROKER_URL: host, port, user, password, virtual host, ssl_ca_certs; that the user may use it; the "
            "network."
        )
        return [wrong("messages", f"cannot be used: {told(cause)}", remedy)]


async def _broker(redis: "Redis") -> list[Finding]:
    server = await redis.info("server")
    name = "Valkey" if "valkey_version" in server else "Redis"
    number = str(server.get("valkey_version") or server["redis_version"])
    found = [
        ok("broker", f"{name} {number}")
        if int(number.partition(".")[0]) >= 7
        else wrong("broker", f"{name} {number} is too old", "Move to version 7 or newer.")
    ]
    memory = await redis.info("memory")
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction" and int(memory.get("maxmemory", 0)):
        remedy = "Set maxmemory-policy noeviction: messages and tickets must not be thrown away."
        found.append(warning("broker's memory", f"it may evict keys ({policy})", remedy))
    seconds, parts = await redis.time()
    found.append(_clock("clock of the broker", seconds + parts / 1e6 - time.time()))
    workers = await living_workers(redis)
    serving = [worker for worker in workers if worker.level != REFUSED]
    remedy = "Start one; if one has ended, its log says why."
    if not serving:
        found.append(wrong("workers", "none lives", remedy))
    else:
        slots = sum(worker.slots for worker in serving)
        versions = ", ".join(sorted({worker.version for worker in serving}))
        found.append(ok("workers", f"{len(serving)} with {slots} slots, version {versions}"))
    for worker in workers:
        if worker.level == REFUSED:
            remedy = "Its log says what its host lacks; deploy/README.md which setting gives which level of isolation."
            found.append(warning("workers", f"{worker.name} takes no jobs: its host cannot isolate them", remedy))
    return found


def _clock(what: str, ahead_s: float) -> Finding:
    where = "ahead of" if ahead_s > 0 else "behind"
    told = f"{abs(ahead_s):.1f} s {where} this host's ({datetime.now(UTC):%H:%M:%S} UTC)"
    remedy = "Let every host follow a time server (chrony, systemd-timesyncd): sign-ins and codes depend on it."
    if abs(ahead_s) >= _SKEW_WRONG_S:
        return wrong(what, told, remedy)
    return warning(what, told, remedy) if abs(ahead_s) >= _SKEW_WARNING_S else ok(what, told)
