"""Which git addresses and refs are accepted: by the form before they are stored, by the worker before git runs.

Git reads some addresses as commands (`ext::`, `--upload-pack=`) and some hosts as options for ssh
(`-oProxyCommand=`). So an address is taken apart by a positive grammar, and git is given the address put
together again from its parts: a list of dangerous forms would always lack one.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from stillroom_core.errors import Invalid

URL_LIMIT = 2000  # characters
REF_LIMIT = 255

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?P<host>{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])"
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
_PATH = r"(?P<path>[A-Za-z0-9_.~+%@/-]+)"
_URL = re.compile(rf"(?P<scheme>https|ssh)://(?:(?P<user>[^@/]*)@)?{_HOST}(?::(?P<port>[0-9]{{1,5}}))?/{_PATH}")
_SHORT = re.compile(rf"(?P<user>{_USER})@{_HOST}:{_PATH}")
_ESCAPES = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*")
_PORTS = {"https": 443, "ssh": 22}

# What git-check-ref-format(1) refuses; and a leading sign, which means something in an argv or a refspec.
_REF_FORBIDDEN = re.compile(r"^[-+/]|^@$|[ ~^:?*\[\\]|\.\.|@\{|//|(?:^|/)\.|\.lock(?:/|$)|[./]$")


@dataclass(frozen=True, kw_only=True)
class GitUrl:
    """An accepted address, in parts.

    `url` is what git is given; `host` has no brackets. `folder` is set for local addresses only, and
    `committed_only` says that its files count as committed (file://), not as they stand in the folder.
    """

    scheme: Literal["https", "ssh", "file"]
    url: str
    host: str = ""
    port: int = 0
    user: str | None = None
    folder: Path | None = None
    committed_only: bool = True


def parse_git_url(text: str, *, allow_local: bool) -> GitUrl:
    """Takes an address apart: https, ssh, git@host:path and, with `allow_local`, folders and file://.

    Raises Invalid with the cause and the fix. Nothing is resolved, contacted or looked for here.
    """
    if not text or len(text) > URL_LIMIT:
        raise _bad(f"An address has between 1 and {URL_LIMIT} characters.")
    if text.startswith(("/", "file://")):
        return _local(text, allow_local)
    if match := _URL.fullmatch(text):
        return _remote(match)
    if match := _SHORT.fullmatch(text):
        _check_path(match["path"].removeprefix("/"))  # an absolute path is usual here
        return GitUrl(scheme="ssh", url=text, host=_host(match["host"]), port=22, user=match["user"])
    if not text.isascii() or not text.isprintable() or " " in text:
        raise _bad("An address has no spaces, control characters or letters outside ASCII.")
    if text.startswith("http://"):
        raise _bad("Plain http would send the code, and any password, readable for everybody on the way.")
    raise _bad("An address begins with https:// or ssh://, or looks like git@host:path, and has a plain path.")


def check_git_ref(text: str) -> str:
    """The ref, when git can read it as nothing but a branch, a tag or a commit's sha. Raises Invalid."""
    if text and len(text) <= REF_LIMIT and text.isprintable() and not _REF_FORBIDDEN.search(text):
        return text
    raise Invalid(
        "bad_ref",
        "This is not the name of a branch, a tag or a commit.",
        fix="Use a name such as main, release/2.0, v1.4.2 or a commit id.",
        fields={"git_ref": "not a branch, tag or commit id"},
    )


def _remote(match: re.Match[str]) -> GitUrl:
    scheme: Literal["https", "ssh"] = "https" if match["scheme"] == "https" else "ssh"
    user = match["user"]
    if user is not None and (scheme == "https" or ":" in user):
        raise _bad(
            "The address contains a user name or password.",
            fix="Remove it from the address and store it as the project's credential.",
        )
    if scheme == "ssh":
        user = "git" if user is None else user
        if not re.fullmatch(_USER, user):
            raise _bad("The user name in the address is not accepted.")
    _check_path(match["path"])
    port = int(match["port"]) if match["port"] else _PORTS[scheme]
    if not 1 <= port <= 65535:
        raise _bad("The port is not between 1 and 65535.")
    who = f"{user}@" if user else ""
    where = match["host"] if port == _PORTS[scheme] else f"{match['host']}:{port}"
    url = f"{scheme}://{who}{where}/{match['path']}"
    return GitUrl(scheme=scheme, url=url, host=_host(match["host"]), port=port, user=user)


def _local(text: str, allow_local: bool) -> GitUrl:
    if not allow_local:
        raise _bad("Local folders and file:// addresses are not reachable from this installation.")
    committed_only = text.startswith("file://")
    path = unquote(text.removeprefix("file://")) if committed_only else text
    if not path.startswith("/") or not path.isprintable() or ".." in path.split("/"):
        raise _bad("A local address is an absolute path without '..' and without control characters.")
    folder = Path(path)
    # Git takes the escapes of file:// back, so a "%" in a folder's name is escaped as well.
    return GitUrl(scheme="file", url=f"file://{quote(path)}", folder=folder, committed_only=committed_only)


def _host(text: str) -> str:
    host = text.strip("[]")
    if host != text:
        try:
            IPv6Address(host)
        except ValueError:
            raise _bad("The host in brackets is not an IPv6 address.") from None
    return host


def _check_path(path: str) -> None:
    plain = unquote(path)
    parts = plain.removesuffix("/").split("/")
    if any(part in ("", ".", "..") or part.startswith("-") for part in parts):
        raise _bad("The path has an empty part, a dot part or a part that starts with a dash.")
    if not _ESCAPES.fullmatch(path) or not plain.isprintable():
        raise _bad("The path has an escape that stands for no character, or for a control character.")


def _bad(detail: str, fix: str = "Copy the address that your git host offers for cloning.") -> Invalid:
    return Invalid("bad_git_url", "This git URL cannot be used.", detail=detail, fix=fix, fields={"git_url": detail})
