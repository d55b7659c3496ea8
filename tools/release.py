"""Makes what a release consists of, in dist/, and pushes nothing: `make release`.

    python tools/release.py begin 0.2.0      # the version wherever one stands, and its title in the changelog
    python tools/release.py build            # everything, for the version that pyproject.toml says
    python tools/release.py build --rehearse # the same of what is not released yet, in dist/rehearsal/
    python tools/release.py version 0.2.0    # only the version
    python tools/release.py sbom             # only what the images contain, in sbom/

The version has one place, pyproject.toml; the packages, the web and the chart repeat it, and a test compares them.
Built from a commit, never from a working tree: what is not committed is refused. Files that are made again from the
same commit are the same. Standard library only.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = ROOT / ".venv" / "bin" / "uv"
CHART = Path("deploy/helm/stillroom")
UNRELEASED = "Unreleased"
_NUMBER = r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?"
_TOML = r'^version = "(.+)"$'
# Every other place that names the version, and what stands around it there.
_PLACES = (
    *(
        (f"services/{name}/pyproject.toml", r'^version = "(.+)"$')
        for name in ("api", "cli", "core", "runner", "worker")
    ),
    ("web/package.json", r'^  "version": "(.+)",$'),
    ("web/package-lock.json", r'^ {2}(?: {4})?"version": "(.+)",$'),
    (str(CHART / "Chart.yaml"), r'^(?:version: |appVersion: ")([^"\n]+)"?$'),
)


_IMAGES = {"api": ("stillroom-api",), "worker": ("stillroom-worker", "stillroom-cli")}


class Refused(Exception):
    """Why there is no release, and what to do."""


def version_of(root: Path = ROOT) -> str:
    """The version of these sources."""
    return str(tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"])


def versions(root: Path = ROOT) -> dict[str, set[str]]:
    """What each other place says; of package-lock.json only its head, which is about us."""
    return {path: set(_found(root, path, pattern)) for path, pattern in _PLACES}


def _found(root: Path, path: str, pattern: str) -> list[str]:
    return re.findall(pattern, _head(path, (root / path).read_text())[0], re.MULTILINE)


def _head(path: str, text: str) -> tuple[str, str]:
    """What is about us, and the rest: the other packages of a lock."""
    cut = text.index('"node_modules/') if path.endswith("package-lock.json") else len(text)
    return text[:cut], text[cut:]


def write_version(new: str, root: Path = ROOT) -> None:
    """Writes a version wherever one stands, and into uv.lock; raises Refused for what is none."""
    if not re.fullmatch(_NUMBER, new):
        raise Refused(f"{new!r} is no version: three numbers, perhaps with a1, b1 or rc1 (0.2.0, 0.2.0rc1)")
    for path, pattern in (("pyproject.toml", _TOML), *_PLACES):
        head, rest = _head(path, (root / path).read_text())
        head = re.sub(pattern, lambda found: found[0].replace(found[1], new), head, flags=re.MULTILINE)
        (root / path).write_text(head + rest)
    lock = (root / "uv.lock").read_text()
    ours = r'(name = "stillroom(?:-\w+)?"\nversion = ")[^"]+'
    (root / "uv.lock").write_text(re.sub(ours, rf"\g<1>{new}", lock))


def begin(new: str, day: date, root: Path = ROOT) -> None:
    """Writes a version wherever one stands, and makes what is unreleased its section; raises Refused otherwise."""
    path = root / "CHANGELOG.md"
    if _section(new, root) is not None:
        raise Refused(f"CHANGELOG.md has a section for {new} already: take the next version, or remove its title")
    if not (_section(UNRELEASED, root) or ("", ""))[1]:
        raise Refused(f"CHANGELOG.md says nothing under '{UNRELEASED}': say what changes for people, then begin")
    write_version(new, root)
    title = f"## {UNRELEASED}\n\n## {new} - {day.isoformat()}\n"
    path.write_text(re.sub(rf"^## \[?{UNRELEASED}\]?[^\n]*\n", title, path.read_text(), count=1, flags=re.MULTILINE))


def notes_of(version: str, root: Path = ROOT, *, rehearse: bool = False) -> str:
    """What CHANGELOG.md says of a version, to rehearse what it says is unreleased; raises Refused for nothing."""
    title, words = _section(version, root) or ("", "")
    if rehearse and not words:
        title, words = f"{version}, not released", (_section(UNRELEASED, root) or ("", ""))[1]
    if words:
        return f"# Stillroom {title}\n\n{words}\n"
    raise Refused(
        f"CHANGELOG.md says nothing of {version}: `make release-begin VERSION={version}` gives what stands under "
        f"'{UNRELEASED}' the title '## {version} - YYYY-MM-DD', with an empty '{UNRELEASED}' above it; "
        "`make release REHEARSE=1` makes everything without"
    )


def _section(name: str, root: Path) -> tuple[str, str] | None:
    """The title and the words of a section; None where there is none."""
    for section in re.split(r"^## ", (root / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[1:]:
        title, _, words = section.partition("\n")
        if re.match(rf"\[?{re.escape(name)}\]?(?:\s|$)", title):
            return title.strip(), words.strip()
    return None


def refuse_unless_ready(root: Path = ROOT, *, rehearse: bool = False) -> str:
    """The version, where a release can be made of this tree; raises Refused with the reason otherwise."""
    dirty = _out(root, "git", "status", "--porcelain")
    if dirty:
        shown = "\n  ".join(dirty.splitlines()[:10])
        raise Refused(f"not everything is committed; commit it, or put it away (git stash -u):\n  {shown}")
    version = version_of(root)
    other = {path: found for path, found in versions(root).items() if found != {version}}
    if other:
        told = ", ".join(f"{path} says {' and '.join(sorted(found)) or 'nothing'}" for path, found in other.items())
        raise Refused(f"pyproject.toml says {version}, but {told}: python tools/release.py version {version}")
    notes_of(version, root, rehearse=rehearse)
    return version


def build(root: Path = ROOT, *, rehearse: bool = False) -> Path:
    """Makes dist/ anew, or to rehearse dist/rehearsal/; what was there stays until all of it is made."""
    version = refuse_unless_ready(root, rehearse=rehearse)
    commit = _out(root, "git", "rev-parse", "HEAD")
    moment = int(_out(root, "git", "show", "--no-patch", "--format=%ct", "HEAD"))
    with tempfile.TemporaryDirectory(prefix="stillroom-release-") as name:
        made = Path(name)
        steps: tuple[tuple[str, Callable[[], None]], ...] = (
            ("wheels", lambda: _wheels(root, made, moment)),
            ("web", lambda: _pack(made / f"stillroom-web-{version}.tar.gz", root / "web/dist", "web", moment)),
            ("chart", lambda: _pack(made / f"stillroom-{version}.tgz", root / CHART, "stillroom", moment)),
            ("sources", lambda: _sources(root, made, version, moment)),
            ("SBOM", lambda: _sboms(root, made, version)),
        )
        for what, step in steps:
            print(f"  {what}", flush=True)
            step()
        (made / "NOTES.md").write_text(notes_of(version, root, rehearse=rehearse) + f"\nCommit {commit}\n")
        sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in sorted(made.iterdir())]
        (made / "SHA256SUMS").write_text("\n".join(sums) + "\n")
        refuse_unless_ready(root, rehearse=rehearse)  # building has changed nothing that git knows
        out = root / "dist" / "rehearsal" if rehearse else root / "dist"
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(made, out)
    return out


def _wheels(root: Path, out: Path, moment: int) -> None:
    argv = [str(UV), "build", "--quiet", "--wheel", "--all-packages", "--out-dir", str(out)]
    _run(root, *argv, SOURCE_DATE_EPOCH=str(moment))
    (out / ".gitignore").unlink(missing_ok=True)  # uv leaves one in every folder that it builds into


def _sources(root: Path, out: Path, version: str, moment: int) -> None:
    """git gives a tar; compressed here, because git's own gzip may differ from one machine to the next."""
    tar = subprocess.run(
        ["git", "archive", f"--prefix=stillroom-{version}/", "HEAD"], cwd=root, check=True, stdout=subprocess.PIPE
    ).stdout
    (out / f"stillroom-{version}-sources.tar.gz").write_bytes(gzip.compress(tar, mtime=moment))


def write_sboms(out: Path, root: Path = ROOT) -> list[Path]:
    """What the images have of Python and npm, as CycloneDX: api, worker (with the command) and web."""
    out.mkdir(exist_ok=True)
    made = []
    for name, packages in _IMAGES.items():
        made.append(out / f"{name}.cdx.json")
        wanted = [word for package in packages for word in ("--package", package)]
        export = ("export", "--quiet", "--frozen", "--no-dev", "--format", "cyclonedx1.5", *wanted)
        made[-1].write_text(_run(root, str(UV), *export))
    made.append(out / "web.cdx.json")
    made[-1].write_text(
        _run(root / "web", "npm", "sbom", "--package-lock-only", "--sbom-format", "cyclonedx", "--omit", "dev")
    )
    return made


def _sboms(root: Path, out: Path, version: str) -> None:
    with tempfile.TemporaryDirectory(prefix="stillroom-sbom-") as folder:
        for path in write_sboms(Path(folder), root):
            shutil.copy(path, out / f"stillroom-{path.name.partition('.')[0]}-{version}.cdx.json")


def _pack(to: Path, folder: Path, name: str, moment: int) -> None:
    """An archive of a folder that is the same whoever makes it, when and where."""
    if not folder.is_dir():
        raise Refused(f"{folder} is not there: make web")

    def owned_by_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mtime = moment
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        return member

    with (
        to.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=moment) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in sorted(_files(folder)):
            archive.add(path, f"{name}/{path.relative_to(folder)}", recursive=False, filter=owned_by_nobody)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _out(root: Path, *argv: str) -> str:
    return subprocess.run(argv, cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def _run(folder: Path, *argv: str, **more: str) -> str:
    done = subprocess.run(argv, cwd=folder, check=False, env={**os.environ, **more}, capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(f"{Path(argv[0]).name} {argv[1]} failed:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


def main() -> int:
    """Exit status 0 when it was done, 1 with the reason otherwise."""
    parser = argparse.ArgumentParser(prog="tools/release.py", description=__doc__.splitlines()[0])
    what = parser.add_subparsers(dest="what", required=True)
    what.add_parser("begin", help="write a version, and its title into the changelog").add_argument("new")
    making = what.add_parser("build", help="make dist/")
    making.add_argument("--rehearse", action="store_true", help="of what is not released yet, in dist/rehearsal/")
    what.add_parser("version", help="write a version wherever one stands").add_argument("new")
    what.add_parser("sbom", help="write sbom/")
    given = parser.parse_args()
    try:
        if given.what in ("begin", "version"):
            if given.what == "begin":
                begin(given.new, datetime.now(UTC).date())
            else:
                write_version(given.new)
            print(f"stillroom: {given.new}; docs/generate.py and `npm run client` follow it (make docs)")
            return 0
        if given.what == "sbom":
            write_sboms(ROOT / "sbom")
            return 0
        out = build(rehearse=given.rehearse)
    except Refused as refusal:
        print(f"stillroom: no release: {refusal}", file=sys.stderr)
        return 1
    for path in sorted(out.iterdir()):
        print(f"  {path.stat().st_size:>10,}  {path.relative_to(ROOT)}")
    if given.rehearse:
        print(f"stillroom: {version_of()}, rehearsed, is in dist/rehearsal/. This is no release.")
        return 0
    print(f"stillroom: {version_of()} is in dist/. Nothing was pushed; docs/releasing.md says what comes next.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
