"""Who added each revision file."""

from pathlib import Path

from stillroom_worker.checkout import Repository, fetch, file_history


async def bring(source, mirror: Path) -> str:
    commit = await fetch(Repository(url=source.url, ref="main", allow_local=True), mirror)
    return commit.sha


async def test_each_file_has_the_author_who_added_it_not_who_changed_it(source, mirror: Path) -> None:
    first, second = source.git("rev-parse", "main~1"), source.git("rev-parse", "main")
    source.commit({"versions/0001_first.py": "revision = '0001'  # touched\n"}, author="Tidy <t@x.test>")
    sha = await bring(source, mirror)
    found = file_history(mirror, sha, ["versions/0001_first.py", "versions/0002_second.py", "nope.py"])
    assert {path: (c.sha, c.author_name) for path, c in found.items()} == {
        "versions/0001_first.py": (first, "Ada"),
        "versions/0002_second.py": (second, "Grace Hopper"),
    }
    assert found["versions/0002_second.py"].authored_at.isoformat() == "2023-11-14T22:15:20+00:00"


async def test_moving_a_folder_twice_does_not_change_who_added_its_files(source, mirror: Path) -> None:
    first = source.git("rev-parse", "main~1")
    for old, new in (("versions", "backend/versions"), ("backend", "services")):
        (source.path / new).parent.mkdir(parents=True, exist_ok=True)
        source.git("mv", old, new)
        source.commit({}, "move", author="Mover <m@x.test>")
    found = file_history(mirror, await bring(source, mirror), ["services/versions/0001_first.py"])
    assert found["services/versions/0001_first.py"].sha == first


async def test_a_file_from_a_merged_branch_has_its_own_author(source, mirror: Path) -> None:
    source.git("checkout", "-q", "-b", "side", "main~1")
    sha = source.commit({"versions/0003_side.py": "x"}, author="Side <s@x.test>")
    source.git("checkout", "-q", "main")
    source.git("-c", "user.name=M", "-c", "user.email=m@x.test", "merge", "-q", "--no-ff", "-m", "merge", "side")
    found = file_history(mirror, await bring(source, mirror), ["versions/0003_side.py"])
    assert (found["versions/0003_side.py"].sha, found["versions/0003_side.py"].author_name) == (sha, "Side")


async def test_names_that_look_like_patterns_or_options_are_taken_literally(source, mirror: Path) -> None:
    sha = source.commit({"versions/*.py": "x", "versions/--all": "y", "versions/имя.py": "z"})
    tip = await bring(source, mirror)
    found = file_history(mirror, tip, ["versions/*.py", "versions/--all", "versions/имя.py", ":(glob)**", "-x", ""])
    assert {path: commit.sha for path, commit in found.items()} == {
        "versions/*.py": sha,
        "versions/--all": sha,
        "versions/имя.py": sha,
    }


async def test_a_shallow_mirror_leaves_out_what_it_cannot_know(new_source, source, mirror: Path) -> None:
    sha = source.commit({"versions/0003_third.py": "x"})
    shallow = new_source("shallow", bare=True)
    shallow.git("fetch", "-q", "--depth=2", source.url, "+main:main")
    tip = await bring(shallow, mirror)
    found = file_history(mirror, tip, ["versions/0001_first.py", "versions/0003_third.py"])
    assert {path: commit.sha for path, commit in found.items()} == {"versions/0003_third.py": sha}


async def test_a_thousand_files_are_told_by_one_walk(source, mirror: Path) -> None:
    sha = source.commit({f"versions/{n:04}.py": f"revision = {n}" for n in range(1000)})
    paths = [f"versions/{n:04}.py" for n in range(1000)]
    found = file_history(mirror, await bring(source, mirror), paths)
    assert len(found) == 1000
    assert {commit.sha for commit in found.values()} == {sha}


def test_a_mirror_that_is_not_there_gives_nothing(mirror: Path) -> None:
    assert file_history(mirror, "a" * 40, ["x"]) == {}
