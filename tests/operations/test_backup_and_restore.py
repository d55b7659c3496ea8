"""A backup as docs/operations.md makes it: restored elsewhere, everything is there and the secrets open."""

import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select

from operations.conftest import REQUEST_ID
from operations.installation import ROOT, until
from stillroom_cli.embedded.binaries import postgres_binaries
from stillroom_core.audit.service import verify
from stillroom_core.database import Database as Metadata
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.jobs.feed import read_events
from stillroom_core.jobs.models import Job
from stillroom_core.organizations.models import Organization
from stillroom_testing.installations import in_this_process
from stillroom_testing.servers import PostgresServer
from stillroom_worker.cellwork import target_of

COUNTS = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by relname"
# Row level security holds the owner too; this is the door that the migrations use.
EVERYTHING = {"PGOPTIONS": "-c app.everything=on"}


def run(program: str, *words: str) -> None:
    path = postgres_binaries().program(program)
    subprocess.run([path, *words], env={**os.environ, **EVERYTHING}, check=True, capture_output=True, text=True)


def counts(url: str) -> dict[str, int]:
    """How many rows each table has, whoever looks."""
    with psycopg.connect(url, options="-c app.everything=on") as connection:
        tables = [row[0] for row in connection.execute(COUNTS)]
        found = {}
        for table in tables:
            row = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()
            found[table] = int(row[0]) if row else 0
        return found


@pytest.fixture(scope="module")
def restored(
    operated: Any, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, str], dict[str, int], Path]:
    """The settings of an installation on the restored database, what was counted before, and the file."""
    file = tmp_path_factory.mktemp("backup") / "stillroom.dump"
    source = operated.whole.environment["STILLROOM_OWNER_DATABASE_URL"]
    # The installation works on meanwhile, as in operation; what is compared is what it had before and after the file.
    until(lambda: counts(source)["schema_changes"] and counts(source)["catalogues"], "what the job left is read")
    for _ in range(20):
        before = counts(source)
        run("pg_dump", "--format=custom", "--no-owner", "--enable-row-security", f"--file={file}", source)
        if counts(source) == before:
            break
    else:
        raise AssertionError("the installation does not come to rest")
    empty = postgres_server.new_database("restored")
    owner, service, password = f"{empty.database}_owner", f"{empty.database}_service", secrets.token_hex(8)
    with psycopg.connect(postgres_server.admin_url("postgresql"), autocommit=True) as admin:
        # As in operation: the owner is no superuser, and the service owns nothing.
        for role in (owner, service):
            admin.execute(
                sql.SQL("create role {} login password {}").format(sql.Identifier(role), sql.Literal(password))
            )
        admin.execute(
            sql.SQL("alter database {} owner to {}").format(sql.Identifier(empty.database), sql.Identifier(owner))
        )
    with psycopg.connect(empty.url, autocommit=True) as admin:
        admin.execute(sql.SQL("alter schema public owner to {}").format(sql.Identifier(owner)))
    owner_url = _as(empty.url, owner, password)
    run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={owner_url}", str(file))
    environment = {
        **operated.whole.environment,
        "STILLROOM_OWNER_DATABASE_URL": owner_url,
        "DATABASE_URL": _as(empty.url, service, password),
        "STILLROOM_OPERATOR_BIND": "",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "",
    }
    migrate = [sys.executable, "-m", "alembic", "-c", "migrations/alembic.ini", "upgrade", "head"]
    subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
    return environment, before, file


def _as(url: str, role: str, password: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{password}@{host}"))


def test_every_row_is_there_again(restored: Any) -> None:
    environment, before, _ = restored
    after = counts(environment["STILLROOM_OWNER_DATABASE_URL"])
    assert after == before
    assert after["jobs"] >= 1 and after["job_events"] > 10 and after["audit_entries"] >= 1


def test_the_file_holds_no_secret_in_clear(operated: Any, restored: Any, tmp_path: Path) -> None:
    text = tmp_path / "plain.sql"
    run("pg_restore", f"--file={text}", str(restored[2]))
    assert operated.target.password not in text.read_text()


async def test_the_job_its_stream_the_audit_chain_and_the_sealed_password_hold(operated: Any, restored: Any) -> None:
    environment, _, _ = restored
    given = {name: value for name, value in environment.items() if name.startswith(("STILLROOM_", "DATABASE", "REDIS"))}
    with in_this_process(given):
        metadata = Metadata.from_settings(pool_size=1)
        try:
            async with metadata.everything() as session:
                job = (await session.scalars(select(Job).where(Job.trail["request_id"].astext == REQUEST_ID))).one()
                assert (job.state, job.heads_after) == ("succeeded", ["bbb2"])
                events = await read_events(session, job.organization_id, job.id, after=0, limit=100_000)
                assert [event.seq for event in events] == list(range(1, job.last_seq + 1))
                organization = (await session.scalars(select(Organization))).one()
                chain = await verify(session, organization.id)
                assert (chain.broken, chain.number >= 1) == (None, True)
                environment = (await session.scalars(select(Environment))).one()
                target = target_of((await session.scalars(select(Database))).one(), environment)
        finally:
            await metadata.close()
    # What was unsealed from the restored rows still opens the target, which stands where the job left it.
    address = f"host={target.host} port={target.port} user={target.user} dbname={target.database}"
    with psycopg.connect(address, password=target.password) as connection:
        row = connection.execute("select to_regclass('a') is not null and to_regclass('b') is not null").fetchone()
        assert row == (True,)


def test_row_level_security_holds_after_the_restore(restored: Any) -> None:
    environment, _, _ = restored
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        row = connection.execute("select count(*) from jobs").fetchone()
        assert row == (0,)
        row = connection.execute(
            "select count(*) from pg_class where relname = 'audit_entries' and has_table_privilege(oid, 'delete')"
        ).fetchone()
        assert row == (0,)


def test_an_owner_who_is_no_superuser_dumps_everything_through_the_door_and_nothing_without_it(
    restored: Any, tmp_path: Path
) -> None:
    environment, _, _ = restored
    words = ["--enable-row-security", "--table=jobs", "--data-only", environment["STILLROOM_OWNER_DATABASE_URL"]]
    run("pg_dump", f"--file={tmp_path / 'open.sql'}", *words)
    assert REQUEST_ID in (tmp_path / "open.sql").read_text()
    closed = [postgres_binaries().program("pg_dump"), f"--file={tmp_path / 'closed.sql'}", *words]
    subprocess.run(closed, check=True, capture_output=True)
    assert REQUEST_ID not in (tmp_path / "closed.sql").read_text()
