"""What of a commit reaches the disk (G05, G09)."""

import asyncio
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from stillroom_worker.checkout import CheckoutFailed, ExportLimits, Repository, export, fetch


@pytest.fixture
def fetched(mirror: Path):
    """Fetch a source's main branch and give its sha."""

    async def bring(source) -> str:
        commit = await fetch(Repository(url=source.url, ref="main", allow_local=True), mirror)
        return commit.sha

    return bring


async def test_files_are_there_read_only_and_executable_where_they_were(
    source, mirror: Path, fetched, tmp_path: Path
) -> None:
    source.commit({"run.sh": "#!/bin/sh\n", "a/b/c/d.txt": "deep", "empty.txt": ""})
    source.git("update-index", "--chmod=+x", "run.sh")
    source.record("executable")
    out = tmp_path / "exports" / "one"
    done = export(mirror, await fetched(source), out)
    assert done.files == 6
    assert done.dropped == ()
    assert (out / "a/b/c/d.txt").read_text() == "deep"
    assert (out / "empty.txt").read_bytes() == b""
    assert stat.S_IMODE((out / "run.sh").stat().st_mode) == 0o555
    assert stat.S_IMODE((out / "alembic.ini").stat().st_mode) == 0o444
    assert not (out / ".git").exists()


async def test_links_and_submodules_are_left_out_and_named(source, mirror: Path, fetched, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary")
    (source.path / "versions" / "evil.py").symlink_to(secret)
    (source.path / "docs").symlink_to("versions")
    source.git("add", "-A")
    source.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/sub")
    source.record("links")
    out = tmp_path / "out"
    done = export(mirror, await fetched(source), out)
    assert {(d.path, d.reason) for d in done.dropped} == {
        ("versions/evil.py", "symlink"),
        ("docs", "symlink"),
        ("vendor/sub", "submodule"),
    }
    assert not any(path.is_symlink() for path in out.rglob("*"))
    assert not (out / "vendor").exists()


@pytest.mark.parametrize("name", [b".git", b".GIT", b"..", b".", b"git~1", b".g\xe2\x80\x8cit"])
async def test_trees_with_names_that_git_must_not_write_are_refused_or_inert(
    new_source, mirror: Path, fetched, tmp_path: Path, name: bytes
) -> None:
    source = new_source("hostile", bare=True)
    blob = source.blob(b"x")
    inner = source.git("mktree", "-z", stdin=f"100644 blob {blob}\tconfig".encode() + b"\0")
    source.commit_tree([("040000", "tree", inner, name), ("100644", "blob", blob, b"fine.txt")])
    with pytest.raises(CheckoutFailed) as refused:
        export(mirror, await fetched(source), tmp_path / "out")
    assert refused.value.code == "git_failed"
    assert not (tmp_path / "config").exists()
    assert list(tmp_path.glob("out*")) == []


async def test_names_that_act_on_a_screen_are_left_out_and_spelled_out(
    new_source, mirror: Path, fetched, tmp_path: Path
) -> None:
    source = new_source("hostile", bare=True)
    blob = source.blob(b"x")
    names = [b"bell\x07.py", b"esc\x1b[31m.py", b"fine.py", b"line\nbreak.py", b"\xd0\xb6.py", b"\xff.py"]
    source.commit_tree([("100644", "blob", blob, name) for name in sorted(names)])
    done = export(mirror, await fetched(source), tmp_path / "out")
    assert {d.path for d in done.dropped} == {"bell\\x07.py", "esc\\x1b[31m.py", "line\\nbreak.py"}
    assert sorted(os.fsencode(path.name) for path in (tmp_path / "out").iterdir()) == [
        b"fine.py",
        b"\xd0\xb6.py",
        b"\xff.py",
    ]


async def test_an_lfs_file_stays_a_pointer_and_is_named(source, mirror: Path, fetched, tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 5\n"
    config = '[lfs]\n\turl = "http://127.0.0.1:9/x"\n'
    source.commit({"big.bin": pointer, ".lfsconfig": config, ".gitattributes": "*.bin filter=lfs\n"})
    done = export(mirror, await fetched(source), tmp_path / "out")
    assert [(d.path, d.reason) for d in done.dropped] == [("big.bin", "lfs")]
    assert (tmp_path / "out" / "big.bin").read_text() == pointer


async def test_a_blob_of_a_gibibyte_is_refused_before_anything_is_written(
    new_source, mirror: Path, fetched, tmp_path: Path
) -> None:
    source = new_source("hostile")
    with (source.path / "zero.bin").open("wb") as file:
        file.truncate(80 * 1024 * 1024)
    source.git("add", "-A")
    source.record("zeros")
    sha = await fetched(source)
    with pytest.raises(CheckoutFailed) as refused:
        export(mirror, sha, tmp_path / "out")
    assert refused.value.code == "too_large"
    assert "zero.bin" in refused.value.detail
    assert list(tmp_path.glob("*out*")) == [tmp_path / "out.lock"]


async def test_a_tree_of_a_hundred_million_files_is_refused_quickly(
    new_source, mirror: Path, fetched, tmp_path: Path
) -> None:
    source = new_source("bomb", bare=True)
    kind, mode, oid = "blob", "100644", source.blob(b"x")
    for _ in range(8):
        lines = b"".join(f"{mode} {kind} {oid}\t{n}".encode() + b"\0" for n in range(10))
        kind, mode, oid = "tree", "040000", source.git("mktree", "-z", stdin=lines)
    source.commit_tree([(mode, kind, oid, b"a")])
    sha = await fetched(source)
    with pytest.raises(CheckoutFailed) as refused:
        export(mirror, sha, tmp_path / "out")
    assert refused.value.code == "too_large"


async def test_the_number_and_the_sum_of_files_are_bounded(source, mirror: Path, fetched, tmp_path: Path) -> None:
    sha = await fetched(source)
    for limits in (ExportLimits(files=2), ExportLimits(total_bytes=20), ExportLimits(entries=1)):
        with pytest.raises(CheckoutFailed) as refused:
            export(mirror, sha, tmp_path / "out", limits=limits)
        assert refused.value.code == "too_large"


async def test_an_export_that_takes_too_long_is_stopped(source, mirror: Path, fetched, tmp_path: Path) -> None:
    sha = await fetched(source)
    with pytest.raises(CheckoutFailed) as refused:
        export(mirror, sha, tmp_path / "out", limits=ExportLimits(time=timedelta(0)))
    assert refused.value.code == "timeout"
    assert not (tmp_path / "out").exists()


async def test_a_second_export_of_the_commit_writes_nothing(source, mirror: Path, fetched, tmp_path: Path) -> None:
    (source.path / "link").symlink_to("alembic.ini")
    source.git("add", "-A")
    source.record("link")
    sha, out = await fetched(source), tmp_path / "out"
    first = export(mirror, sha, out)
    inode = out.stat().st_ino
    assert export(mirror, sha, out) == first
    assert out.stat().st_ino == inode
    assert first.dropped


async def test_an_export_without_its_note_is_made_again(source, mirror: Path, fetched, tmp_path: Path) -> None:
    sha, out = await fetched(source), tmp_path / "out"
    out.mkdir()
    (out / "half").write_text("a killed worker left this")
    export(mirror, sha, out)
    assert sorted(path.name for path in out.iterdir()) == ["alembic.ini", "versions"]


async def test_six_exports_to_one_place_at_once_give_one_whole_folder(
    source, mirror: Path, fetched, tmp_path: Path
) -> None:
    sha, out = await fetched(source), tmp_path / "out"
    barrier = threading.Barrier(6)

    def together() -> int:
        barrier.wait()
        return export(mirror, sha, out).files

    with ThreadPoolExecutor(6) as pool:
        counts = await asyncio.gather(*(asyncio.wrap_future(pool.submit(together)) for _ in range(6)))
    assert set(counts) == {3}
    assert len(list(out.rglob("*.py"))) == 2


def test_a_commit_that_was_never_fetched_is_said_to_be_missing(mirror: Path, tmp_path: Path) -> None:
    mirror.mkdir(parents=True)
    with pytest.raises(CheckoutFailed) as failed:
        export(mirror, "a" * 40, tmp_path / "out")
    assert failed.value.code == "git_failed"


@pytest.mark.parametrize("sha", ["main", "--output=x", "a" * 39, "A" * 40, "../" + "a" * 37])
def test_only_a_full_sha_is_exported(mirror: Path, tmp_path: Path, sha: str) -> None:
    with pytest.raises(CheckoutFailed):
        export(mirror, sha, tmp_path / "out")
