"""Each way in which a job can end arises from a real one, with a code of its own and one sentence."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import update

from stillroom_core.databases.models import Database
from stillroom_core.jobs.outcome import codes, sentence
from stillroom_core.projects.models import Project
from stillroom_testing.jobs_scene import ENV_PY, Finished, revision, two_tables

CONFIGURE = "context.configure(connection=connection, transaction_per_migration=True)"
SILENT = ENV_PY.replace(
    CONFIGURE, 'connection.exec_driver_sql("select 1")\n        context.configure(connection=connection)'
)
WITH_MODELS = ENV_PY.replace(
    "    engine =", "    import sqlalchemy as sa\n    wanted = sa.MetaData()\n    {models}\n    engine =", 1
).replace("connection=connection,", "connection=connection, target_metadata=wanted,")

Way = Callable[[Any], Awaitable[Finished]]


async def upgraded(scene: Any, body: str = 'op.create_table("c")', env: str = ENV_PY) -> Finished:
    """An upgrade from aaa1 whose last revision has this body."""
    scene.commit(two_tables() | {"ccc3": revision("ccc3", "bbb2", body)}, env)
    await scene.fetch()
    await scene.run("stamp", "bbb2")
    done: Finished = await scene.run("upgrade", "head")
    return done


async def checked(scene: Any, models: str) -> Finished:
    scene.commit(two_tables(), WITH_MODELS.format(models=models))
    await scene.fetch()
    await scene.run("upgrade", "head")
    done: Finished = await scene.run("check")
    return done


async def applied(scene: Any) -> Finished:
    return await upgraded(scene)


async def failed_and_rolled_back(scene: Any) -> Finished:
    return await upgraded(scene, 'op.create_table("c")\nop.execute("select 1/0")')


async def partial(scene: Any) -> Finished:
    block = 'with op.get_context().autocommit_block():\n    op.execute("create table c ()")\nop.execute("select 1/0")'
    return await upgraded(scene, block)


async def lock_timeout(scene: Any) -> Finished:
    await scene.change(lock_timeout_ms=200, retries=0)
    with psycopg.connect(scene.target.url) as other:
        other.execute("create table held ()")
        other.commit()
        other.execute("lock table held")
        return await upgraded(scene, 'op.execute("alter table held add column n int")')


async def statement_timeout(scene: Any) -> Finished:
    await scene.change(statement_timeout_ms=200)
    return await upgraded(scene, 'op.execute("select pg_sleep(30)")')


async def idle_timeout(scene: Any) -> Finished:
    await scene.change(idle_timeout_s=1)
    return await upgraded(scene, 'op.execute("create table c ()")\ntime.sleep(2.5)\nop.execute("select 1")')


async def silent_rollback(scene: Any) -> Finished:
    return await upgraded(scene, env=SILENT)


async def wrong_server(scene: Any) -> Finished:
    scene.commit(two_tables())
    await scene.fetch()
    await scene.read()
    async with scene.room.database.everything() as session:
        await session.execute(update(Database).values(server_identity=f"1234567890/{scene.target.database}"))
    done: Finished = await scene.run("upgrade", "head")
    return done


async def vanished_process(scene: Any) -> Finished:
    return await upgraded(scene, "import os\nos._exit(3)")


async def models_agree(scene: Any) -> Finished:
    return await checked(scene, "[sa.Table(n, wanted, sa.Column('id', sa.Integer)) for n in 'ab']")


async def models_differ(scene: Any) -> Finished:
    return await checked(scene, "[sa.Table(n, wanted, sa.Column('id', sa.Integer)) for n in 'abc']")


async def own_command(scene: Any) -> Finished:
    scene.commit(two_tables())
    await scene.fetch()
    async with scene.room.database.everything() as session:
        await session.execute(update(Project).values(command=["alembic", "upgrade", "{{revision}}"]))
    done: Finished = await scene.run("command")
    return done


WAYS: dict[str, tuple[Way, str, str | None]] = {
    "applied": (applied, "upgraded", None),
    "failed and rolled back": (failed_and_rolled_back, "failed_unchanged", "migration_error"),
    "partial": (partial, "failed_committed_inside", "migration_error"),
    "lock timeout": (lock_timeout, "failed_unchanged", "lock_timeout"),
    "statement timeout": (statement_timeout, "failed_unchanged", "statement_timeout"),
    "idle timeout": (idle_timeout, "failed_unchanged", "idle_timeout"),
    "silent rollback": (silent_rollback, "failed_unchanged", "silent_rollback"),
    "wrong server": (wrong_server, "failed_before_start", "wrong_server"),
    "the process is gone": (vanished_process, "failed_unchanged", "run_ended"),
    "models agree": (models_agree, "check_clean", None),
    "models differ": (models_differ, "check_differs", None),
    "a command of its own": (own_command, "command_done", None),
}


@pytest.mark.parametrize("way", WAYS)
async def test_it_ends_like_this_and_says_so(scene: Any, way: str) -> None:
    run, outcome, error = WAYS[way]
    done = await run(scene)
    assert (done.job.outcome["code"], done.code) == (outcome, error), done.job.error
    assert done.job.state == ("failed" if error else "succeeded")
    told = sentence(done.job.outcome)
    assert told.endswith(".")
    assert "{" not in told
    if done.job.error:
        assert all(done.job.error[part] for part in ("title", "detail", "fix"))


def test_no_outcome_can_be_stored_that_no_real_job_here_ends_with() -> None:
    """Cancelled and lost ones need somebody who cancels or kills: files of their own have them."""
    here = Path(__file__).parent
    told = "\n".join(file.read_text() for file in here.glob("test_*.py"))
    assert {code for code in codes() if f'"{code}"' not in told} == set()
