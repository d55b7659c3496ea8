"""Secrets of an installation in containers: made at the first start, kept as files, one folder for each reader.

Nothing here is printed, and nothing is an argument: an argument is seen by every process of the host.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from stillroom_cli.stack.prepare import service_url
from stillroom_cli.stack.settings import ADMINISTRATOR, GENERATED

_MADE = ("STILLROOM_SECRET_KEY", "STILLROOM_SEALING_KEYS")
_EVERYBODY, _OURS = 0o444, 0o400


@dataclass(frozen=True)
class Folders:
    """Where each reader finds its own: `service` is STILLROOM_SECRETS_DIR of api, worker and scheduler."""

    root: Path

    @property
    def service(self) -> Path:
        return self.root / "service"

    @property
    def setup(self) -> Path:
        """What only the first start needs: the administrator's password and those of the server's own users."""
        return self.root / "setup"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"


def folders() -> Folders:
    """Below /run/stillroom, where the volumes are."""
    return Folders(Path(os.environ.get("STILLROOM_RUN", "/run/stillroom")))


def keep_secrets(place: Folders | None = None) -> None:
    """Writes what is missing. What was generated once stays; an address that is given now is taken now."""
    place = place or folders()
    for name in _MADE:
        _once(place.service / name, os.environ.get(name) or GENERATED[name]())
    for name in ("STILLROOM_ADMIN_PASSWORD", "STILLROOM_DATABASE_PASSWORD", "STILLROOM_SERVICE_PASSWORD"):
        _once(place.setup / name, os.environ.get(name) or GENERATED[name]())
    # A server takes its password when its data folder is made; a later one would only lock everybody out.
    root = os.environ.get("POSTGRES_PASSWORD") or GENERATED["STILLROOM_POSTGRES_PASSWORD"]()
    _once(place.setup / "POSTGRES_PASSWORD", root)
    _once(place.postgres / "password", _read(place.setup / "POSTGRES_PASSWORD"), _EVERYBODY)
    _once(place.setup / "VALKEY_PASSWORD", GENERATED["STILLROOM_VALKEY_PASSWORD"]())
    valkey = _read(place.setup / "VALKEY_PASSWORD")
    _once(place.valkey / "valkey.conf", _valkey_conf(valkey), _EVERYBODY)
    own = quote(_read(place.setup / "STILLROOM_DATABASE_PASSWORD"), safe="")
    owner = f"postgresql://stillroom:{own}@postgres:5432/stillroom"
    ours = service_url(owner, _read(place.setup / "STILLROOM_SERVICE_PASSWORD"))
    if elsewhere := os.environ.get("STILLROOM_DATABASE_URL"):
        # What its operator gives: one role for both, or the owner's address beside it.
        owner, ours = os.environ.get("STILLROOM_OWNER_DATABASE_URL") or elsewhere, elsewhere
    _write(place.service / "DATABASE_URL", ours)
    _write(place.setup / "STILLROOM_OWNER_DATABASE_URL", owner)
    _write(place.service / "DATABASE_REPLICA_URL", os.environ.get("STILLROOM_DATABASE_REPLICA_URL", ""))
    _write(place.service / "STILLROOM_SMTP_URL", os.environ.get("STILLROOM_SMTP_URL", ""))
    _write(place.service / "BROKER_URL", os.environ.get("BROKER_URL", ""))
    _write(place.service / "REDIS_URL", os.environ.get("REDIS_URL") or f"redis://:{valkey}@valkey:6379/0")


def show_password() -> None:
    """Prints the first administrator's sign-in, for the person who asks at this terminal."""
    email = os.environ.get("STILLROOM_ADMIN_EMAIL") or ADMINISTRATOR
    print(f"{email}  {_read(folders().setup / 'STILLROOM_ADMIN_PASSWORD')}")


def _valkey_conf(password: str) -> str:
    lines = ("bind * -::*", "dir /data", "appendonly yes", "appendfsync everysec", "maxmemory-policy noeviction")
    return "\n".join((*lines, f"requirepass {password}", ""))


def _once(path: Path, value: str, mode: int = _OURS) -> None:
    if not path.exists():
        _write(path, value, mode)


def _write(path: Path, value: str, mode: int = _OURS) -> None:
    # Beside and renamed: a reader finds a whole secret or none, and nobody a readable one.
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(value)
        file.flush()
        os.fsync(file.fileno())
    unfinished.chmod(mode)
    unfinished.rename(path)


def _read(path: Path) -> str:
    return path.read_text()
