"""What the checkout room is asked for, and what it answers with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Credential:
    """What opens a private repository: a user and password (https) or a deploy key with known hosts (ssh)."""

    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    ssh_private_key: str | None = field(default=None, repr=False)
    known_hosts: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Repository:
    """An address and a ref, as a member typed them."""

    url: str
    ref: str
    credential: Credential | None = None
    allow_local: bool = False


@dataclass(frozen=True, kw_only=True)
class FetchedCommit:
    """The commit that a ref stood for when it was fetched. Jobs run its sha, never the ref."""

    sha: str
    ref: str
    author_name: str
    author_email: str
    authored_at: datetime
    subject: str


@dataclass(frozen=True, kw_only=True)
class FileCommit:
    """The commit that first brought a file into the history."""

    sha: str
    author_name: str
    author_email: str
    authored_at: datetime


DropReason = Literal["symlink", "submodule", "name", "lfs"]


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A path of the commit that is not in the export as the repository has it.

    For `lfs` the small pointer file is there and the content is not; the other kinds are absent.
    """

    path: str
    reason: DropReason


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What an export wrote, and what it left out."""

    sha: str
    files: int
    bytes: int
    dropped: tuple[Dropped, ...]
