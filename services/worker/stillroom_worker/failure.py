"""The one error that ends a job early, with the four texts that people see."""

from typing import Protocol


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
        """The same words from a room's own error."""
        return cls(described.code, described.title, described.detail, described.fix)

    def as_dict(self) -> dict[str, str]:
        """The stored form."""
        return {"code": self.code, "title": self.title, "detail": self.detail, "fix": self.fix}
