"""Real jobs: a git repository made by the test, our metadata database, a target database, the real runner."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from sqlalchemy import select, text

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.repository import actor_in
from stillroom_core.audit.models import AuditEntry
from stillroom_core.bootstrap import bootstrap
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import update_environment
from stillroom_core.jobs.feed import Event, read_events
from stillroom_core.jobs.lifecycle import JobKind
from stillroom_core.jobs.models import Job, JobStep
from stillroom_core.jobs.queue import RecordingQueue
from stillroom_core.jobs.repository import JobRepository
from stillroom_core.jobs.service import cancel_job, start_job
from stillroom_core.members.models import User
from stillroom_core.organizations.models import Organization
from stillroom_core.plans.models import Plan
from stillroom_core.plans.service import make_plan
from stillroom_core.projects.models import Project
from stillroom_core.settings import get_settings
from stillroom_testing.servers import DatabaseAddress
from stillroom_worker.fetch_project import fetch_project
from stillroom_worker.read_database import read_database
from stillroom_worker.room import Room
from stillroom_worker.run_job import run_job

ROOT = Path(__file__).resolve().parents[2]
# Shared by every test run on this machine: building one takes seconds, and its key is its content.
CACHE = ROOT / ".stillroom" / "test-worker"

ENV_PY = """
    import os
    from alembic import context
    from sqlalchemy import create_engine

    engine = create_engine(os.environ["DATABASE_URL"])
    with engine.connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
"""


def revision(key: str, down: str | None, upgrade: str, downgrade: str = "pass", head: str = "") -> str:
    """The text of a revision file."""
    body = dedent(upgrade).strip().replace("\n", "\n    ")
    return (
        f'"""Revision {key}"""\nimport time\nimport sqlalchemy as sa\nfrom alembic import op\n{dedent(head)}\n'
        f"revision = {key!r}\ndown_revision = {down!r}\nbranch_labels = None\ndepends_on = None\n\n"
        f"def upgrade():\n    {body}\n\ndef downgrade():\n    {dedent(downgrade).strip()}\n"
    )


def two_tables() -> dict[str, str]:
    """Two revisions that make and drop a table each."""
    return {
        "aaa1": revision("aaa1", None, 'op.create_table("a", sa.Column("id", sa.Integer))', 'op.drop_table("a")'),
        "bbb2": revision("bbb2", "aaa1", 'op.create_table("b", sa.Column("id", sa.Integer))', 'op.drop_table("b")'),
    }


@dataclass
class Finished:
    """A job after its run, with everything that was recorded."""

    job: Job
    steps: list[JobStep]
    events: list[Event]

    @property
    def told(self) -> str:
        """All words of the stream in one text."""
        return "\n".join(str(event.data) for event in self.events)

    @property
    def code(self) -> str | None:
        """The error's code."""
        return self.job.error["code"] if self.job.error else None

    def states(self, kind: str = "revision") -> list[str]:
        """The states of the steps of one kind in order."""
        return [step.state for step in self.steps if step.kind == kind]


AnyScene = TypeVar("AnyScene", bound="Scene")


@dataclass
class Scene:
    """One project with one environment and one target database."""

    room: Room
    queue: RecordingQueue
    repository: Path
    target: DatabaseAddress
    versions: Path = field(init=False)

    def __post_init__(self) -> None:
        self.versions = self.repository / "migrations" / "versions"

    def commit(self, files: dict[str, str], env: str = ENV_PY) -> None:
        """Replaces the revisions and commits."""
        self.versions.mkdir(parents=True, exist_ok=True)
        for old in self.versions.glob("*.py"):
            old.unlink()
        for name, content in files.items():
            (self.versions / f"{name}.py").write_text(content)
        (self.repository / "migrations" / "env.py").write_text(dedent(env))
        (self.repository / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
        (self.repository / "requirements.txt").write_text("alembic\nsqlalchemy>=2\npsycopg[binary]\n")
        git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-C", str(self.repository)]
        subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "change"], check=True)

    async def fetch(self) -> Project:
        """Fetches the project's newest commit."""
        async with self.room.database.everything() as session:
            project = (await session.scalars(select(Project))).one()
            project.fetch_state = "waiting"
        await fetch_project(self.room, project.id)
        async with self.room.database.everything() as session:
            return (await session.scalars(select(Project))).one()

    async def read(self) -> Database:
        """Reads the target database."""
        async with self.room.database.everything() as session:
            database = (await session.scalars(select(Database))).one()
            database.read_state = "waiting"
        await read_database(self.room, database.id)
        return await self.database()

    async def database(self) -> Database:
        """The target's row."""
        async with self.room.database.everything() as session:
            return (await session.scalars(select(Database))).one()

    async def environment(self) -> Environment:
        """The environment's row."""
        async with self.room.database.everything() as session:
            return (await session.scalars(select(Environment))).one()

    async def change(self, **columns: Any) -> None:
        """Changes the environment."""
        async with self.room.database.everything() as session:
            environment = (await session.scalars(select(Environment))).one()
            for name, value in columns.items():
                setattr(environment, name, value)

    async def set_environment(self, **fields: Any) -> None:
        """Changes the environment as a person would, secrets sealed."""
        async with self.room.database.everything() as session:
            actor = await self._actor(session)
            environment = (await session.scalars(select(Environment))).one()
            await update_environment(session, actor, environment, fields)

    async def plan(self, kind: str, target: str | None = None, commit: str | None = None) -> Plan:
        """Plans a move as a person would, perhaps with the code of a commit that they name."""
        async with self.room.database.everything() as session:
            actor = await self._actor(session)
            made = await make_plan(session, actor, **await self._move(session, kind, target), commit_sha=commit)
            return made.plan

    async def queue_job(self, kind: str, target: str | None = None, plan: UUID | None = None) -> UUID:
        """Starts a job as a person would, perhaps from a plan that was confirmed."""
        async with self.room.database.everything() as session:
            actor = await self._actor(session)
            reason = "restored by hand" if kind == "stamp" else None
            move = await self._move(session, kind, target)
            placed = await start_job(session, actor, **move, plan_id=plan, reason=reason)
            return placed.job.id

    async def run(self, kind: str, target: str | None = None) -> Finished:
        """Starts a job and runs it in this process."""
        key = await self.queue_job(kind, target)
        await run_job(self.room, key)
        return await self.finished(key)

    async def cancel(self, key: UUID) -> None:
        """Asks for a cancel as a person would."""
        async with self.room.database.everything() as session:
            actor = await self._actor(session)
            await cancel_job(session, actor, await JobRepository(session, actor.organization_id).by_id(key))

    async def finished(self, key: UUID) -> Finished:
        """What was recorded of a job."""
        async with self.room.database.everything() as session:
            job = await session.get_one(Job, key)
            steps = await session.scalars(select(JobStep).where(JobStep.job_id == key).order_by(JobStep.position))
            events = await read_events(session, job.organization_id, key, after=0, limit=100_000)
            return Finished(job, list(steps), events)

    def ask(self, query: str) -> Any:
        """One value from the target, on a connection of the test's own."""
        with psycopg.connect(self.target.url, autocommit=True) as connection:
            row = connection.execute(query).fetchone()  # type: ignore[call-overload]
            return row[0] if row else None

    async def audited(self, action: str) -> list[AuditEntry]:
        """What the audit log says of one action; entries of former tests' organizations stay, and are left out."""
        living = AuditEntry.organization_id.in_(select(Organization.id))
        async with self.room.database.everything() as session:
            return list(await session.scalars(select(AuditEntry).where(living, AuditEntry.action == action)))

    async def _move(self, session: Any, kind: str, target: str | None) -> dict[str, Any]:
        return {
            "project": (await session.scalars(select(Project))).one(),
            "environment": (await session.scalars(select(Environment))).one(),
            "database": (await session.scalars(select(Database))).one(),
            "kind": JobKind(kind),
            "revision": target,
        }

    async def _actor(self, session: Any) -> Actor:
        person = (await session.scalars(select(User))).one()
        return await actor_in(session, person, slug="demo")


async def open_scene(
    kind: type[AnyScene], repository: Path, target: DatabaseAddress, content: dict[str, Any]
) -> AnyScene:
    """The scene of this process's installation, which then holds nothing but this content."""
    queue = RecordingQueue()
    room = await Room.open(get_settings(), queue)
    async with room.database.everything() as session:
        for table in ("jobs", "users", "organizations", "mails"):
            await session.execute(text(f"delete from {table}"))
        await bootstrap(session, content)
    return kind(room, queue, repository, target)


def first_data(repository: Path, target: DatabaseAddress) -> dict[str, Any]:
    """The first data of an installation with one project, one environment and one database."""
    return {
        "administrator": {"email": "ann@example.com", "name": "Ann", "password": "correct horse battery"},
        "sample": {
            "organization": {"slug": "demo", "name": "Demo"},
            "project": {"slug": "shop", "name": "Shop", "git_url": str(repository), "git_ref": "main"},
            "environments": [
                {
                    "slug": "dev",
                    "name": "Dev",
                    "lock_timeout_ms": 1000,
                    "variables": [{"name": "DATABASE_URL", "value": "{{url:psycopg}}"}],
                    "databases": [
                        {
                            "name": "main",
                            "host": target.host,
                            "port": target.port,
                            "database": target.database,
                            "username": target.user,
                            "password": target.password,
                            "sslmode": "disable",
                        }
                    ],
                }
            ],
        },
    }
