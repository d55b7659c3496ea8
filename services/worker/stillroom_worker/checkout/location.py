"""Where a fetch goes: the one grammar of core judges what was typed, in the words of this room."""

from __future__ import annotations

from stillroom_core.errors import Invalid
from stillroom_core.projects.git_address import GitUrl, check_git_ref, parse_git_url
from stillroom_worker.checkout.failure import CheckoutFailed
from stillroom_worker.checkout.repository import Repository


def locate(repository: Repository) -> GitUrl:
    """The parts of the repository's address, once its ref is good too.

    Raises CheckoutFailed(bad_url | unknown_ref), and not_found_or_private for a folder that is not there.
    """
    try:
        url = parse_git_url(repository.url, allow_local=repository.allow_local)
    except Invalid as refused:
        raise CheckoutFailed("bad_url", refused.title, refused.detail, refused.fix) from None
    try:
        check_git_ref(repository.ref)
    except Invalid as refused:
        raise CheckoutFailed("unknown_ref", refused.title, refused.detail, refused.fix) from None
    if url.folder is not None and not url.folder.is_dir():
        raise CheckoutFailed(
            "not_found_or_private",
            "The folder is not there",
            f"{url.folder} is not a folder that the worker can see.",
            "Check the path; in a container, mount the folder.",
        )
    return url
