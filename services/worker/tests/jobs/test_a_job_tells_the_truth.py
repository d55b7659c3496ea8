"""What a job says at its end is what the database says."""

import asyncio
from typing import Any

import psycopg

from stillroom_core.jobs.lifecycle import JobState
from stillroom_testing.jobs_scene import ENV_PY, revision, two_tables
from stillroom_testing.servers import PostgresServer
from stillroom_testing.waiting import until

SLOW_SESSIONS = (
    "select count(*) from pg_stat_activity "
    "where query like '%/* slow */%' and state = 'active' and pid <> pg_backend_pid()"
)


async def test_an_upgrade_runs_and_is_read_back(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    done = await scene.run("upgrade", "head")
    assert done.job.state == "succeeded", done.job.error
    assert done.job.outcome == {"code": "upgraded", "params": {"heads": ["bbb2"], "done": 2, "total": 2}}
    assert (done.job.heads_before, done.job.heads_after) == ([], ["bbb2"])
    assert done.states() == ["done", "done"]
    assert scene.ask("select count(*) from pg_tables where tablename in ('a', 'b')") == 2
    assert (await scene.database()).heads == ["bbb2"]
    assert [event.seq for event in done.events] == list(range(1, len(done.events) + 1))


async def test_a_second_upgrade_has_nothing_to_do(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await scene.run("upgrade", "head")
    done = await scene.run("upgrade", "head")
    assert done.job.state == "succeeded"
    assert done.job.outcome["code"] == "nothing_to_do"


async def test_a_downgrade_reverts(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await scene.run("upgrade", "head")
    done = await scene.run("downgrade", "-1")
    assert done.job.outcome == {"code": "downgraded", "params": {"heads": ["aaa1"], "done": 1, "total": 1}}
    assert scene.ask("select to_regclass('b') is null")


async def test_a_stamp_writes_the_version_table_and_nothing_else(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    done = await scene.run("stamp", "bbb2")
    assert done.job.outcome["code"] == "stamped"
    assert scene.ask("select version_num from alembic_version") == "bbb2"
    assert scene.ask("select to_regclass('a') is null")


async def test_a_failing_revision_leaves_the_former_ones_and_says_so(scene: Any) -> None:
    files = two_tables() | {"ccc3": revision("ccc3", "bbb2", 'op.execute("select 1/0")')}
    scene.commit(files)
    await scene.fetch()
    done = await scene.run("upgrade", "head")
    assert done.job.state == "failed"
    assert done.code == "migration_error"
    assert "division by zero" in done.job.error["detail"]
    assert done.job.outcome == {"code": "failed_partial", "params": {"heads": ["bbb2"], "done": 2, "total": 3}}
    assert done.states() == ["done", "done", "failed"]
    assert (await scene.database()).heads == ["bbb2"]


async def test_a_commit_inside_a_failing_revision_is_told(scene: Any) -> None:
    body = """
        op.create_table("c", sa.Column("id", sa.Integer))
        with op.get_context().autocommit_block():
            op.execute("create index concurrently ix_c on c (id)")
        op.execute("select 1/0")
    """
    scene.commit(two_tables() | {"ccc3": revision("ccc3", "bbb2", body)})
    await scene.fetch()
    done = await scene.run("upgrade", "head")
    assert done.job.outcome["code"] == "failed_committed_inside"
    assert done.job.outcome["params"] == {"revision": "ccc3", "heads": ["bbb2"]}
    assert scene.ask("select to_regclass('c') is not null")


async def test_a_transaction_that_env_py_never_commits_is_a_failure(scene: Any) -> None:
    env = ENV_PY.replace(
        "context.configure(connection=connection, transaction_per_migration=True)",
        'connection.exec_driver_sql("select 1")\n        context.configure(connection=connection)',
    )
    scene.commit(two_tables(), env)
    await scene.fetch()
    done = await scene.run("upgrade", "head")
    assert done.job.state == "failed"
    assert done.code == "silent_rollback", done.job.error
    assert done.job.outcome["code"] == "failed_unchanged"
    assert scene.ask("select to_regclass('a') is null")


async def test_a_run_that_migrates_another_database_is_a_failure(scene: Any, postgres_server: PostgresServer) -> None:
    other = postgres_server.new_database("elsewhere")
    scene.commit(two_tables(), ENV_PY.replace('os.environ["DATABASE_URL"]', repr(other.url_for("postgresql+psycopg"))))
    await scene.fetch()
    done = await scene.run("upgrade", "head")
    assert done.job.state == "failed"
    # Where the network is closed the other database is not even reached.
    assert done.code in ("other_database", "connect_failed", "auth_failed")
    assert scene.ask("select to_regclass('a') is null")


async def test_a_run_that_falls_back_to_sqlite_is_a_failure(scene: Any) -> None:
    scene.commit(two_tables(), ENV_PY.replace('os.environ["DATABASE_URL"]', '"sqlite:////tmp/elsewhere.db"'))
    await scene.fetch()
    done = await scene.run("upgrade", "head")
    assert (done.job.state, done.code) == ("failed", "missing_setting")
    assert "sqlite" in done.job.error["detail"].lower()


async def test_an_env_py_that_does_nothing_is_a_failure(scene: Any) -> None:
    scene.commit(two_tables(), "print('skipping migrations')\n")
    await scene.fetch()
    done = await scene.run("upgrade", "head")
    assert (done.job.state, done.code) == ("failed", "env_error")
    assert "skipping migrations" in done.told


async def test_a_missing_variable_is_named(scene: Any) -> None:
    scene.commit(two_tables(), ENV_PY.replace("DATABASE_URL", "SHOP_DSN"))
    await scene.fetch()
    done = await scene.run("upgrade", "head")
    assert done.code == "missing_setting"
    assert "SHOP_DSN" in done.job.error["detail"]


async def test_an_env_py_that_raises_fails_with_its_own_words(scene: Any) -> None:
    scene.commit(two_tables(), "raise RuntimeError('the moon is full')\n")
    await scene.fetch()
    done = await scene.run("upgrade", "head")
    assert done.code == "env_error"
    assert "the moon is full" in done.job.error["detail"]
    assert done.job.outcome["code"] == "failed_unchanged"


async def test_a_wrong_password_is_told_before_anything_runs(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    async with scene.room.database.everything() as session:
        from sqlalchemy import select

        from stillroom_core.databases.models import Database
        from stillroom_core.databases.service import update_database

        database = (await session.scalars(select(Database))).one()
        await update_database(session, database, {"password": "wrong-password-canary"})
    done = await scene.run("upgrade", "head")
    assert done.code == "auth_failed"
    assert done.job.outcome["code"] == "failed_before_start"
    assert "wrong-password-canary" not in done.told + str(done.job.error)


async def test_an_unreachable_database_is_told(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    async with scene.room.database.everything() as session:
        from sqlalchemy import update

        from stillroom_core.databases.models import Database

        await session.execute(update(Database).values(port=1))
    done = await scene.run("upgrade", "head")
    assert done.code == "connect_failed"
    assert (await scene.read()).read_error["code"] == "connect_failed"


async def test_a_lock_that_somebody_holds_ends_the_job_with_the_lock_timeout(scene: Any) -> None:
    files = {
        "aaa1": two_tables()["aaa1"],
        "bbb2": revision("bbb2", "aaa1", 'op.add_column("a", sa.Column("x", sa.Text))'),
    }
    scene.commit(files)
    await scene.fetch()
    await scene.run("upgrade", "aaa1")
    with psycopg.connect(scene.target.url) as other:
        other.execute("lock table a in access share mode")
        done = await scene.run("upgrade", "head")
    assert done.code == "lock_timeout"
    assert done.job.outcome["code"] == "failed_unchanged"


async def test_a_database_at_an_unknown_revision_is_refused_with_its_name(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await scene.run("upgrade", "head")
    scene.commit({"aaa1": two_tables()["aaa1"]})
    await scene.fetch()
    from stillroom_core.errors import StillroomError

    try:
        await scene.queue_job("upgrade", "head")
    except StillroomError as refused:
        assert "bbb2" in f"{refused.title} {refused.detail}"
    else:
        raise AssertionError("a job was queued for a database at a revision that the code does not have")


async def test_output_and_statements_are_in_the_stream_and_the_token_is_not(scene: Any) -> None:
    noisy = revision("aaa1", None, 'import os\nprint("hello", os.environ["PGPASSWORD"])\nop.execute("select 42")')
    scene.commit({"aaa1": noisy})
    await scene.fetch()
    done = await scene.run("upgrade", "head")
    assert done.job.state == "succeeded", done.job.error
    said = [event.data["text"] for event in done.events if event.type == "output"]
    assert "hello •••" in said
    statement = next(e for e in done.events if e.type == "statement_started" and "select 42" in e.data["sql"])
    assert statement.data["revision"] == "aaa1"
    assert statement.data["line"] is not None
    assert scene.target.password not in done.told


async def test_a_cancel_reaches_the_statement_on_the_server(scene: Any) -> None:
    slow = revision("bbb2", "aaa1", 'op.execute("select pg_sleep(60) /* slow */")')
    scene.commit({"aaa1": two_tables()["aaa1"], "bbb2": slow})
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    from stillroom_worker.run_job import run_job

    running = asyncio.create_task(run_job(scene.room, key))
    await until(lambda: scene.ask(SLOW_SESSIONS))
    async with scene.room.database.everything() as session:
        from stillroom_core.jobs.repository import JobRepository
        from stillroom_core.jobs.service import cancel_job

        actor = await scene._actor(session)
        await cancel_job(session, actor, await JobRepository(session, actor.organization_id).by_id(key))
    await asyncio.wait_for(running, 30)
    done = await scene.finished(key)
    assert done.job.state == JobState.CANCELLED
    assert done.job.outcome == {"code": "cancelled_partial", "params": {"heads": ["aaa1"], "done": 1, "total": 2}}
    assert (
        scene.ask("select count(*) from pg_stat_activity where query like '%/* slow */%' and pid <> pg_backend_pid()")
        == 0
    )


async def test_a_time_limit_ends_a_run_that_never_ends(scene: Any) -> None:
    scene.commit({"aaa1": revision("aaa1", None, "time.sleep(600)")})
    await scene.change(time_limit_s=1)
    await scene.fetch()
    done = await asyncio.wait_for(scene.run("upgrade", "head"), 40)
    assert done.job.state == "failed"
    assert done.code == "time_limit"
    assert done.job.outcome["code"] == "failed_unchanged"


async def test_secret_files_are_there_and_their_folder_has_a_name(scene: Any) -> None:
    body = 'import pathlib, os\nprint("read", pathlib.Path(os.environ["SETTINGS"]).read_text())'
    scene.commit({"aaa1": revision("aaa1", None, body)})
    await scene.fetch()
    await scene.set_environment(
        files=[{"path": "etc/settings.json", "content": "file-canary-77"}],
        variables=[
            {"name": "DATABASE_URL", "value": "{{url:psycopg}}"},
            {"name": "SETTINGS", "value": "{{files}}/etc/settings.json"},
        ],
    )
    done = await scene.run("upgrade", "head")
    assert done.job.state == "succeeded", done.job.error
    assert "read •••" in done.told
    assert "file-canary-77" not in done.told


async def test_a_project_that_reads_its_url_from_the_ini_needs_no_setting(scene: Any) -> None:
    env = ENV_PY.replace('create_engine(os.environ["DATABASE_URL"])', "create_engine(URL)").replace(
        "engine = ", 'URL = context.config.get_main_option("sqlalchemy.url")\n    engine = '
    )
    scene.commit(two_tables(), env)
    await scene.fetch()
    await scene.set_environment(variables=[])
    done = await scene.run("upgrade", "head")
    assert done.job.state == "succeeded", done.job.error
