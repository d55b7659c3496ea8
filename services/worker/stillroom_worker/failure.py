"""The one error that ends a job early, with the four texts that people see."""

from typing import Any, Protocol

from stillroom_core.masking import masked


class Described(Protocol):
    """Any error of a room: each room has its own class with these texts."""

    @property
    def code(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def fix(self) -> str: ...


class JobFailed(Exception):
    """A job cannot go on; nothing about it is unexpected."""

    def __init__(self, code: str, title: str, detail: str = "", fix: str = "") -> None:
        super().__init__(f"{title} {detail}".strip())
        self.code = code
        self.title = title
        self.detail = detail
        self.fix = fix

    @classmethod
    def of(cls, described: Described) -> "JobFailed":
        """The same words from a room's own error; a JobFailed is given back as it is."""
        if isinstance(described, cls):
            return described
        return cls(described.code, described.title, described.detail, described.fix)

    def as_dict(self) -> dict[str, Any]:
        """The stored form: whoever's words they are, no secret of the present work is in them."""
        found: dict[str, Any] = masked({"code": self.code, "title": self.title, "detail": self.detail, "fix": self.fix})
        return found
