"""What is known on the way through one function: which tables are new, and whether there is a transaction."""

from stillroom_core.findings.finding import Finding
from stillroom_core.findings.rules import Code

# Of one function: a generated file must not make a page of ten thousand lines.
MOST = 200
# What is told of a table whatever is in it.
_ALSO_OF_NEW = frozenset({Code.NEEDS_NO_TRANSACTION, Code.STAYS_IF_IT_FAILS, Code.NOT_READ})
Table = tuple[str, str]


class Scene:
    """Collects the findings of one function, in order."""

    def __init__(self) -> None:
        self.new: set[Table] = set()  # made here, so empty and unknown to everybody else
        # What comes next runs without a transaction: in a block that says so, or after a COMMIT by hand.
        self.in_block = self.by_hand = False
        self.found: list[Finding] = []

    def tell(self, code: Code, table: Table = ("", ""), name: str = "", line: int | None = None) -> None:
        """Notes a finding, unless it is about a table that is new here, or was told of this line already."""
        if table in self.new and code not in _ALSO_OF_NEW:
            return
        finding = Finding(code, table[0], table[1], name, line)
        if len(self.found) < MOST and finding not in self.found:
            self.found.append(finding)

    def without_transaction(self, what: str, line: int | None) -> None:
        """A statement that must not stand in a transaction."""
        if not (self.in_block or self.by_hand):
            self.tell(Code.NEEDS_NO_TRANSACTION, name=what, line=line)
