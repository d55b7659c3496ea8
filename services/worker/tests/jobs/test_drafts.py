"""Revisions written by Alembic in the sandbox, looked at, and pushed as a branch by a person."""

import subprocess
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from stillroom_core.actors.repository import actor_in
from stillroom_core.databases.models import Database
from stillroom_core.drafts import service
from stillroom_core.drafts.models import Draft, DraftKind
from stillroom_core.errors import StillroomError
from stillroom_core.jobs.queue import PUSH_DRAFT
from stillroom_core.members.models import User
from stillroom_core.projects.models import Project
from stillroom_testing.jobs_scene import revision, two_tables
from stillroom_worker.push_draft import push_draft
from stillroom_worker.sweep import sweep
from stillroom_worker.write_draft import write_draft

MAKO = '''"""${message}"""
from alembic import op
import sqlalchemy as sa

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''
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


async def prepared(scene: Any, files: dict[str, str], mako: str = MAKO, **more: Any) -> None:
    (scene.repository / "migrations").mkdir(exist_ok=True)
    (scene.repository / "migrations" / "script.py.mako").write_text(mako)
    scene.commit(files, **more)
    await scene.fetch()


async def asked(scene: Any, kind: str, message: str = "do it", *, compare: bool = False, **more: Any) -> Draft:
    async with scene.room.database.everything() as session:
        person = (await session.scalars(select(User))).one()
        actor = await actor_in(session, person, slug="demo")
        project = (await session.scalars(select(Project))).one()
        database = (await session.scalars(select(Database))).one() if compare else None
        given = {"message": message, "rev_id": None, "heads": None, "database": database, "restore": None, **more}
        return await service.ask_for_draft(session, actor, project, kind=DraftKind(kind), **given)


async def now(scene: Any, key: UUID) -> Draft:
    async with scene.room.database.everything() as session:
        return await session.get_one(Draft, key)


async def written(scene: Any, kind: str, message: str = "do it", **more: Any) -> Draft:
    draft = await asked(scene, kind, message, **more)
    await write_draft(scene.room, draft.id)
    return await now(scene, draft.id)


async def pushed(scene: Any, draft: Draft, branch: str) -> Draft:
    async with scene.room.database.everything() as session:
        person = (await session.scalars(select(User))).one()
        actor = await actor_in(session, person, slug="demo")
        project = (await session.scalars(select(Project))).one()
        service.request_push(session, actor, project, await session.get_one(Draft, draft.id), branch)
    await push_draft(scene.room, draft.id)
    return await now(scene, draft.id)


def two_heads() -> dict[str, str]:
    return {**two_tables(), "ccc3": revision("ccc3", "aaa1", "pass")}


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
