"""A folder of the developer's machine as a project."""

from pathlib import Path
from urllib.parse import quote

import pytest

from stillroom_worker.checkout import FetchedCommit, Repository, export, fetch, file_history


async def bring(folder: Path, mirror: Path, ref: str = "main") -> FetchedCommit:
    return await fetch(Repository(url=str(folder), ref=ref, allow_local=True), mirror)


async def test_a_plain_folder_becomes_a_commit_that_the_same_files_give_again(tmp_path: Path, mirror: Path) -> None:
    folder = tmp_path / "my project"
    (folder / "versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\n")
    (folder / "versions" / "0001.py").write_text("revision = '1'\n")
    (folder / ".venv").mkdir()
    (folder / ".venv" / "big").write_text("x")
    (folder / "link").symlink_to("/etc/passwd")
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "noise.log").write_text("x")
    one, again = await bring(folder, mirror), await bring(folder, mirror, "anything")
    assert one.sha == again.sha
    export(mirror, one.sha, tmp_path / "out")
    files = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert files == [".gitignore", "alembic.ini", "versions/0001.py"]
    (folder / "versions" / "0002.py").write_text("revision = '2'\n")
    two = await bring(folder, mirror)
    assert two.sha != one.sha
    assert export(mirror, one.sha, tmp_path / "old").files == 3
    assert export(mirror, two.sha, tmp_path / "new").files == 4


async def test_changes_that_are_not_committed_count_and_keep_the_history_below(
    source, tmp_path: Path, mirror: Path
) -> None:
    clean = await bring(source.path, mirror)
    assert clean.sha == source.git("rev-parse", "main")
    (source.path / "versions" / "0003_new.py").write_text("revision = '0003'\n")
    (source.path / "versions" / "0002_second.py").unlink()
    dirty = await bring(source.path, mirror)
    assert dirty.sha != clean.sha
    export(mirror, dirty.sha, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out/versions").iterdir()) == ["0001_first.py", "0003_new.py"]
    found = file_history(mirror, dirty.sha, ["versions/0001_first.py", "versions/0003_new.py"])
    assert found["versions/0001_first.py"].author_name == "Ada"
    assert found["versions/0003_new.py"].author_name == "Local folder"


async def test_another_ref_and_a_file_address_mean_what_is_committed(source, mirror: Path) -> None:
    source.git("branch", "release", "main~1")
    (source.path / "alembic.ini").write_text("changed")
    assert (await bring(source.path, mirror, "release")).sha == source.git("rev-parse", "main~1")
    commit = await fetch(Repository(url=source.url, ref="main", allow_local=True), mirror)
    assert commit.sha == source.git("rev-parse", "main")


async def test_a_bare_repository_in_a_folder_is_fetched_from(source, new_source, mirror: Path) -> None:
    bare = new_source("bare.git", bare=True)
    bare.git("fetch", "-q", source.url, "+main:main")
    assert (await bring(bare.path, mirror)).sha == source.git("rev-parse", "main")


@pytest.mark.parametrize("name", ["my project", "100%", "a%20b", "проект", "a#b?c", "-x"])
async def test_a_folder_may_have_any_name(new_source, mirror: Path, name: str) -> None:
    source = new_source(name)
    source.commit({"alembic.ini": "[alembic]\n"})
    source.git("branch", "ветка")
    committed = source.git("rev-parse", "main")
    assert (await bring(source.path, mirror)).sha == committed
    assert (await bring(source.path, mirror, "ветка")).sha == committed
    assert (await fetch(Repository(url=f"file://{quote(str(source.path))}", ref="main", allow_local=True), mirror)).sha
    (source.path / "alembic.ini").write_text("changed")
    dirty = await bring(source.path, mirror)
    assert dirty.sha != committed
    assert list(file_history(mirror, dirty.sha, ["alembic.ini"])) == ["alembic.ini"]


async def test_what_the_folders_configuration_would_start_is_not_started(source, mirror: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    source.git("config", "core.fsmonitor", f"touch {trap}")
    source.git("config", "uploadpack.packObjectsHook", f"touch {trap}")
    (source.path / "new.txt").write_text("x")
    await bring(source.path, mirror)
    assert not trap.exists()
