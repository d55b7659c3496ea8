"""One thing that is told of a revision."""

from dataclasses import dataclass

from stillroom_core.findings.rules import RULES, Code, Rule


@dataclass(frozen=True, slots=True)
class Finding:
    """`table` is the one that it is about, `name` the part or object; each empty where there is none. Lines from 1.

    A table whose name is computed is the expression, like `Order.__tablename__`, or `…`.
    """

    code: Code
    schema: str = ""
    table: str = ""
    name: str = ""
    line: int | None = None

    @property
    def rule(self) -> Rule:
        """What the rule says."""
        return RULES[self.code]
