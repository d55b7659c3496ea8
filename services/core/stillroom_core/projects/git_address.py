"""Which git URLs and refs are accepted at all, before anything tries to reach them.

Everything that git would read as an option, a transport helper or a local path is refused by a positive
grammar: a list of dangerous forms would always lack one.
"""

import re
from urllib.parse import urlsplit

from stillroom_core.errors import Invalid

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_SCP = re.compile(rf"^(?P<user>[A-Za-z0-9_][A-Za-z0-9_.-]*)@(?P<host>{_HOST}):(?P<path>[A-Za-z0-9_~.][^\s:]*)$")
_HOSTNAME = re.compile(rf"^{_HOST}$")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
# git check-ref-format, narrowed to one ref or one commit id
_REF = re.compile(r"^[A-Za-z0-9_](?:[A-Za-z0-9_./#@+-]*[A-Za-z0-9_#+-])?$")


def check_git_url(url: str, *, allow_local: bool) -> None:
    """Raises Invalid with the cause and the fix unless the URL is https, ssh or (in development) local."""
    if _CONTROL.search(url) or url.startswith("-") or "::" in url:
        raise _bad("The git URL has characters or a form that git would not read as an address.")
    if url.startswith(("/", "file://")):
        if not allow_local:
            raise _bad("Local folders and file:// URLs are not reachable from this installation.")
        return
    if _SCP.match(url):
        return
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _bad("The port in the git URL is not a number.") from None
    if parts.scheme not in ("https", "ssh"):
        raise _bad("A git URL begins with https:// or ssh://, or looks like git@host:path.")
    if parts.password is not None or (parts.scheme == "https" and parts.username):
        raise _bad(
            "The git URL contains a user name or password.",
            fix="Remove it from the URL and store it as the project's credential.",
        )
    if not parts.hostname or not _HOSTNAME.match(parts.hostname) or parts.path in ("", "/"):
        raise _bad("The git URL names no host or no repository.")
    if parts.username and not re.match(r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", parts.username):
        raise _bad("The user name in the git URL is not accepted.")
    if parts.query or parts.fragment or (port is not None and not 0 < port < 65536):
        raise _bad("The git URL has a query, a fragment or an impossible port.")


def check_git_ref(ref: str) -> None:
    """Raises Invalid unless `ref` is one branch, tag or commit id."""
    if not _REF.match(ref) or ".." in ref or "//" in ref or "@{" in ref or ref.endswith(".lock") or len(ref) > 255:
        raise Invalid(
            "bad_ref",
            "This is not the name of a branch, a tag or a commit.",
            fix="Use a name such as main, release/2.0, v1.4.2 or a commit id.",
            fields={"git_ref": "not a branch, tag or commit id"},
        )


def _bad(detail: str, fix: str = "Copy the address that your git host offers for cloning.") -> Invalid:
    return Invalid("bad_git_url", "This git URL cannot be used.", detail=detail, fix=fix, fields={"git_url": detail})
