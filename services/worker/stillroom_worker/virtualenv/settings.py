"""The project's settings that become words of a command: judged before they do."""

from __future__ import annotations

import re

from packaging.requirements import InvalidRequirement, Requirement

from stillroom_worker.virtualenv.failure import VirtualenvFailed
from stillroom_worker.virtualenv.model import Requirements

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_PLACES = ("https://", "git+https://")


def check(requirements: Requirements) -> None:
    """Refuse names and packages that a tool could read as options or as paths of the worker.

    Raises VirtualenvFailed(resolution_failed).
    """
    for name in (*requirements.groups, *requirements.extras):
        if not _NAME.fullmatch(name):
            raise _refused(name, "A group or an extra is a plain name.")
    for text in requirements.extra_packages:
        try:
            wish = Requirement(text)
        except InvalidRequirement as error:
            raise _refused(text, str(error).splitlines()[0]) from None
        if wish.url and not wish.url.startswith(_PLACES):
            raise _refused(text, "A package comes from the index or from an https address.")


def _refused(text: str, why: str) -> VirtualenvFailed:
    return VirtualenvFailed(
        "resolution_failed",
        "A setting of the project is not accepted",
        f"{text[:200]!r}: {why}",
        "Write packages as `name`, `name==1.2` or `name[extra]>=1`.",
    )
