"""`python -m stillroom_testing.storyteller`: a running job on the stack of STILLROOM_HOME that says what it is told to.

For browser tests, which need a job that talks when they want it to. Prints the job's id; then each line of its input
is an order, answered with "ok": `tell N` says N more lines, `store N` stores N lines by SQL and publishes none of
them, `end` lets it succeed.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from stillroom_cli.stack.layout import find_layout
from stillroom_cli.stack.prepare import NAME, service_url
from stillroom_cli.stack.settings import load_settings
from stillroom_core.database import Database, make_engine
from stillroom_core.databases.models import Database as TargetDatabase
from stillroom_core.environments.models import Environment
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.repository import JobRepository
from stillroom_core.keys import new_key
from stillroom_core.projects.models import Commit, Project
from stillroom_testing.stand_in_worker import StandInWorker

# Bold, green, the rest of the line plain: what programs print to terminals.
_LINE = "\x1b[1;32mline\x1b[0m {number} of a long story"
_STORE = """
insert into job_events (job_id, seq, organization_id, at, type, data)
select :job, g, :org, now(), 'output', jsonb_build_object('stream', 'stdout', 'text',
  E'\\x1b[1;32mline\\x1b[0m ' || g || ' of a long story')
from generate_series(cast(:first as int), cast(:last as int)) g
"""


async def main() -> None:
    """Tells the story that comes by standard input."""
    settings = load_settings(find_layout().settings)
    kept = settings.kept
    owner = f"postgresql://{NAME}:-@127.0.0.1:{settings.postgres_port}/{NAME}"
    database_url = service_url(owner, kept["STILLROOM_SERVICE_PASSWORD"])
    redis_url = f"redis://:{kept['STILLROOM_VALKEY_PASSWORD']}@127.0.0.1:{settings.valkey_port}/0"
    database = Database(make_engine(database_url, pool_size=1))
    async with StandInWorker(database_url, redis_url) as worker:
        key, organization_id = await _begin(database)
        await worker.claim(key)
        print(key, flush=True)
        last = 0
        while order := (await asyncio.to_thread(sys.stdin.readline)).split():
            match order:
                case ["tell", count]:
                    numbers = range(last + 1, last + int(count) + 1)
                    await worker.tell(key, *(_output(number) for number in numbers))
                    last = numbers[-1]
                case ["store", count]:
                    given = {"job": key, "org": organization_id, "first": last + 1, "last": last + int(count)}
                    async with database.everything() as session:
                        await session.execute(text(_STORE), given)
                    last = worker.skip(key, int(count))
                case _:
                    await worker.end(key, "succeeded", "nothing_to_do", heads=[])
            print("ok", flush=True)
    await database.close()


def _output(number: int) -> tuple[str, dict[str, Any]]:
    return "output", {"stream": "stdout", "text": _LINE.format(number=number)}


async def _begin(database: Database) -> tuple[UUID, UUID]:
    """A job that no worker takes, because it is claimed as it is made and its heart has beaten tomorrow."""
    async with database.everything() as session:
        place = (
            await session.execute(
                select(Project, Environment, TargetDatabase, Commit)
                .join(Environment, Environment.project_id == Project.id)
                .join(TargetDatabase, TargetDatabase.environment_id == Environment.id)
                .join(Commit, Commit.id == Project.commit_id)
                .where(Environment.slug == "dev")
                .limit(1)
            )
        ).one()
        project, environment, target, commit = place
        await session.execute(
            update(Job)
            .where(Job.database_id == target.id, Job.state == "running", Job.actor_name == "Storyteller")
            .values(state="failed", finished_at=datetime.now(UTC))
        )
        repository = JobRepository(session, project.organization_id)
        job = Job(
            id=new_key(),
            project_id=project.id,
            environment_id=environment.id,
            database_id=target.id,
            number=await repository.next_number(),
            kind="check",
            state="running",
            actor_name="Storyteller",
            commit_id=commit.id,
            commit_sha=commit.sha,
            ref=commit.ref,
            attempt=new_key(),
            heartbeat_at=datetime.now(UTC) + timedelta(days=1),
            steps_done=0,
            last_seq=0,
        )
        repository.add(job)
        return job.id, project.organization_id


if __name__ == "__main__":
    asyncio.run(main())
