"""One thing that is told of a revision."""

from dataclasses import dataclass

from stillroom_core.findings.rules import RULES, Code, Rule


@dataclass(frozen=True, slots=True)
class Finding:
    """`table` is the one that it is about, `name` the part or object; each empty where none is known. Lines from 1."""

    code: Code
    schema: str = ""
    table: str = ""
    name: str = ""
    line: int | None = None

    @property
    def rule(self) -> Rule:
        """What the rule says."""
        return RULES[self.code]
