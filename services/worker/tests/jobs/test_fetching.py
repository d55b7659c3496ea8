"""A project's graph after a fetch, and the words when there is none."""

import base64
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Commit, Project
from stillroom_testing.jobs_scene import ENV_PY, revision, two_tables


async def commit_of(scene: Any) -> Commit:
    async with scene.room.database.everything() as session:
        return (await session.scalars(select(Commit).order_by(Commit.id.desc()).limit(1))).one()


async def test_a_fetch_reads_the_graph_with_authors_without_running_code(scene: Any) -> None:
    trap = revision("aaa1", None, "pass", head="open('/tmp/stillroom-static-trap', 'w').close()")
    scene.commit({"aaa1": trap})
    project = await scene.fetch()
    assert project.fetch_state == "idle", project.fetch_error
    commit = await commit_of(scene)
    assert commit.source == "static"
    assert graph_of(commit).heads == ("aaa1",)
    entry = commit.files["migrations/versions/aaa1.py"]
    assert entry["author"] == "Ann"
    assert entry["upgrade_lines"]
    assert not Path("/tmp/stillroom-static-trap").exists()


async def test_computed_ids_are_asked_from_alembic_and_the_page_is_told(scene: Any) -> None:
    computed = two_tables()["aaa1"].replace("revision = 'aaa1'", "revision = 'a' * 3 + '1'")
    scene.commit({"aaa1": computed, "bbb2": two_tables()["bbb2"]})
    project = await scene.fetch()
    assert project.fetch_state == "idle", project.fetch_error
    commit = await commit_of(scene)
    assert commit.source == "alembic"
    assert commit.complete
    assert set(graph_of(commit).revisions) == {"aaa1", "bbb2"}
    assert any(note["code"] == "alembic_asked" for note in commit.notes)


async def test_a_subdirectory_that_is_a_link_is_refused(scene: Any, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "alembic.ini").write_text("[alembic]\nscript_location = .\n")
    (scene.repository / "sub").symlink_to(tmp_path / "outside")
    scene.commit(two_tables())
    async with scene.room.database.everything() as session:
        await session.execute(update(Project).values(subdirectory="sub"))
    project = await scene.fetch()
    assert project.fetch_state == "failed"
    assert project.fetch_error["title"] == "The project's subdirectory does not exist in this commit."
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["alembic.ini"]


async def test_an_unknown_ref_is_named(scene: Any) -> None:
    scene.commit(two_tables())
    async with scene.room.database.everything() as session:
        await session.execute(update(Project).values(git_ref="nowhere"))
    project = await scene.fetch()
    assert (project.fetch_state, project.fetch_error["code"]) == ("failed", "unknown_ref")


async def test_a_repository_without_alembic_is_told(scene: Any) -> None:
    scene.commit({}, ENV_PY)
    async with scene.room.database.everything() as session:
        await session.execute(update(Project).values(config_file="elsewhere.ini"))
    project = await scene.fetch()
    assert project.fetch_state == "failed"
    assert project.fetch_error["fix"]


async def test_a_fetch_that_nobody_asked_for_does_nothing(scene: Any) -> None:
    scene.commit(two_tables())
    first = await scene.fetch()
    from stillroom_worker.fetch_project import fetch_project

    await fetch_project(scene.room, first.id)
    async with scene.room.database.everything() as session:
        again = (await session.scalars(select(Project))).one()
    assert again.fetched_at == first.fetched_at


LEAK = """
import base64, os
from urllib.parse import quote
secret = os.environ["API_KEY"]
print(secret, flush=True)
raise RuntimeError(f"{secret} {quote(secret, safe='')} {base64.b64encode(secret.encode()).decode()} {secret!r}")
"""


async def with_a_secret(scene: Any, secret: str) -> None:
    await scene.set_environment(
        variables=[
            {"name": "DATABASE_URL", "value": "{{url:psycopg}}"},
            {"name": "API_KEY", "value": secret, "secret": True},
        ]
    )


async def test_a_revision_that_raises_with_a_secret_in_its_words_leaves_none_with_the_project(scene: Any) -> None:
    secret = "fetch/canary 'quoted' 77"
    await with_a_secret(scene, secret)
    # The id is computed, so that Alembic itself must be asked and runs the file.
    scene.commit({"aaa1": LEAK + revision("aaa1", None, "pass").replace("revision = 'aaa1'", "revision = 'a' * 4")})
    project = await scene.fetch()
    assert project.fetch_state == "failed"
    said = str(project.fetch_error)
    assert "RuntimeError" in said or "•••" in said, said
    assert "canary" not in said
    assert base64.b64encode(secret.encode()).decode()[4:20] not in said


async def test_a_secret_in_a_computed_history_is_in_no_row(scene: Any) -> None:
    await with_a_secret(scene, "history-canary-77")
    told = 'import os\n__doc__ = "says " + os.environ["API_KEY"]\n'
    computed = two_tables()["bbb2"].replace("revision = 'bbb2'", told + "revision = 'b' * 3 + '2'")
    scene.commit({"aaa1": two_tables()["aaa1"], "bbb2": computed})
    project = await scene.fetch()
    assert project.fetch_state == "idle", project.fetch_error
    found = graph_of(await commit_of(scene)).revisions["bbb2"]
    assert "says •••" in f"{found.message} {found.doc}"
    assert "canary" not in str(found)
