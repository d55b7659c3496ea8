"""What people ask who decide and who look back stays cheap after years: explained by PostgreSQL on a large history."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stillroom_core.actors.repository import actor_in
from stillroom_core.approvals.models import ApprovalRequest
from stillroom_core.approvals.repository import ApprovalRepository, every_waiting
from stillroom_core.approvals.service import list_requests
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.ledger.service import read_ledger
from stillroom_core.members.models import User
from stillroom_core.plans.models import Plan
from stillroom_core.plans.predecessor import precedence_of
from stillroom_core.projects.models import Commit, Project
from stillroom_core.webhooks.models import Webhook, WebhookDelivery
from stillroom_core.webhooks.service import list_deliveries
from stillroom_core.writes.models import Write
from stillroom_core.writes.service import list_writes
from stillroom_testing.explained import explained
from stillroom_testing.installations import owner_url
from stillroom_testing.jobs_scene import Scene, two_tables
from stillroom_testing.many_jobs import analyze, fill

JOBS, DELIVERIES, ENTRIES, WRITES = 20_000, 50_000, 100_000, 50_000
LARGE = {"jobs", "job_steps", "plans", "approval_requests", "webhook_deliveries", "audit_entries", "writes"}

# Each job three of a thousand revisions; each tenth plan was asked for, and the last thirty requests still wait.
_MORE = f"""
set session_replication_role = replica;
insert into job_steps (job_id, position, organization_id, kind, revision, title, state)
select id, p, organization_id, 'revision', md5((number / 60 + p)::text), 'A step', 'done'
from jobs, generate_series(0, 2) p where number > 1000000;
insert into approval_requests (id, organization_id, project_id, environment_id, database_id, plan_id, actor_id,
  actor_name, owners, request_digest, expires_at, state, closed_at)
select id, organization_id, project_id, environment_id, database_id, id, (select id from users limit 1), 'Ann', '{{}}',
  '', created_at + interval '7 days', case when g > 30 then 'started' else 'open' end,
  case when g > 30 then created_at end
from (select p.*, row_number() over (order by id desc) as g from plans p where id in
  (select plan_id from jobs where number % 10 = 0)) p;
insert into webhooks (id, organization_id, name, url_sealed, host, secret_sealed, secret_set_at, events, created_by)
select gen_random_uuid(), o.id, 'Hook ' || g, '', 'x.example', '', now(), '[]', 'Ann'
from organizations o, generate_series(1, 10) g;
insert into webhook_deliveries (id, organization_id, webhook_id, event, payload, state)
select gen_random_uuid(), organization_id, id, 'job.succeeded', '{{}}', 'delivered'
from webhooks, generate_series(1, {DELIVERIES // 10});
insert into audit_entries (id, organization_id, number, at, actor_kind, actor_name, address, request_id, action,
  outcome, subject_kind, database_id, previous_hash, hash)
select gen_random_uuid(), d.organization_id, 1000000 + g, timestamptz '2026-01-01' + g * interval '1 second', 'system',
  'Stillroom', '', '', case when g % 50 = 0 then 'database.moved' else 'job.upgrade' end, 'done', 'database', d.id,
  '', '' from generate_series(1, {ENTRIES}) g
join (select *, row_number() over () - 1 as n, count(*) over () as many from databases) d on d.n = g % d.many;
insert into writes (id, organization_id, database_id, user_id, actor_name, content, rehearsal, state, finished_at)
select gen_random_uuid(), d.organization_id, d.id, (select id from users limit 1), 'Ann', 'delete from t', false,
  'committed', now() from generate_series(1, {WRITES}) g
join (select *, row_number() over () - 1 as n, count(*) over () as many from databases) d on d.n = g % d.many;
"""
_AWAY = """
set session_replication_role = replica;
truncate jobs, plans, audit_entries, webhooks, writes cascade
"""


@pytest.fixture
async def years(scene: Scene) -> AsyncIterator[Scene]:
    """An installation after years of jobs, requests, messages and entries."""
    scene.commit(two_tables())
    await scene.fetch()
    with psycopg.connect(owner_url(), autocommit=True) as connection:
        fill(connection, JOBS, 0, each=1, open_jobs=False)
        connection.execute(_MORE)
        analyze(connection)
        connection.execute("vacuum analyze approval_requests, webhooks, webhook_deliveries, audit_entries, writes")
    yield scene
    with psycopg.connect(owner_url(), autocommit=True) as connection:
        connection.execute(_AWAY)


async def test_what_is_asked_before_and_after_a_job_reads_no_whole_table(years: Scene) -> None:
    database = years.room.database
    async with database.everything() as session:
        actor = await actor_in(session, (await session.scalars(select(User))).one(), slug="demo")
        project = (await session.scalars(select(Project).where(Project.slug == "many-7"))).one()
        places = await session.scalars(select(Environment).where(Environment.project_id == project.id))
        environments = {one.slug: one for one in places}
        staging = (
            await session.scalars(select(Database).where(Database.environment_id == environments["staging"].id))
        ).one()
        commit = (await session.scalars(select(Commit).limit(1))).one()
        plan = (
            await session.scalars(select(Plan).where(Plan.environment_id == environments["prod"].id).limit(1))
        ).one()
        hook = (await session.scalars(select(Webhook).limit(1))).one()
        sent = (await session.scalars(select(WebhookDelivery.id).where(WebhookDelivery.webhook_id == hook.id))).first()
        request = (await session.scalars(select(ApprovalRequest.id).order_by(ApprovalRequest.id).offset(1000))).first()
        written = (await session.scalars(select(Write.id).where(Write.database_id == staging.id))).first()
    assert sent is not None and request is not None and written is not None
    environments["prod"].predecessor_id = environments["staging"].id

    def asking(ask: Callable[[AsyncSession], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        async def one() -> Any:
            async with database.transaction(actor.organization_id) as session:
                return await ask(session)

        return one

    def went_first(steps: list[dict[str, str]] | None) -> Callable[[], Awaitable[Any]]:
        judged = Plan(organization_id=plan.organization_id, kind="upgrade", commit_sha=plan.commit_sha, steps=steps)
        return asking(lambda session: precedence_of(session, environments["prod"], judged, commit))

    def inbox(show: str, before: UUID | None = None) -> Callable[[], Awaitable[Any]]:
        return asking(lambda session: list_requests(session, actor, show=show, before=before, limit=30))

    async def waiting() -> Any:
        async with database.everything() as session:
            return await every_waiting(session, after=None, limit=100)

    newest = (await asking(lambda session: read_ledger(session, actor, staging, before=None, limit=30))())[-1]
    questions: dict[str, Callable[[], Awaitable[Any]]] = {
        "whether the revisions ran there first": went_first(
            [{"revision": "3b712de48137572f3849aabd5666a4e3", "message": "x"}, {"revision": "nowhere", "message": "y"}]
        ),
        "whether the commit ran there first": went_first(None),
        "the ledger": asking(lambda session: read_ledger(session, actor, staging, before=None, limit=31)),
        "its next page": asking(lambda session: read_ledger(session, actor, staging, before=newest.cursor, limit=31)),
        "requests that wait for me": inbox("waiting"),
        "requests that wait": inbox("open"),
        "requests of mine": inbox("mine"),
        "the next page of mine": inbox("mine", before=request),
        "requests with an end": inbox("decided"),
        "the next page of those": inbox("decided", before=request),
        "the request of a plan": asking(
            lambda session: ApprovalRepository(session, actor.organization_id).waiting_for_plan(plan.id)
        ),
        "what the sweeper looks at": waiting,
        "what was sent to a webhook": asking(
            lambda session: list_deliveries(session, actor, hook.id, before=None, limit=31)
        ),
        "what people ran on a database": asking(
            lambda session: list_writes(session, actor, staging, before=None, limit=31)
        ),
        "the next page of that": asking(lambda session: list_writes(session, actor, staging, before=written, limit=31)),
        "the next page of it": asking(lambda session: list_deliveries(session, actor, hook.id, before=sent, limit=31)),
    }
    faults = {
        name: found
        for name, ask in questions.items()
        if (found := (await explained(database.engine, ask, LARGE)).faults())
    }
    assert faults == {}

    # The proof can fail.
    everything = asking(lambda session: session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.event)))
    assert len((await explained(database.engine, everything, LARGE)).faults()) == 2
