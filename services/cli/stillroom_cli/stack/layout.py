"""Which folder holds what: the sources, and everything that a start makes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from stillroom_cli.embedded import CannotStart


@dataclass(frozen=True)
class Layout:
    """`root` is the checkout; `home` (.stillroom/) is all that `make reset` forgets."""

    root: Path
    home: Path

    @property
    def settings(self) -> Path:
        return self.home / "settings.env"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def data(self) -> Path:
        """The worker's mirrors, checkouts and virtualenvs."""
        return self.home / "data"

    @property
    def postgres(self) -> Path:
        return self.home / "postgres"

    @property
    def valkey(self) -> Path:
        return self.home / "valkey"

    @property
    def sample(self) -> Path:
        return self.home / "sample"

    @property
    def state(self) -> Path:
        return self.home / "launcher.json"

    @property
    def lock(self) -> Path:
        return self.home / "launcher.lock"

    @property
    def web(self) -> Path:
        return self.root / "web"

    def make(self) -> None:
        """Makes the folders that a start needs."""
        # Others may pass through but not look around: PostgreSQL runs as nobody where we are root.
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o711)
        for folder in (self.logs, self.data):
            folder.mkdir(exist_ok=True)


def find_layout() -> Layout:
    """The checkout that this command was installed from, or the one in STILLROOM_ROOT or here."""
    candidates = [Path(__file__).resolve().parents[4], Path.cwd()]
    if given := os.environ.get("STILLROOM_ROOT"):
        candidates.insert(0, Path(given).resolve())
    for root in candidates:
        if (root / "migrations" / "alembic.ini").is_file():
            home = os.environ.get("STILLROOM_HOME")
            return Layout(root, Path(home).resolve() if home else root / ".stillroom")
    raise CannotStart("the stack starts from a checkout of Stillroom: run this inside one, or give STILLROOM_ROOT")
