"""`make release`: from a clean commit whose version the changelog knows, into dist/ alone."""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from releases.before import recorded

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import release  # noqa: E402

VERSION = release.version_of()


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last commit with what is not committed on top, as one more commit, and a section for this version."""
    if subprocess.run(["git", "-C", str(ROOT), "rev-parse"], capture_output=True, check=False).returncode != 0:
        pytest.skip(f"{ROOT} is no clone of a git repository")
    root = tmp_path_factory.mktemp("release") / "clone"
    subprocess.run(["git", "clone", "--quiet", "--shared", str(ROOT), str(root)], check=True)
    changed = subprocess.run(
        ["git", "ls-files", "--modified", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, changed.split("\0")):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    (root / ".git" / "info" / "exclude").write_text("/web/dist-away\n")
    (root / "web" / "dist").mkdir()
    (root / "web" / "dist" / "index.html").write_text("<!doctype html><title>Stillroom</title>")
    commit(root, "The present state")
    changelog = (root / "CHANGELOG.md").read_text()
    title = f"## Unreleased\n\n## {VERSION} - 2026-11-26\n"
    (root / "CHANGELOG.md").write_text(changelog.replace("## Unreleased\n", title, 1))
    commit(root, "A release")
    return root


def commit(root: Path, words: str) -> None:
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-C", str(root)]
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", words], check=True)


def test_every_place_that_names_the_version_says_what_pyproject_says() -> None:
    assert {path: found for path, found in release.versions().items() if found != {VERSION}} == {}


def test_a_new_version_is_written_wherever_one_stands_and_nowhere_else(clone: Path) -> None:
    try:
        release.write_version("9.8.7rc1", clone)
        assert release.version_of(clone) == "9.8.7rc1"
        assert set.union(*release.versions(clone).values()) == {"9.8.7rc1"}
        moved = subprocess.run(
            ["git", "-C", str(clone), "diff", "--numstat"], capture_output=True, text=True, check=True
        ).stdout
        lines = {row.split("\t")[2]: row.split("\t")[0] for row in moved.splitlines()}
        assert lines.pop("uv.lock") == "6" and lines.pop("web/package-lock.json") == "2"
        assert lines.pop("deploy/helm/stillroom/Chart.yaml") == "2"
        assert set(lines.values()) == {"1"} and len(lines) == 7
    finally:
        subprocess.run(["git", "-C", str(clone), "checkout", "--quiet", "."], check=True)


@pytest.mark.parametrize("text", ["1.0", "v1.0.0", "1.0.0-beta", "1.0.0; rm", ""])
def test_what_is_no_version_is_refused_and_changes_nothing(clone: Path, text: str) -> None:
    with pytest.raises(release.Refused, match="is no version"):
        release.write_version(text, clone)
    assert release.version_of(clone) == VERSION


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda root: (root / "README.md").write_text("changed"), "not everything is committed.*\n.*README.md"),
        (lambda root: (root / "left.txt").write_text("left"), "not everything is committed.*\n.*left.txt"),
    ],
    ids=["changed", "left"],
)
def test_a_tree_with_something_uncommitted_is_refused_by_name(
    clone: Path, change: Callable[[Path], Any], reason: str
) -> None:
    try:
        change(clone)
        with pytest.raises(release.Refused, match=reason):
            release.build(clone)
    finally:
        subprocess.run(["git", "-C", str(clone), "checkout", "--quiet", "."], check=True)
        (clone / "left.txt").unlink(missing_ok=True)


def test_places_that_differ_and_a_version_without_a_section_are_refused(clone: Path) -> None:
    head = subprocess.run(
        ["git", "-C", str(clone), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    try:
        path = clone / "web" / "package.json"
        path.write_text(path.read_text().replace(f'"version": "{VERSION}"', '"version": "0.0.9"'))
        commit(clone, "One place differs")
        with pytest.raises(release.Refused, match=r"web/package.json says 0\.0\.9"):
            release.build(clone)
        release.write_version("7.0.0", clone)
        commit(clone, "A version that nobody has told of")
        with pytest.raises(release.Refused, match=r"says nothing of 7\.0\.0.*## 7\.0\.0 - YYYY-MM-DD"):
            release.build(clone)
    finally:
        subprocess.run(["git", "-C", str(clone), "reset", "--quiet", "--hard", head], check=True)


def test_a_release_is_begun_by_its_version_everywhere_and_its_title_over_what_was_unreleased(clone: Path) -> None:
    changelog = clone / "CHANGELOG.md"
    told = f"# Changelog\n\n## Unreleased\n\n- New.\n\n## {VERSION} - 2026-01-02\n\n- Old.\n"
    try:
        changelog.write_text(told)
        release.begin("9.8.7", date(2027, 3, 4), clone)
        assert release.version_of(clone) == "9.8.7"
        assert set.union(*release.versions(clone).values()) == {"9.8.7"}
        new = told.replace("## Unreleased\n", "## Unreleased\n\n## 9.8.7 - 2027-03-04\n")
        assert changelog.read_text() == new
        assert release.notes_of("9.8.7", clone) == "# Stillroom 9.8.7 - 2027-03-04\n\n- New.\n"
        for version, reason in (("9.8.7", "has a section for 9.8.7 already"), ("9.9.0", "nothing under 'Unreleased'")):
            with pytest.raises(release.Refused, match=reason):
                release.begin(version, date(2027, 3, 5), clone)
        assert (release.version_of(clone), changelog.read_text()) == ("9.8.7", new)
    finally:
        subprocess.run(["git", "-C", str(clone), "checkout", "--quiet", "."], check=True)


def test_the_present_state_can_be_rehearsed_and_is_no_release(clone: Path) -> None:
    checkout = ["git", "-C", str(clone), "checkout", "--quiet"]
    (clone / "dist").mkdir(exist_ok=True)
    (clone / "dist" / "of-a-release.txt").write_text("stays")
    try:
        subprocess.run([*checkout, "--detach", "HEAD~1"], check=True)
        out = release.build(clone, rehearse=True)
        assert out == clone / "dist" / "rehearsal"
        assert {f"stillroom-{VERSION}.tgz", "SHA256SUMS", "NOTES.md"} <= {path.name for path in out.iterdir()}
        assert (clone / "dist" / "of-a-release.txt").exists()
        released = f"\n## {VERSION} - " in (clone / "CHANGELOG.md").read_text()
        assert (
            (out / "NOTES.md").read_text().startswith(f"# Stillroom {VERSION}{' - ' if released else ', not released'}")
        )
    finally:
        subprocess.run([*checkout, "-"], check=True)
        shutil.rmtree(clone / "dist")


def test_a_release_is_whole_the_same_again_and_leaves_the_tree_as_it_was(clone: Path) -> None:
    out = release.build(clone)
    first = (out / "SHA256SUMS").read_text()
    assert {line.split()[1] for line in first.splitlines()} == {p.name for p in out.iterdir()} - {"SHA256SUMS"}
    for line in first.splitlines():
        told, name = line.split()
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == told
    packages = ("api", "cli", "core", "runner", "worker")
    wheels = {f"stillroom_{name}-{VERSION}-py3-none-any.whl" for name in packages}
    assert {path.name for path in out.glob("*.whl")} == wheels
    with zipfile.ZipFile(out / f"stillroom_core-{VERSION}-py3-none-any.whl") as wheel:
        assert "stillroom_core/settings.py" in wheel.namelist()
    with tarfile.open(out / f"stillroom-web-{VERSION}.tar.gz") as web:
        assert web.getnames() == ["web/index.html"]
        assert {member.uname for member in web.getmembers()} == {""}
    with tarfile.open(out / f"stillroom-{VERSION}.tgz") as chart:
        assert {"stillroom/Chart.yaml", "stillroom/values.yaml"} <= set(chart.getnames())
    with tarfile.open(out / f"stillroom-{VERSION}-sources.tar.gz") as sources:
        assert f"stillroom-{VERSION}/pyproject.toml" in sources.getnames()
    for name in ("api", "worker", "web"):
        bill = json.loads((out / f"stillroom-{name}-{VERSION}.cdx.json").read_text())
        assert bill["bomFormat"] == "CycloneDX" and bill["components"]
    notes = (out / "NOTES.md").read_text()
    assert notes.startswith(f"# Stillroom {VERSION} - 2026-11-26\n") and "Passkeys" in notes
    assert release.refuse_unless_ready(clone) == VERSION  # nothing that git knows has changed

    # Made once more: what we pack ourselves is the same to the byte, and no old file stays.
    (out / "from-before.txt").write_text("old")
    again = (release.build(clone) / "SHA256SUMS").read_text()
    assert [line for line in first.splitlines() if "cdx" not in line] == [
        line for line in again.splitlines() if "cdx" not in line
    ]
    assert not (out / "from-before.txt").exists()


def test_the_chart_of_a_release_can_be_rendered(clone: Path) -> None:
    helm = pytest.importorskip("helm_python", reason="helm-python-sdk is missing: `make setup-charts`")
    packed = clone / "dist" / f"stillroom-{VERSION}.tgz"
    if not packed.exists():
        release.build(clone)
    with helm.Chart.load(str(packed)) as chart:
        files = chart.render({}, name="ours", namespace="ours", is_install=True, is_upgrade=False)
    assert any("kind: Deployment" in text for text in files.values())


def test_what_is_built_is_left_as_it_was_when_something_fails(clone: Path) -> None:
    (clone / "dist").mkdir(exist_ok=True)
    (clone / "dist" / "kept.txt").write_text("of the release before")
    (clone / "web" / "dist").rename(clone / "web" / "dist-away")
    try:
        with pytest.raises(release.Refused, match="make web"):
            release.build(clone)
        assert (clone / "dist" / "kept.txt").exists()
    finally:
        (clone / "web" / "dist-away").rename(clone / "web" / "dist")


def test_the_newest_tag_before_this_commit_is_the_release_that_is_recorded() -> None:
    git = ["git", "-C", str(ROOT)]
    told = subprocess.run(
        [*git, "tag", "--list", "v*", "--merged", "HEAD", "--no-contains", "HEAD", "--sort=-creatordate"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    if told:
        newest = subprocess.run([*git, "rev-list", "-n1", told[0]], capture_output=True, text=True, check=True)
        assert newest.stdout.strip().startswith(recorded()["commit"]), (
            f"{told[0]} is out: write its commit and its schema into migrations/released.toml"
        )
