"""The grammar of a repository's address: what may reach git at all.

Git reads some addresses as commands (`ext::`, `--upload-pack=`) and some hosts as options for ssh
(`-oProxyCommand=`). So an address is taken apart here, every part has an alphabet, and git is given the
address put together again from those parts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from stillroom_worker.checkout.failure import CheckoutFailed

Scheme = Literal["https", "ssh", "file"]

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])"
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
_PATH = r"[A-Za-z0-9_.~+%@/-]+"
_HTTPS = re.compile(rf"https://(?:(?P<user>[^@/]*)@)?(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?/(?P<path>{_PATH})")
_SSH = re.compile(rf"ssh://(?:(?P<user>[^@/]*)@)?(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?/(?P<path>{_PATH})")
_SCP = re.compile(rf"(?P<user>{_USER})@(?P<host>{_HOST}):(?P<path>{_PATH})")

_LONGEST = 2048
_FIX = "Write https://host/path.git, ssh://git@host/path.git or git@host:path.git."


@dataclass(frozen=True, kw_only=True)
class Location:
    """A checked address, in parts. `host` has no brackets; `folder` is set for local addresses only."""

    scheme: Scheme
    git_url: str
    host: str = ""
    port: int = 0
    user: str | None = None
    folder: Path | None = None
    committed_only: bool = True


def _refuse(detail: str, fix: str = _FIX) -> CheckoutFailed:
    return CheckoutFailed("bad_url", "The repository's address is not accepted", detail, fix)


def parse_url(url: str, *, allow_local: bool = False) -> Location:
    """Take a repository's address apart.

    Accepts https, ssh and the short ssh form; local folders and file:// only with `allow_local`.
    Raises CheckoutFailed(bad_url). Nothing is resolved or contacted here.
    """
    if not url or len(url) > _LONGEST:
        raise _refuse("An address has between 1 and 2048 characters.")
    if any(ord(character) <= 0x20 or ord(character) >= 0x7F for character in url):
        if url.startswith(("/", "file://")) and allow_local:
            return _local(url)
        raise _refuse("An address has no spaces, control characters or letters outside ASCII.")
    if url.startswith(("/", "file://")):
        if not allow_local:
            raise _refuse("Folders of the server are not a place to fetch from.")
        return _local(url)
    if match := _HTTPS.fullmatch(url):
        return _https(match)
    if match := _SSH.fullmatch(url):
        return _ssh(match)
    if match := _SCP.fullmatch(url):
        _check_path(match["path"])
        return Location(scheme="ssh", git_url=url, host=match["host"].strip("[]"), port=22, user=match["user"])
    if url.startswith("http://"):
        raise _refuse("Plain http would send the code, and any password, readable for everybody on the way.")
    raise _refuse("The address is neither https, nor ssh, nor git@host:path.")


def _https(match: re.Match[str]) -> Location:
    if match["user"] is not None:
        raise _refuse(
            "The address holds a user or a password.",
            "Take it out of the address and store it as the project's credential.",
        )
    _check_path(match["path"])
    port = _port(match["port"], 443)
    place = match["host"] if port == 443 else f"{match['host']}:{port}"
    return Location(
        scheme="https", git_url=f"https://{place}/{match['path']}", host=match["host"].strip("[]"), port=port
    )


def _ssh(match: re.Match[str]) -> Location:
    user = match["user"] if match["user"] is not None else "git"
    if ":" in user:
        raise _refuse("The address holds a password.", "Take it out of the address and store a deploy key instead.")
    if not re.fullmatch(_USER, user):
        raise _refuse("The user in the address is not a plain name.")
    _check_path(match["path"])
    port = _port(match["port"], 22)
    place = match["host"] if port == 22 else f"{match['host']}:{port}"
    return Location(
        scheme="ssh",
        git_url=f"ssh://{user}@{place}/{match['path']}",
        host=match["host"].strip("[]"),
        port=port,
        user=user,
    )


def _local(url: str) -> Location:
    committed_only = url.startswith("file://")
    text = unquote(url.removeprefix("file://")) if committed_only else url
    if not text.startswith("/") or "\0" in text or "\n" in text:
        raise _refuse("A local address is an absolute path.")
    folder = Path(text)
    if not folder.is_dir():
        raise CheckoutFailed(
            "not_found_or_private",
            "The folder is not there",
            f"{text} is not a folder that the worker can see.",
            "Check the path; in a container, mount the folder.",
        )
    return Location(scheme="file", git_url=f"file://{folder}", folder=folder, committed_only=committed_only)


def _check_path(path: str) -> None:
    parts = path.removesuffix("/").split("/")
    if path.startswith("-") or any(part in ("", ".", "..") or part.startswith("-") for part in parts):
        raise _refuse("The path has an empty part, a dot part or a part that starts with a dash.")
    if "%" in path and not re.fullmatch(r"(?:[^%]|%(?!7[Ff])[2-9A-Fa-f][0-9A-Fa-f])*", path):
        raise _refuse("The path has an escape that stands for a control character.")


def _port(text: str | None, default: int) -> int:
    if text is None:
        return default
    port = int(text)
    if not 1 <= port <= 65535:
        raise _refuse("The port is not between 1 and 65535.")
    return port
