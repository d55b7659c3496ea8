"""From git's own words to an error that a member can act on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stillroom_core.masking import Redactor, masked
from stillroom_worker.checkout.failure import CheckoutFailed, Code
from stillroom_worker.checkout.repository import Credential

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_USERINFO = re.compile(r"(?<=://)[^/@\s'\"]+(?=@)")
_SERVER_PATHS = re.compile(r"/(?:tmp|dev/shm)/stillroom-git-[^\s'\":]*")
_NOISE = ("warning: ", "hint: ", "lazy fetching disabled")
_MOST_LINES = 12


@dataclass(frozen=True)
class _Meaning:
    pattern: re.Pattern[str]
    code: Code
    title: str
    fix: str


def _means(pattern: str, code: Code, title: str, fix: str) -> _Meaning:
    return _Meaning(re.compile(pattern, re.IGNORECASE), code, title, fix)


# The first that matches wins: what names a cause stands above what only says that it went wrong.
_MEANINGS = (
    _means(
        r"stale info|\[rejected\]|non-fast-forward|fetch first|cannot lock ref",
        "branch_taken",
        "The branch is there already, or has moved",
        "Choose another name for the branch; for one that exists, fetch the project and write the revision again.",
    ),
    _means(
        r"permission to .* denied|not allowed to push|protected branch|hook declined|read.?only|write access"
        r"|remote rejected|deny updating|insufficient permission|you are not allowed|access denied.*push",
        "push_refused",
        "The server did not take the branch",
        "Store a credential that may push: a token with write access to the code, or a deploy key that is allowed to.",
    ),
    _means(
        r"host key verification failed|remote host identification has changed|no .* host key is known",
        "host_key",
        "The server's ssh key is not the stored one",
        "Ask the server's owner whether its key changed; then store the new known_hosts line.",
    ),
    _means(
        r"permission denied \(|error in libcrypto|invalid format|load key .*:"
        r"|too many authentication failures",
        "auth_refused",
        "The server refused the deploy key",
        "Store the whole private key, without a passphrase, and add its public half to the repository.",
    ),
    _means(
        r"authentication failed|http basic: access denied|returned error: (401|403)"
        r"|invalid username or (password|token)",
        "auth_refused",
        "The server refused the credential",
        "Store a credential that may read this repository; tokens expire.",
    ),
    _means(
        r"could not read (username|password)|terminal prompts disabled|repository .*not found"
        r"|returned error: 404|does not appear to be a git repository"
        r"|project you were looking for could not be found|not found: did you",
        "not_found_or_private",
        "The repository is not there, or it is private",
        "Check the address; for a private repository store a credential that may read it.",
    ),
    _means(
        r"could not resolve host",
        "not_found_or_private",
        "The host is not known",
        "Check the spelling of the address.",
    ),
    _means(
        r"couldn't find remote ref|not our ref|remote ref does not exist|no such remote ref"
        r"|unadvertised object",
        "unknown_ref",
        "The repository has no such branch, tag or commit",
        "Check the ref; a commit must have been pushed.",
    ),
    _means(
        r"returned error: 30\d|unable to update url base from redirection",
        "bad_url",
        "The server redirects to another address",
        "Store the address that the server redirects to (often the same with .git at its end).",
    ),
    _means(
        r"certificate|ssl|tls|gnutls",
        "tls",
        "The server's certificate was not accepted",
        "Use an address with a valid certificate; a private authority is added by the operator.",
    ),
    _means(
        r"file too large|signal 25|out of memory|signal 24|cannot allocate|mmap failed|memory exhausted",
        "too_large",
        "The repository is too large",
        "Ask the operator for higher limits, or move the migrations to a smaller repository.",
    ),
    _means(
        # All that is said when the program that stores a pack is ended at its limit without a word.
        r"\Afatal: fetch-pack: invalid index-pack output\Z",
        "too_large",
        "The repository is too large",
        "Ask the operator for higher limits, or move the migrations to a smaller repository.",
    ),
    _means(
        r"operation too slow|timed out|timeout",
        "timeout",
        "The server did not answer in time",
        "Try again; check that the server is up.",
    ),
)


def clean(words: str, credential: Credential | None = None) -> str:
    """Make a program's words fit to show: no control characters, no secrets, no paths of ours, few lines."""
    words = masked(Redactor(_secrets(credential))(words))
    words = _SERVER_PATHS.sub("<private>", _USERINFO.sub("***", _CONTROL.sub("", words)))
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_NOISE)] or lines
    return "\n".join(line[:500] for line in telling[-_MOST_LINES:])


def _secrets(credential: Credential | None) -> list[str]:
    if credential is None:
        return []
    return [secret for secret in (credential.password, credential.ssh_private_key) if secret]


def explain(words: str, code: int, credential: Credential | None = None) -> CheckoutFailed:
    """Turn the last words of a git that failed into the error to raise."""
    text = clean(words, credential)
    for meaning in _MEANINGS:
        if meaning.pattern.search(text):
            return CheckoutFailed(meaning.code, meaning.title, text, meaning.fix)
    if code in (-24, -25):
        return CheckoutFailed("too_large", "The repository is too large", text or "A limit was reached.")
    return CheckoutFailed(
        "git_failed",
        "git could not fetch the repository",
        text or f"git ended with code {code}.",
        "Read git's words; try the same address and ref with git on your own machine.",
    )
