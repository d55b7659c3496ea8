"""Fetching from real repositories: refs, history, mirrors that are shared."""

import asyncio
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stillroom_worker.checkout import CheckoutFailed, FetchLimits, Repository, export, fetch, file_history


def local(source, ref: str) -> Repository:
    return Repository(url=source.url, ref=ref, allow_local=True)


async def test_a_branch_gives_its_commit_with_author_date_and_subject(source, mirror: Path) -> None:
    commit = await fetch(local(source, "main"), mirror)
    assert commit.sha == source.git("rev-parse", "main")
    assert (commit.author_name, commit.author_email) == ("Grace Hopper", "grace@x.test")
    assert commit.subject == "second"
    assert commit.authored_at == datetime.fromtimestamp(1_700_000_120, tz=UTC)
    assert commit.ref == "main"


async def test_tags_full_names_and_shas_of_any_length_are_understood(source, mirror: Path) -> None:
    first, second = source.git("rev-parse", "main~1"), source.git("rev-parse", "main")
    who = ("-c", "user.name=T", "-c", "user.email=t@x.test")
    source.git(*who, "tag", "-a", "v1", "-m", "one", first)
    source.git("tag", "light", second)
    expected = {
        "v1": first,
        "light": second,
        "refs/tags/v1": first,
        "refs/heads/main": second,
        "HEAD": second,
    }
    expected |= {first: first, first[:9]: first, second[:7].upper(): second}
    for ref, sha in expected.items():
        assert (await fetch(local(source, ref), mirror)).sha == sha


async def test_a_shortened_sha_is_found_in_a_fresh_mirror_and_on_a_side_branch(source, mirror: Path) -> None:
    source.git("checkout", "-q", "-b", "side")
    sha = source.commit({"x.txt": "x"})
    source.git("checkout", "-q", "main")
    assert (await fetch(local(source, sha[:8]), mirror)).sha == sha


async def test_a_branch_goes_before_a_tag_of_the_same_name(source, mirror: Path) -> None:
    source.git("tag", "both", "main~1")
    source.git("branch", "both", "main")
    assert (await fetch(local(source, "both"), mirror)).sha == source.git("rev-parse", "main")


@pytest.mark.parametrize("ref", ["nope", "deadbeef", "f" * 40, "refs/heads/nope"])
async def test_a_ref_that_is_not_there_is_named_unknown(source, mirror: Path, ref: str) -> None:
    with pytest.raises(CheckoutFailed) as failed:
        await fetch(local(source, ref), mirror)
    assert failed.value.code == "unknown_ref"
    assert failed.value.fix


async def test_a_branch_may_become_a_folder_of_branches(source, mirror: Path) -> None:
    source.git("branch", "topic")
    await fetch(local(source, "topic"), mirror)
    source.git("branch", "-D", "topic")
    source.git("branch", "topic/one")
    assert (await fetch(local(source, "topic/one"), mirror)).sha == source.git("rev-parse", "main")


async def test_a_commit_that_was_fetched_stays_when_its_branch_is_rewritten(
    source, mirror: Path, tmp_path: Path
) -> None:
    old = await fetch(local(source, "main"), mirror)
    source.git("checkout", "-q", "--orphan", "fresh")
    source.commit({"only.txt": "new world"})
    source.git("branch", "-M", "fresh", "main")
    new = await fetch(local(source, "main"), mirror)
    assert new.sha != old.sha
    export(mirror, old.sha, tmp_path / "old")
    assert (tmp_path / "old" / "versions" / "0002_second.py").read_text() == "revision = '0002'\n"


async def test_only_the_contents_of_fetched_commits_come_where_the_server_can_filter(
    source, mirror: Path, tmp_path: Path
) -> None:
    source.commit({"data.bin": "old content"})
    source.commit({"data.bin": "new content"})
    commit = await fetch(local(source, "main"), mirror)
    old = source.git("rev-parse", "main~1:data.bin")
    known = subprocess.run(
        ["git", f"--git-dir={mirror}", "cat-file", "--batch-all-objects", "--batch-check=%(objectname)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert old not in known
    export(mirror, commit.sha, tmp_path / "out")
    assert (tmp_path / "out" / "data.bin").read_text() == "new content"


async def test_contents_that_an_older_commit_had_come_when_a_branch_goes_back_to_them(
    source, mirror: Path, tmp_path: Path
) -> None:
    source.commit({"data.bin": "old content"})
    source.commit({"data.bin": "new content"})
    await fetch(local(source, "main"), mirror)
    source.commit({"data.bin": "old content"})
    commit = await fetch(local(source, "main"), mirror)
    export(mirror, commit.sha, tmp_path / "out")
    assert (tmp_path / "out" / "data.bin").read_text() == "old content"


async def test_a_server_that_cannot_filter_sends_everything_and_that_is_fine(
    source, mirror: Path, tmp_path: Path
) -> None:
    source.git("config", "uploadpack.allowFilter", "false")
    commit = await fetch(local(source, "main"), mirror)
    assert export(mirror, commit.sha, tmp_path / "out").files == 3


async def test_the_mirror_holds_no_address(source, mirror: Path) -> None:
    await fetch(local(source, "main"), mirror)
    assert str(source.path) not in (mirror / "config").read_text()
    assert not (mirror / "FETCH_HEAD").exists()
    assert not (mirror / "hooks").exists()


async def test_eight_fetches_of_one_mirror_at_once_all_succeed(source, mirror: Path) -> None:
    for number in range(4):
        source.git("branch", f"b{number}")
    found = await asyncio.gather(*(fetch(local(source, f"b{n % 4}"), mirror) for n in range(8)))
    assert {commit.sha for commit in found} == {source.git("rev-parse", "main")}


async def test_what_a_killed_fetch_left_in_the_mirror_does_not_stop_the_next(source, mirror: Path) -> None:
    await fetch(local(source, "main"), mirror)
    left = [mirror / "shallow.lock", mirror / "packed-refs.lock", mirror / "refs/stillroom/fetched.lock"]
    left.append(mirror / "objects/pack/tmp_pack_x")
    for path in left:
        path.write_text("")
    source.commit({"later.txt": "x"})
    await fetch(local(source, "main"), mirror)
    assert not any(path.exists() for path in left)


async def test_a_repository_whose_history_is_too_large_is_fetched_without_it(
    source, mirror: Path, tmp_path: Path
) -> None:
    source.git("config", "uploadpack.allowFilter", "false")
    source.commit({"big.bin": "".join(f"{n * 7919 % 99991:x}" for n in range(400_000))})
    (source.path / "big.bin").unlink()
    source.commit({"versions/0003_third.py": "revision = '0003'\n"})
    commit = await fetch(local(source, "main"), mirror, limits=FetchLimits(file_bytes=200_000))
    assert (mirror / "shallow").exists()
    assert export(mirror, commit.sha, tmp_path / "out").files == 4
    assert file_history(mirror, commit.sha, ["versions/0001_first.py"]) == {}


async def test_a_commit_that_is_too_large_even_alone_is_refused(source, mirror: Path) -> None:
    source.commit({"big.bin": "".join(f"{n * 7919 % 99991:x}" for n in range(400_000))})
    with pytest.raises(CheckoutFailed) as failed:
        await fetch(local(source, "main"), mirror, limits=FetchLimits(file_bytes=200_000))
    assert failed.value.code == "too_large"


async def test_a_busy_mirror_is_waited_for_only_so_long(source, mirror: Path) -> None:
    from stillroom_worker.checkout.mirror import locked

    async with locked(mirror, timedelta(seconds=5)):
        with pytest.raises(CheckoutFailed) as failed:
            await fetch(local(source, "main"), mirror, limits=FetchLimits(time=timedelta(seconds=0.3)))
    assert failed.value.code == "timeout"


async def test_local_addresses_need_leave(source, mirror: Path) -> None:
    for url in (source.url, str(source.path)):
        with pytest.raises(CheckoutFailed) as failed:
            await fetch(Repository(url=url, ref="main"), mirror)
        assert failed.value.code == "bad_url"


async def test_hostile_names_in_a_commit_become_one_plain_line(source, mirror: Path) -> None:
    env = {"GIT_AUTHOR_NAME": "Eve \x1b[31m", "GIT_AUTHOR_EMAIL": "e@x", "GIT_COMMITTER_NAME": "c"}
    env |= {"GIT_COMMITTER_EMAIL": "c@x"}
    tree = source.git("rev-parse", "main^{tree}")
    sha = source.git("commit-tree", tree, "-m", "sub\x1b]0;x\x07ject", env=env)
    source.git("update-ref", "refs/heads/main", sha)
    commit = await fetch(local(source, "main"), mirror)
    assert commit.author_name.isprintable()
    assert commit.subject.isprintable()
