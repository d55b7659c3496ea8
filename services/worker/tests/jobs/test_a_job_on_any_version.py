"""A job on whatever version of PostgreSQL its database has; `make test-versions` gives it each in turn."""

from typing import Any

import psycopg

from stillroom_testing.jobs_scene import revision, two_tables
from stillroom_worker.cellwork import target_of
from stillroom_worker.target import connect
from stillroom_worker.target.locks import read_waits

CONCURRENTLY = """
with op.get_context().autocommit_block():
    op.create_index("a_id", "a", ["id"], postgresql_concurrently=True)
"""


async def test_it_upgrades_builds_an_index_concurrently_and_goes_back(scene: Any) -> None:
    scene.commit({**two_tables(), "ccc3": revision("ccc3", "bbb2", CONCURRENTLY, 'op.drop_index("a_id")')})
    await scene.fetch()
    database = await scene.read()
    assert database.read_error is None
    assert scene.ask("show server_version").split()[0] in database.server_version
    up = await scene.run("upgrade", "head")
    assert (up.job.state, up.job.heads_after) == ("succeeded", ["ccc3"]), up.told
    down = await scene.run("downgrade", "aaa1")
    assert (down.job.state, down.job.heads_after) == ("succeeded", ["aaa1"]), down.told


async def test_it_sees_who_waits_for_whom(scene: Any) -> None:
    session = await connect(
        target_of(await scene.database(), await scene.environment()), lambda _address: True, name="test"
    )
    try:
        with psycopg.connect(scene.target.url) as other:
            other.execute("create table t (id int)")
            waits = await read_waits(session, frozenset({other.info.backend_pid}))
        assert [*waits.waiting, *waits.blocked] == []
    finally:
        session.terminate()
