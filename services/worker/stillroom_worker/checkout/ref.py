"""The grammar of a ref: a branch, a tag, or a commit's sha (full, or its first 7 and more digits)."""

from __future__ import annotations

import re

from stillroom_worker.checkout.failure import CheckoutFailed

_ALPHABET = re.compile(r"\w[\w./+#=@,%-]{0,239}")
_FORBIDDEN = ("..", "//", "@{", "/.", "./")
SHA = re.compile(r"[0-9a-f]{40}")
_ABBREVIATED = re.compile(r"[0-9a-fA-F]{7,40}")


def check_ref(ref: str) -> str:
    """Give the ref back when git cannot read it as anything but a name.

    Narrower than git's own rule (git-check-ref-format): no character that means something in a refspec
    (`:`, `^`, `~`, `*`, a leading `+`), no option, no `..`. Raises CheckoutFailed(unknown_ref).
    """
    bad = (
        not _ALPHABET.fullmatch(ref)
        or any(part in ref for part in _FORBIDDEN)
        or ref.endswith((".", "/", ".lock"))
        or ".lock/" in ref
    )
    if bad:
        raise CheckoutFailed(
            "unknown_ref",
            "The ref is not accepted",
            "A ref is the name of a branch or a tag, or a commit's sha.",
            "Write for example main, v1.4.2 or 3f2c9ab.",
        )
    return ref


def may_be_sha(ref: str) -> bool:
    """Tell whether the ref could also be the (shortened) sha of a commit."""
    return _ABBREVIATED.fullmatch(ref) is not None
