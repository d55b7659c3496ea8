"""What a project's code reads, as it was found without running it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Read:
    """One variable that the code reads. `default` is its text where the code has a literal one."""

    name: str
    path: str
    line: int
    required: bool
    default: str | None = None
    annotation: str = ""


@dataclass
class Reads:
    """All that was found; the nearest to env.py first."""

    variables: list[Read] = field(default_factory=list)
    x_arguments: list[Read] = field(default_factory=list)
    attributes: list[Read] = field(default_factory=list)
    takes_ini_url: bool = False
    is_async: bool = False
    texts: list[str] = field(default_factory=list)
    """Of the files that read something, for whoever looks for a driver's name."""
