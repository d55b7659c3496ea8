"""After a job that did not apply wholly: what is committed, what of the current revision remains, how to clean it."""

from typing import Any

import psycopg

from stillroom_testing.jobs_scene import ENV_PY, revision, two_tables

ONE_TRANSACTION = ENV_PY.replace(", transaction_per_migration=True", "")
DOUBLES = """
    op.execute("insert into a values (1), (1)")
    with op.get_context().autocommit_block():
        op.execute('create unique index concurrently "Ix ""; drop table a" on a (id)')
"""


async def upgraded(scene: Any, files: dict[str, str], env: str = ENV_PY) -> Any:
    scene.commit(files, env)
    await scene.fetch()
    return await scene.run("upgrade", "head")


async def test_a_failure_that_was_undone_wholly_leaves_nothing(scene: Any) -> None:
    body = 'op.add_column("a", sa.Column("n", sa.Integer))\nop.execute("select 1/0")'
    done = await upgraded(scene, two_tables() | {"ccc3": revision("ccc3", "bbb2", body)})
    assert done.job.aftermath == {
        "committed": ["aaa1", "bbb2"],
        "committed_count": 2,
        "current": "ccc3",
        "left": [],
        "left_count": 0,
    }


async def test_a_job_that_applied_wholly_has_no_aftermath(scene: Any) -> None:
    done = await upgraded(scene, two_tables())
    assert (done.job.state, done.job.aftermath) == ("succeeded", None)


async def test_an_invalid_index_is_found_and_its_cleanup_works_whatever_its_name(scene: Any) -> None:
    done = await upgraded(scene, two_tables() | {"ccc3": revision("ccc3", "bbb2", DOUBLES)})
    assert done.job.outcome["code"] == "failed_committed_inside", done.job.error
    index, statement = done.job.aftermath["left"]
    assert index["text"] == 'public."Ix ""; drop table a"'
    assert index["cleanup"] == 'DROP INDEX CONCURRENTLY public."Ix ""; drop table a";'
    assert (statement["text"], statement["cleanup"]) == ("insert into a values (1), (1)", None)
    with psycopg.connect(scene.target.url, autocommit=True) as connection:
        connection.execute(index["cleanup"])
    assert scene.ask("select count(*) from pg_index where not indisvalid") == 0
    assert scene.ask("select count(*) from a") == 2


async def test_an_index_that_was_invalid_before_is_not_this_jobs(scene: Any) -> None:
    done = await upgraded(scene, two_tables() | {"ccc3": revision("ccc3", "bbb2", DOUBLES)})
    assert done.job.aftermath["left_count"] == 2
    again = await upgraded(scene, two_tables() | {"ccc3": revision("ccc3", "bbb2", 'op.execute("select 1/0")')})
    assert again.job.invalid_before == ['public."Ix ""; drop table a"']
    assert (again.job.aftermath["current"], again.job.aftermath["left"]) == ("ccc3", [])


async def test_a_partitioned_tables_unfinished_index_is_not_called_broken(scene: Any) -> None:
    body = """
        op.execute("create table p (id int) partition by range (id)")
        op.execute("create table p1 partition of p for values from (0) to (9)")
        op.execute("create index ix_p on only p (id)")
    """
    done = await upgraded(scene, {"aaa1": revision("aaa1", None, body)})
    assert (done.job.state, done.job.aftermath) == ("succeeded", None)
    assert scene.ask("select count(*) from pg_index where not indisvalid") == 1


async def test_statements_of_an_autocommit_block_have_stayed_and_those_behind_it_have_not(scene: Any) -> None:
    body = """
        op.execute("alter table a add column n int")
        with op.get_context().autocommit_block():
            op.execute("create index concurrently ix_a on a (n)")
        op.execute("alter table a add column undone int")
        op.execute("select 1/0")
    """
    done = await upgraded(scene, two_tables() | {"ccc3": revision("ccc3", "bbb2", body)})
    assert [thing["text"] for thing in done.job.aftermath["left"]] == [
        "alter table a add column n int",
        "create index concurrently ix_a on a (n)",
    ]
    assert {(t["revision"], t["certain"], t["line"] is not None) for t in done.job.aftermath["left"]} == {
        ("ccc3", True, True)
    }


async def test_a_revision_that_was_through_but_is_undone_by_a_later_one_is_told_with_what_stays(scene: Any) -> None:
    block = """
        with op.get_context().autocommit_block():
            op.execute("create index concurrently ix_a on a (id)")
        op.execute("alter table a add column n int")
    """
    files = two_tables() | {
        "ccc3": revision("ccc3", "bbb2", block),
        "ddd4": revision("ddd4", "ccc3", 'op.execute("select 1/0")'),
    }
    done = await upgraded(scene, files, ONE_TRANSACTION)
    assert done.job.heads_after == ["bbb2"]
    assert done.job.outcome["code"] == "failed_committed_inside"
    assert done.job.outcome["params"]["revision"] == "ccc3"
    assert done.job.aftermath["committed"] == ["aaa1", "bbb2"]
    assert [(t["text"], t["revision"]) for t in done.job.aftermath["left"]] == [
        ("create index concurrently ix_a on a (id)", "ccc3")
    ]
    assert done.states() == ["done", "done", "rolled_back", "failed"]
    assert scene.ask("select count(*) from information_schema.columns where table_name = 'a'") == 1


async def test_in_one_transaction_a_failure_undoes_the_revisions_before_it(scene: Any) -> None:
    done = await upgraded(
        scene, two_tables() | {"ccc3": revision("ccc3", "bbb2", 'op.execute("select 1/0")')}, ONE_TRANSACTION
    )
    assert done.job.outcome["code"] == "failed_unchanged"
    assert (done.job.aftermath["committed"], done.job.steps_done) == ([], 0)
    assert done.states() == ["rolled_back", "rolled_back", "failed"]


async def test_an_environment_may_commit_each_revision_whatever_env_py_says(scene: Any) -> None:
    await scene.change(transaction_per_migration=True)
    done = await upgraded(
        scene, two_tables() | {"ccc3": revision("ccc3", "bbb2", 'op.execute("select 1/0")')}, ONE_TRANSACTION
    )
    assert done.job.outcome == {"code": "failed_partial", "params": {"heads": ["bbb2"], "done": 2, "total": 3}}
    assert done.job.aftermath["committed"] == ["aaa1", "bbb2"]


async def test_secrets_are_masked_in_what_is_told_of_statements(scene: Any) -> None:
    await scene.set_environment(
        variables=[
            {"name": "DATABASE_URL", "value": "{{url:psycopg}}"},
            {"name": "API_KEY", "value": "statement-canary-99", "secret": True},
        ]
    )
    body = """
        import os
        with op.get_context().autocommit_block():
            op.execute("select '" + os.environ["API_KEY"] + "'")
        op.execute("select 1/0")
    """
    done = await upgraded(scene, two_tables() | {"ccc3": revision("ccc3", "bbb2", body)})
    assert "•••" in done.job.aftermath["left"][0]["text"]
    assert "statement-canary-99" not in str(done.job.aftermath)
