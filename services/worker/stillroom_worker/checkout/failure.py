"""The one error that leaves the checkout room."""

from __future__ import annotations

from typing import Literal

Code = Literal[
    "bad_url",
    "address_refused",
    "not_found_or_private",
    "auth_refused",
    "host_key",
    "unknown_ref",
    "too_large",
    "timeout",
    "tls",
    "push_refused",
    "branch_taken",
    "git_failed",
]


class CheckoutFailed(Exception):
    """Says why a commit could not be had: a code for machines, a title and a detail for people, and a fix.

    `detail` holds git's own words where git spoke, without control characters and without secrets.
    """

    def __init__(self, code: Code, title: str, detail: str = "", fix: str = "") -> None:
        super().__init__(f"{title}: {detail}" if detail else title)
        self.code: Code = code
        self.title = title
        self.detail = detail
        self.fix = fix
