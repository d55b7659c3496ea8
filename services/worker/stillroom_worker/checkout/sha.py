"""What a commit's sha looks like (in full, or its first 7 and more digits)."""

from __future__ import annotations

import re

SHA = re.compile(r"[0-9a-f]{40}")
_ABBREVIATED = re.compile(r"[0-9a-fA-F]{7,40}")


def may_be_sha(ref: str) -> bool:
    """Tell whether the ref could also be the (shortened) sha of a commit."""
    return _ABBREVIATED.fullmatch(ref) is not None
