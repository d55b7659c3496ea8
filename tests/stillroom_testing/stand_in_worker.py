"""Writes what a worker writes about jobs, through the same code of core, without running anything."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import delete, select, update

import stillroom_core.models  # noqa: F401 - registers every table
from stillroom_core.database import Database, make_engine
from stillroom_core.databases.models import Database as TargetDatabase
from stillroom_core.jobs import feed
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.outcome import outcome
from stillroom_core.keys import new_key
from stillroom_core.projects.graphs import pack
from stillroom_core.projects.models import Commit, Project, RevisionSource
from stillroom_core.projects.repository import configuration_of
from stillroom_core.revisions.graph import Graph, Revision

SHA = "c0ffee" * 6 + "c0ff"


class StandInWorker:
    """Claims, tells and ends jobs; gives every event its number as the real one does."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        self._database = Database(make_engine(database_url, pool_size=2))
        self._redis = Redis.from_url(redis_url, decode_responses=True)
        self._last: dict[UUID, int] = {}

    async def __aenter__(self) -> StandInWorker:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._redis.aclose()
        await self._database.close()

    async def forget_jobs(self) -> None:
        """Makes room for the next test."""
        async with self._database.everything() as session:
            await session.execute(delete(Job))
            await session.execute(update(TargetDatabase).values(heads=[], heads_read_at=datetime.now(UTC)))

    async def ensure_commit(self, revisions: Sequence[Revision], sources: Mapping[str, str] | None = None) -> None:
        """Gives the one project a commit with these revisions as if it had been fetched; `sources` are by path."""
        texts = {path: (hashlib.sha256(text.encode()).hexdigest(), text) for path, text in (sources or {}).items()}
        async with self._database.everything() as session:
            project = (await session.scalars(select(Project))).one()
            commit = Commit(
                id=new_key(),
                organization_id=project.organization_id,
                project_id=project.id,
                sha=f"{new_key().hex}c0ffee00",
                configuration=configuration_of(project),
                ref="main",
                author_name="Ann",
                author_email="ann@example.com",
                authored_at=datetime.now(UTC),
                subject="Shop",
                source="static",
                complete=True,
                graph=pack(Graph(revisions)),
                files={
                    revision.path: {
                        "digest": texts[revision.path][0] if revision.path in texts else "0" * 64,
                        "author": "Ann",
                        "date": (datetime.now(UTC) - timedelta(days=3)).isoformat(),
                        "commit": SHA,
                    }
                    for revision in revisions
                },
                notes=[],
            )
            session.add(commit)
            await session.flush()
            for digest, text in texts.values():
                source = {"organization_id": project.organization_id, "project_id": project.id, "digest": digest}
                await session.merge(RevisionSource(**source, text=text))
            project.commit_id = commit.id
            project.fetch_state = "idle"

    async def stands(self, name: str, heads: list[str]) -> None:
        """Notes that the database of this name on its server stands at these heads."""
        async with self._database.everything() as session:
            await session.execute(update(TargetDatabase).where(TargetDatabase.database == name).values(heads=heads))

    async def claim(self, job_id: str | UUID) -> UUID:
        """Takes a queued job."""
        key = UUID(str(job_id))
        await self._change(key, state="running", attempt=new_key(), started_at=datetime.now(UTC), isolation="landlock")
        self._last[key] = 0
        return key

    async def tell(self, key: UUID, *events: tuple[str, dict[str, Any]], publish: bool = True) -> None:
        """Numbers, stores and publishes events."""
        numbered = []
        for kind, data in events:
            self._last[key] += 1
            numbered.append(feed.Event(self._last[key], datetime.now(UTC), kind, data))
        async with self._database.everything() as session:
            organization_id = await session.scalar(select(Job.organization_id).where(Job.id == key))
            assert organization_id is not None
            await feed.store(session, organization_id, key, numbered)
        if publish:
            await feed.publish(self._redis, key, numbered)

    def skip(self, key: UUID, count: int) -> int:
        """Gives numbers away for events that somebody else has stored; gives the last one."""
        self._last[key] += count
        return self._last[key]

    async def end(
        self, key: UUID, state: str, code: str, *, error: dict[str, str] | None = None, **params: Any
    ) -> None:
        """Closes the job."""
        await self._change(
            key,
            state=state,
            finished_at=datetime.now(UTC),
            outcome=outcome(code, **params),
            error=error,
            last_seq=self._last[key],
        )

    async def job(self, key: str | UUID) -> Job:
        """The row as it is."""
        async with self._database.everything() as session:
            return await session.get_one(Job, UUID(str(key)))

    async def newest_job(self) -> Job | None:
        """The job that was asked for last."""
        async with self._database.everything() as session:
            found: Job | None = await session.scalar(select(Job).order_by(Job.id.desc()).limit(1))
            return found

    async def _change(self, key: UUID, **values: Any) -> None:
        async with self._database.everything() as session:
            await session.execute(update(Job).where(Job.id == key).values(**values))
        await feed.publish(self._redis, key, changed=True)
