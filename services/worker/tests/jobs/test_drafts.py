"""Revisions written by Alembic in the sandbox, looked at, and pushed as a branch by a person."""

import subprocess
from typing import Any

import pytest
from sqlalchemy import func, update

from stillroom_core.drafts.models import Draft
from stillroom_core.errors import StillroomError
from stillroom_core.jobs.queue import PUSH_DRAFT
from stillroom_core.projects.models import Project
from stillroom_testing.drafts import MAKO, asked, now, prepared, pushed, two_heads, written
from stillroom_testing.jobs_scene import two_tables
from stillroom_worker.push_draft import push_draft
from stillroom_worker.sweep import sweep

MODELS_ENV = """
    import os
    import sqlalchemy as sa
    from alembic import context

    metadata = sa.MetaData()
    sa.Table("a", metadata, sa.Column("id", sa.Integer))
    sa.Table("b", metadata, sa.Column("id", sa.Integer))
    sa.Table("new_one", metadata, sa.Column("id", sa.Integer))
    engine = sa.create_engine(os.environ["DATABASE_URL"])
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()
"""


def git(scene: Any, *words: str) -> str:
    ran = subprocess.run(["git", "-C", str(scene.repository), *words], check=True, capture_output=True, text=True)
    return ran.stdout.strip()


async def test_heads_are_merged_and_pushed_as_a_branch_with_the_person_as_author(scene: Any) -> None:
    await prepared(scene, two_heads())
    draft = await written(scene, "merge", "Merge the heads, don't ask")
    assert draft.state == "ready", draft.error
    assert draft.path is not None and draft.path.startswith("migrations/versions/")
    assert set(draft.heads) == {"bbb2", "ccc3"}
    assert "Merge the heads, don't ask" in (draft.content or "")
    assert git(scene, "status", "--porcelain") == ""

    done = await pushed(scene, draft, "revisions/merge")
    assert done.state == "pushed", done.error
    assert git(scene, "rev-parse", "revisions/merge") == done.pushed_sha
    assert git(scene, "rev-parse", "revisions/merge^") == draft.commit_sha
    assert git(scene, "log", "-1", "--format=%an <%ae>|%cn|%s", "revisions/merge") == (
        "Ann <ann@example.com>|Stillroom|Merge the heads, don't ask"
    )
    assert git(scene, "diff", "--name-status", "main", "revisions/merge") == f"A\t{draft.path}"
    assert git(scene, "show", f"revisions/merge:{draft.path}") == (draft.content or "").strip()


async def test_a_branch_that_is_there_and_the_default_branch_are_not_touched(scene: Any) -> None:
    await prepared(scene, two_tables())
    git(scene, "branch", "taken")
    git(scene, "checkout", "-q", "-b", "other")
    git(scene, "-c", "user.name=Ann", "-c", "user.email=a@b.example", "commit", "-q", "--allow-empty", "-m", "x")
    git(scene, "branch", "-f", "taken")
    git(scene, "checkout", "-q", "main")
    taken = git(scene, "rev-parse", "taken")
    draft = await written(scene, "empty")
    for branch, code in (("taken", "branch_taken"), ("main", "default_branch")):
        try:
            refused = await pushed(scene, draft, branch)
        except StillroomError as error:
            assert error.code == code
            continue
        assert refused.error is not None
        assert (refused.state, refused.error["code"]) == ("ready", code)
        assert refused.error["fix"]
    assert git(scene, "rev-parse", "taken") == taken
    # Jobs run from another branch than HEAD: still nobody pushes to HEAD's.
    async with scene.room.database.everything() as session:
        await session.execute(update(Project).values(git_ref="other"))
    refused = await pushed(scene, draft, "main")
    assert refused.error is not None and refused.error["code"] == "push_refused"


async def test_a_push_that_was_made_and_not_recorded_is_not_made_twice(scene: Any) -> None:
    await prepared(scene, two_tables())
    done = await pushed(scene, await written(scene, "empty"), "revisions/once")
    long_ago = func.now() - func.make_interval(0, 0, 0, 0, 1)
    async with scene.room.database.everything() as session:
        await session.execute(update(Draft).values(state="pushing", pushed_sha=None, requested_at=long_ago))
    scene.queue.rings.clear()
    await sweep(scene.room)
    assert (PUSH_DRAFT, done.id) in [(ring.task, ring.key) for ring in scene.queue.rings]
    await push_draft(scene.room, done.id)
    again = await now(scene, done.id)
    assert (again.state, again.pushed_sha) == ("pushed", done.pushed_sha), again.error


async def test_models_are_compared_with_the_chosen_database(scene: Any) -> None:
    await prepared(scene, two_tables(), env=MODELS_ENV)
    await scene.read()
    early = await written(scene, "autogenerate", compare=True)
    assert early.error is not None and early.error["code"] == "not_up_to_date"
    assert scene.ask("select count(*) from pg_tables where schemaname = 'public'") == 0
    assert (await scene.run("upgrade", "head")).job.state == "succeeded"
    draft = await written(scene, "autogenerate", compare=True)
    assert draft.state == "ready", draft.error
    assert "create_table('new_one'" in (draft.content or "").replace('"', "'")
    assert scene.ask("select to_regclass('new_one')") is None
    assert scene.target.password not in (draft.content or "")


async def test_where_writing_runs_env_py_it_finds_the_first_database_and_changes_nothing(scene: Any) -> None:
    (scene.repository / "migrations").mkdir()
    (scene.repository / "migrations" / "script.py.mako").write_text(MAKO)
    scene.commit(two_heads())
    ini = scene.repository / "alembic.ini"
    ini.write_text(ini.read_text() + "revision_environment = true\n")
    git(scene, "-c", "user.name=Ann", "-c", "user.email=a@b.example", "commit", "-q", "-am", "env.py with each")
    await scene.fetch()
    draft = await written(scene, "merge", "merge heads")
    assert draft.state == "ready", draft.error
    assert set(draft.heads) == {"bbb2", "ccc3"}
    assert scene.ask("select count(*) from pg_tables where schemaname = 'public'") == 0


async def test_a_file_that_an_earlier_commit_had_comes_back(scene: Any) -> None:
    await prepared(scene, two_tables())
    was = (scene.versions / "aaa1.py").read_text()
    await prepared(scene, {"bbb2": two_tables()["bbb2"]})
    draft = await written(scene, "restore", restore="aaa1")
    assert draft.state == "ready", draft.error
    assert (draft.path, draft.content) == ("migrations/versions/aaa1.py", was)
    done = await pushed(scene, draft, "revisions/restore")
    assert done.state == "pushed", done.error
    assert git(scene, "show", f"revisions/restore:{draft.path}") == was.strip()


@pytest.mark.parametrize(
    "message", ['"""; import os; os.system("touch /tmp/x")', "a\nb", "back\\slash", "", "x" * 201, "`x`", "esc\x1b[0m"]
)
async def test_a_message_that_could_be_code_is_refused(scene: Any, message: str) -> None:
    await prepared(scene, two_tables())
    with pytest.raises(StillroomError) as refused:
        await asked(scene, "empty", message)
    assert refused.value.code == "bad_message"


@pytest.mark.parametrize("rev_id", ["../../x", "a/b", "a b", "x" * 33, "+1", "a@b", "-1", "..", "é"])
async def test_an_id_that_is_a_path_or_a_target_is_refused(scene: Any, rev_id: str) -> None:
    await prepared(scene, two_tables())
    with pytest.raises(StillroomError) as refused:
        await asked(scene, "empty", rev_id=rev_id)
    assert refused.value.code == "bad_rev_id"


@pytest.mark.parametrize(
    ("mako", "code"),
    [
        (MAKO.replace('"""${message}"""', "note = '${message}'"), "message_is_code"),
        (MAKO.replace("${repr(down_revision)}", "'elsewhere'"), "another_revision"),
        ('<% import os; os.symlink("/etc/passwd", "/job/x") %>' + MAKO, "env_error"),
    ],
)
async def test_a_template_of_the_project_is_only_believed_as_far_as_it_can_be_checked(
    scene: Any, mako: str, code: str
) -> None:
    await prepared(scene, two_tables(), mako)
    draft = await written(scene, "empty", "' + str(print) + '")
    assert draft.error is not None
    assert (draft.state, draft.error["code"]) == ("failed", code), draft.error
