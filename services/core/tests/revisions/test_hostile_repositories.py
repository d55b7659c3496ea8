"""Repositories that mean harm: bounded time, nothing raised, nothing read outside the export."""

import os
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from stillroom_core.errors import NotFound
from stillroom_core.revisions.reader import read_graph, read_revision
from stillroom_core.revisions.source import Source

Text = Callable[..., str]
INI = "[alembic]\nscript_location = m\n"
START = "revision = 'bad'\ndown_revision = None\n"

NASTY = {
    "a hundred thousand brackets": START + "x = " + "(" * 100_000 + ")" * 100_000 + "  # revision",
    "brackets in the id": "revision = " + "[" * 100_000 + "]" * 100_000,
    "brackets that never close": "revision = " + "(" * 50_000,
    "braces that do not parse": START + "revision = " + "{" * 80 + "1 1" + "}" * 80,
    "unary operators": START + "revision = " + "-" * 200_000 + "1",
    "binary operators": START + "revision = " + "+".join(["'a'"] * 50_000),
    "attributes": START + "revision = a" + ".b" * 100_000,
    "calls": START + "revision = a" + "()" * 100_000,
    "lambdas": START + "revision = " + "lambda:" * 30_000 + "1",
    "conditionals": START + "revision = " + "a if b else " * 20_000 + "c",
    "branches": START + "if a: pass\n" + "elif revision: pass\n" * 12_000,
    "indentation": START + "\n".join(" " * n + "if revision:" for n in range(500)),
    "an id that doubles": START + "a = 'x'\n" + "a = a + a\n" * 200 + "revision = a",
    "quotes": '"""' + '"x' * 100_000,
    "opened docstrings": "'''" * 80_001,
    "comments": "#\n" * 120_000 + START,
    "imports": "import revision\n" * 15_000 + START,
    "one import": "from x import (" + "a, " * 60_000 + ")\n" + START,
    "an endless import": "from x import (" + "# a\n" * 60_000,
    "sequences": "down_revision = ('a', " * 10_000,
    "parents": "revision = 'bad'\ndown_revision = (" + "'a', " * 30_000 + ")",
    "null bytes": START.encode() + b"\0" * 1000,
    "no utf-8": START.encode() + b"# \xff\xfe revision \xff\n",
    "utf-16": ("\ufeff" + START).encode("utf-16"),
    "another encoding": b"# coding: punycode\n" + START.encode() + b"x" * 200_000,
    "rot13": b"# coding: rot13\n" + START.encode(),
    "an unknown encoding": b"# coding: klingon\n" + START.encode(),
    "ten megabytes": START + "x = 1\n" * 1_800_000,
    "ten megabytes without an end": "revision = '" + "x" * 10_000_000,
}


@pytest.fixture
def project(write: Any, revision_text: Text) -> Path:
    root: Path = write({"alembic.ini": INI, "m/env.py": "", "m/versions/good.py": revision_text("good")})
    return root


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_file_costs_little_and_hides_no_other(project: Path, write: Any, read: Any, name: str) -> None:
    content = NASTY[name]
    write({"m/versions/nasty.py": content})
    begun = time.process_time()  # our own work, however busy the machine is
    reading = read()
    shown = read_revision(project, "m/versions/nasty.py")
    assert time.process_time() - begun < 5
    assert "good" in reading.graph
    assert len(shown.source) <= 256 * 1024
    reading.graph.to_json_bytes()


def test_a_file_that_is_too_large_is_read_as_far_as_its_beginning(project: Path, write: Any, read: Any) -> None:
    write({"m/versions/nasty.py": NASTY["ten megabytes"]})
    reading = read()
    assert [(note.code, note.path) for note in reading.notes] == [("file_too_large", "m/versions/nasty.py")]
    assert not reading.complete
    assert "bad" in reading.graph
    assert read_revision(project, "m/versions/nasty.py").truncated


def test_links_and_pipes_are_not_followed(project: Path, read: Any, tmp_path_factory: Any, revision_text: Text) -> None:
    outside: Path = tmp_path_factory.mktemp("outside")
    (outside / "secret.py").write_text(revision_text("secret"))
    (project / "m/versions/link.py").symlink_to(outside / "secret.py")
    (project / "m/versions/linked").symlink_to(outside)
    (project / "m/versions/up").symlink_to("..")
    os.mkfifo(project / "m/versions/pipe.py")
    (project / "alembic.ini").write_text(INI + "recursive_version_locations = true\n")
    reading = read()
    assert list(reading.graph.revisions) == ["good"]
    assert sorted(note.path for note in reading.notes) == ["m/versions/link.py", "m/versions/pipe.py"]
    with pytest.raises(NotFound):
        read_revision(project, "m/versions/link.py")
    with pytest.raises(NotFound):
        read_revision(project, "../../etc/passwd")
    with pytest.raises(NotFound):
        read_revision(project, "m/versions/pi\0pe.py")


@pytest.mark.parametrize("what", ["m", "m/versions", "alembic.ini"])
def test_a_place_that_is_a_link_to_the_outside_is_refused(
    project: Path, read: Any, tmp_path_factory: Any, revision_text: Text, what: str
) -> None:
    outside: Path = tmp_path_factory.mktemp("outside")
    (outside / "versions").mkdir()
    for folder in (outside, outside / "versions"):
        (folder / "secret.py").write_text(revision_text("secret"))
    (outside / "file").write_text(INI)
    place = project / what
    place.rename(project / "moved")
    place.symlink_to(outside / "file" if what == "alembic.ini" else outside)
    reading = read()
    assert "secret" not in reading.graph
    assert not reading.complete


def test_a_thousand_folders_inside_each_other_are_walked(project: Path, read: Any) -> None:
    (project / "alembic.ini").write_text(INI + "recursive_version_locations = true\n")
    here = Path.cwd()
    try:
        os.chdir(project / "m/versions")
        for _ in range(1500):
            Path("d").mkdir()
            os.chdir("d")
        os.chdir(here)
        assert list(read().graph.revisions) == ["good"]
    finally:
        os.chdir(here)
        # Python's own removal recurses, so pytest could not clear its folders of this one.
        subprocess.run(["rm", "-rf", str(project / "m")], check=True)


def test_reading_stops_at_its_time_limit(project: Path) -> None:
    reading = read_graph(Source(export=project), time_limit=timedelta(seconds=-1))
    assert [note.code for note in reading.notes] == ["time_limit"]
    assert not reading.complete


def test_ten_thousand_files_are_read_in_a_moment(project: Path, read: Any, revision_text: Text) -> None:
    versions = project / "m/versions"
    for number in range(10_000):
        (versions / f"r{number:05d}.py").write_text(
            revision_text(f"r{number:05d}", f"r{number - 1:05d}" if number else None)
        )
    begun = time.process_time()  # our own work, however busy the machine is
    reading = read()
    assert len(reading.graph) == 10_001
    assert reading.complete
    assert reading.graph.order[:2] == ("good", "r09999")
    assert time.process_time() - begun < 5


def test_more_files_than_the_limit_are_left_and_that_is_said(
    project: Path, read: Any, revision_text: Text, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stillroom_core.revisions.reader.FILES", 3)
    for number in range(5):
        (project / f"m/versions/a{number}.py").write_text(revision_text(f"a{number}"))
    reading = read()
    assert reading.files == 3
    assert [note.code for note in reading.notes] == ["too_many_files"]


def test_a_thousand_bad_files_do_not_make_a_thousand_notes(project: Path, read: Any) -> None:
    for number in range(1000):
        (project / f"m/versions/x{number}.py").write_text("no = 'revision'\n")
    reading = read()
    assert len(reading.notes) == 201
    assert reading.notes[-1].code == "more_notes"
