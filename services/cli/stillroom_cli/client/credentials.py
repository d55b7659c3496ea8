"""Where sign-ins are kept between commands: one private file, or the memory of one process.

The refresh token changes with every use, and a server ends the whole sign-in when a used one comes back.
So whoever refreshes holds the lock, reads what another command may just have written, and replaces the
file in one step.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from stillroom_cli.client.failures import Failure, Misused

try:
    import fcntl
except ImportError:  # Windows: commands that refresh in the same instant may have to sign in again
    fcntl = None  # type: ignore[assignment]

_MARGIN_SECONDS = 20.0


@dataclass(frozen=True)
class SignIn:
    """One sign-in. `expires_at` is when the access token ends, in Unix seconds."""

    email: str
    refresh_token: str = field(repr=False)
    access_token: str = field(repr=False)
    expires_at: float

    @property
    def renewable(self) -> bool:
        """Whether there is something to exchange for a new one: an API token is what it is."""
        return bool(self.refresh_token)

    def fresh(self) -> bool:
        """Whether the access token will still be believed when it arrives."""
        return time.time() < self.expires_at - _MARGIN_SECONDS


class Keeper(Protocol):
    """Keeps sign-ins by server."""

    def read(self, url: str) -> SignIn | None:
        """The sign-in at a server, if there is one."""
        ...

    def write(self, url: str, sign_in: SignIn) -> None:
        """Keeps it, and makes this server the current one."""

    def forget(self, url: str) -> None:
        """Drops it."""

    def lock(self) -> AbstractContextManager[None]:
        """Holds off every other process that wants to change what is kept."""
        ...


class InMemory:
    """For one process that signs in by itself, such as a demonstration or a test."""

    def __init__(self) -> None:
        self._kept: dict[str, SignIn] = {}

    def read(self, url: str) -> SignIn | None:
        """The sign-in at a server, if there is one."""
        return self._kept.get(url)

    def write(self, url: str, sign_in: SignIn) -> None:
        """Keeps it until the process ends."""
        self._kept[url] = sign_in

    def forget(self, url: str) -> None:
        """Drops it."""
        self._kept.pop(url, None)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Nobody else can reach this memory."""
        yield


class GivenToken:
    """An API token from the environment, for CI: nothing is kept, and nothing is renewed."""

    def __init__(self, token: str) -> None:
        self._sign_in = SignIn("", "", token, float("inf"))

    def read(self, url: str) -> SignIn | None:
        """The token, at whichever server."""
        return self._sign_in

    def write(self, url: str, sign_in: SignIn) -> None:
        """A sign-in beside a token would leave open which of the two counts."""
        raise _beside_a_token()

    def forget(self, url: str) -> None:
        """Likewise."""
        raise _beside_a_token()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """There is nothing that could change."""
        yield


def _beside_a_token() -> Misused:
    return Misused(
        "STILLROOM_TOKEN is set, so commands act through that API token.", fix="Unset it to sign in as a person."
    )


class CredentialFile:
    """$XDG_CONFIG_HOME/stillroom/credentials.json, readable by its owner only."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or _default_path()

    def current_url(self) -> str | None:
        """The server of the last sign-in."""
        current = self._load().get("current")
        return current if isinstance(current, str) else None

    def read(self, url: str) -> SignIn | None:
        """The sign-in at a server, if there is one."""
        entry = self._load().get("servers", {}).get(url)
        try:
            return SignIn(**entry) if entry else None
        except TypeError:
            return None  # written by another version: signing in again repairs it

    def write(self, url: str, sign_in: SignIn) -> None:
        """Keeps it, and makes this server the current one."""
        content = self._load()
        content.setdefault("servers", {})[url] = asdict(sign_in)
        content["current"] = url
        self._replace(content)

    def forget(self, url: str) -> None:
        """Drops it; another server that is left becomes the current one."""
        content = self._load()
        servers = content.get("servers", {})
        servers.pop(url, None)
        if content.get("current") == url:
            content["current"] = next(iter(servers), None)
        self._replace(content)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds off every other command of this user until the block ends."""
        self._make_folder()
        descriptor = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _load(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        except OSError as cause:
            raise Failure(f"{self.path} cannot be read.", detail=str(cause.strerror)) from None
        return content if isinstance(content, dict) else {}

    def _replace(self, content: dict[str, Any]) -> None:
        self._make_folder()
        # mkstemp makes the file private from its first byte.
        descriptor, name = tempfile.mkstemp(prefix=".credentials-", dir=self.path.parent)
        unfinished = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            raise

    def _make_folder(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as cause:
            raise Failure(
                f"{self.path.parent} cannot be made.",
                detail=str(cause.strerror),
                fix="Give a folder that may be written with XDG_CONFIG_HOME.",
            ) from None


def _default_path() -> Path:
    given = os.environ.get("XDG_CONFIG_HOME")
    # The specification says that a relative path is to be ignored.
    base = Path(given) if given and Path(given).is_absolute() else Path.home() / ".config"
    return base / "stillroom" / "credentials.json"
