"""The one error that leaves the virtualenv room."""

from __future__ import annotations

from typing import Literal

Code = Literal["no_python", "resolution_failed", "build_failed", "lock_unsupported", "index_unreachable", "timeout"]


class VirtualenvFailed(Exception):
    """Says why a project's packages could not be installed; `detail` holds the tool's own last words."""

    def __init__(self, code: Code, title: str, detail: str = "", fix: str = "") -> None:
        super().__init__(f"{title}: {detail}" if detail else title)
        self.code: Code = code
        self.title = title
        self.detail = detail
        self.fix = fix
