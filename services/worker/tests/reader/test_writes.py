"""SQL that changes data: what it takes, what stands in its way, and that its end is told as it was."""

import asyncio
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text, update

from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_testing.relay import LosingRelay
from stillroom_worker.target.lock import LOCK_KEYS


@pytest.fixture(autouse=True)
def stock(look: Any) -> None:
    """A table with three rows."""
    look.run(
        "drop table if exists shop.stock cascade; create table shop.stock (id integer primary key, n integer unique "
        "deferrable initially deferred); insert into shop.stock values (1, 10), (2, 20), (3, 30)"
    )


async def name_of(look: Any) -> str:
    async with look.app.state.context.database.everything() as session:
        return str(await session.scalar(select(Database.name)))


async def ask(look: Any, sql: str, **more: Any) -> Any:
    return await look.call("POST", "/writes", json={"sql": sql, "database_name": await name_of(look), **more})


async def writes(look: Any) -> list[dict[str, Any]]:
    return (await look.call("GET", "/writes")).json()["items"]


def total(look: Any) -> int:
    return int(look.ask("select sum(n) from shop.stock"))


async def test_a_write_is_committed_counted_and_in_the_audit_log_with_its_text(look: Any) -> None:
    answer = await ask(look, "update shop.stock set n = n + 1 where id < 3;")
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert (done["state"], done["rows"], done["command"]) == ("committed", 2, "UPDATE 2")
    assert total(look) == 62
    assert [(one["state"], one["rows"]) for one in await writes(look)] == [("committed", 2)]
    audit = (await look.client.get("/api/orgs/demo/audit", headers=look.headers)).json()["items"]
    asked = next(one for one in audit if one["action"] == "database.write")
    assert "update shop.stock" in str(asked["after"])
    ended = next(one for one in audit if one["action"] == "database.written")
    assert "committed" in str(ended["after"])


async def test_a_rehearsal_counts_and_keeps_nothing(look: Any) -> None:
    done = (await ask(look, "delete from shop.stock", rehearsal=True)).json()
    assert (done["state"], done["rows"]) == ("rolled_back", 3)
    assert total(look) == 60


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("drop table shop.stock", "not_a_write"),
        ("alter table shop.stock add x integer", "not_a_write"),
        ("truncate shop.stock", "not_a_write"),
        ("select 1", "not_a_write"),
        ("/* update */ do $$ begin end $$", "not_a_write"),
        ("update shop.stock set n = 0; drop table shop.stock", "sql_refused"),
        ("update shop.stock set n = 0; commit", "sql_refused"),
        ("update shop.stock set no_such = 0", "sql_refused"),
        ("update shop.stock set n = 1 / 0", "sql_refused"),
        ("insert into shop.stock values (1, 1)", "sql_refused"),
        ("update shop.stock set n = 7", "sql_refused"),  # found out by the commit alone
    ],
)
async def test_what_is_refused_or_fails_leaves_nothing_and_says_so(look: Any, sql: str, code: str) -> None:
    answer = await ask(look, sql)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert total(look) == 60
    told = (await writes(look))[0]
    assert (told["state"], told["problem"]["code"]) == ("rolled_back", code)


async def test_another_name_than_the_databases_is_no_confirmation(look: Any) -> None:
    answer = await ask(look, "delete from shop.stock", database_name="other")
    assert (answer.status_code, answer.json()["code"]) == (422, "database_not_named")
    assert await writes(look) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("update environments set protected = true", "write_protected"),
        ("update environments set approvals_needed = 1", "write_needs_approval"),
        (
            "insert into freezes (id, organization_id, project_id, starts_at, ends_at, reason, actor_name) select "
            "gen_random_uuid(), organization_id, id, now() - interval '1 hour', now() + interval '1 hour', 'r', 'n' "
            "from projects",
            "frozen",
        ),
    ],
)
async def test_protection_approvals_and_freezes_stand_in_its_way(look: Any, change: str, code: str) -> None:
    async with look.app.state.context.database.everything() as session:
        await session.execute(text(change))
    answer = await ask(look, "delete from shop.stock")
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert total(look) == 60


async def test_nothing_is_written_while_a_job_holds_the_database(look: Any) -> None:
    with psycopg.connect(look.target.url, autocommit=True) as job:
        job.execute("select pg_advisory_lock(%s, %s)", LOCK_KEYS)
        answer = await ask(look, "delete from shop.stock")
        assert (answer.status_code, answer.json()["code"]) == (409, "database_busy")
    assert total(look) == 60
    assert (await ask(look, "delete from shop.stock where id = 1")).json()["rows"] == 1


async def test_a_write_waits_for_no_lock_for_long(look: Any) -> None:
    with psycopg.connect(look.target.url) as other:
        other.execute("lock table shop.stock in access exclusive mode")
        answer = await ask(look, "delete from shop.stock")
    assert (answer.status_code, answer.json()["code"]) == (409, "locked_out")


async def test_hanging_up_rolls_back_and_is_told_as_that(look: Any) -> None:
    from stillroom_core.databases.questions import Question
    from stillroom_worker.reader.answers import ANSWERS
    from stillroom_worker.reader.asked import Asked

    # The api's own part, as it is before the reader is asked.
    async with look.app.state.context.database.everything() as session:
        database = await session.scalar(select(Database))
        await session.execute(
            text(
                "insert into writes (id, organization_id, database_id, user_id, actor_name, content, rehearsal, state)"
                " select gen_random_uuid(), organization_id, id, gen_random_uuid(), 'n', 's', false, 'asked'"
                " from databases"
            )
        )
        key = str(await session.scalar(text("select id from writes")))
        environment = await session.get_one(Environment, database.environment_id)
    assert Question(database.organization_id, database.id)
    state = look.reader.state
    content = {"sql": "update shop.stock set n = n + 1 from pg_sleep(60)", "write": key, "rehearsal": False}

    async def run() -> None:
        async with state.connections.lend(database, environment, keep=False) as session:
            asked = Asked(state.room, database, environment, session, {**content, "timeout_ms": 100_000})
            async for _ in ANSWERS["write"].ask(asked):
                pass

    running = asyncio.create_task(run())
    at_work = "select count(*) from pg_stat_activity where query like 'update shop.stock%' and state = 'active'"
    async with asyncio.timeout(30):
        while await asyncio.to_thread(look.ask, at_work) != 1:
            await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (await writes(look))[0]["state"] == "rolled_back"
    async with asyncio.timeout(30):
        while await asyncio.to_thread(look.ask, at_work) != 0:
            await asyncio.sleep(0.05)
    assert total(look) == 60


COMMIT = b"commit\0"


async def through(look: Any, relay: LosingRelay, sql: str) -> Any:
    """The answer to a write whose way to the server leads over the relay."""
    async with look.app.state.context.database.everything() as session:
        await session.execute(update(Database).values(host="127.0.0.1", port=relay.port))
    answer = await ask(look, sql)
    assert relay.lost == 1
    return answer


async def test_a_commit_whose_answer_is_lost_is_asked_for_and_told_as_kept(look: Any) -> None:
    async with LosingRelay(look.target.port, COMMIT, heard=True) as relay:
        answer = await through(look, relay, "update shop.stock set n = n + 1 where id < 3")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["rows"]) == ("committed", 2)
    assert [(one["state"], one["rows"]) for one in await writes(look)] == [("committed", 2)]
    assert total(look) == 62


async def test_a_commit_that_takes_long_and_whose_connection_breaks_is_waited_for(look: Any) -> None:
    look.run(
        "create or replace function shop.dawdle() returns trigger language plpgsql as $$ begin "
        "perform pg_sleep(1.5); return null; end $$; create constraint trigger dawdles after update on shop.stock "
        "deferrable initially deferred for each row execute function shop.dawdle()"
    )
    async with LosingRelay(look.target.port, COMMIT, heard=True) as relay:
        task = asyncio.create_task(through(look, relay, "update shop.stock set n = 11 where id = 1"))
        sleeping = "select count(*) from pg_stat_activity where query = 'commit' and wait_event = 'PgSleep'"
        async with asyncio.timeout(30):
            while await asyncio.to_thread(look.ask, sleeping) != 1:
                await asyncio.sleep(0.02)
        relay.lose()
        answer = await task
    assert (answer.status_code, answer.json()["state"]) == (200, "committed"), answer.text
    assert total(look) == 61


async def test_a_commit_that_the_server_never_heard_is_told_as_rolled_back(look: Any) -> None:
    async with LosingRelay(look.target.port, COMMIT, heard=False) as relay:
        answer = await through(look, relay, "delete from shop.stock")
    assert answer.status_code == 503, answer.text
    (told,) = await writes(look)
    assert (told["state"], told["rows"], told["problem"]["code"]) == ("rolled_back", 3, answer.json()["code"])
    assert total(look) == 60


async def test_a_commit_after_which_nobody_can_be_asked_is_unknown_and_says_so(look: Any) -> None:
    async with LosingRelay(look.target.port, COMMIT, heard=True, all_of_them=True) as relay:
        answer = await through(look, relay, "delete from shop.stock where id = 1")
    assert (answer.status_code, answer.json()["state"]) == (200, "unknown"), answer.text
    assert [one["state"] for one in await writes(look)] == ["unknown"]
    assert total(look) == 50


async def test_a_write_that_changes_nothing_needs_nobody_to_be_asked(look: Any) -> None:
    async with LosingRelay(look.target.port, COMMIT, heard=True, all_of_them=True) as relay:
        answer = await through(look, relay, "delete from shop.stock where id = 99")
    assert (answer.json()["state"], answer.json()["rows"]) == ("committed", 0)


async def test_a_write_that_was_asked_for_runs_once(look: Any) -> None:
    from stillroom_core.writes.service import begin_write

    await ask(look, "delete from shop.stock where id = 1")
    async with look.app.state.context.database.everything() as session:
        database = await session.scalar(select(Database))
        key = await session.scalar(text("select id from writes"))
        assert await begin_write(session, database, key) is False
