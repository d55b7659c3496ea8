"""The rules: what is told of a statement, how bad it is, which lock it takes and what it does to the rows.

Locks and rows of PostgreSQL 13 to 18; tests hold them against what PostgreSQL does.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Severity = Literal["danger", "warning", "note"]
Rows = Literal["rewrites", "reads"]
SEVERITIES: tuple[Severity, ...] = ("danger", "warning", "note")

_ALL = "ACCESS EXCLUSIVE"
_WRITERS = "SHARE ROW EXCLUSIVE"


class Code(StrEnum):
    """What a rule is called wherever it is named."""

    COLUMN_REWRITES = "column_rewrites"
    COLUMN_WITHOUT_DEFAULT = "column_without_default"
    TYPE_REWRITES = "type_rewrites"
    NOT_NULL_READS = "not_null_reads"
    CHECK_READS = "check_reads"
    FOREIGN_KEY_READS = "foreign_key_reads"
    UNIQUE_READS = "unique_reads"
    INDEX_BLOCKS_WRITES = "index_blocks_writes"
    INDEX_REBUILT = "index_rebuilt"
    INDEX_DROPPED = "index_dropped"
    PARTITION_READS = "partition_reads"
    NEEDS_NO_TRANSACTION = "needs_no_transaction"
    STAYS_IF_IT_FAILS = "stays_if_it_fails"
    COLUMN_DROPPED = "column_dropped"
    TABLE_DROPPED = "table_dropped"
    TABLE_EMPTIED = "table_emptied"
    RENAMED = "renamed"
    ALL_ROWS_CHANGED = "all_rows_changed"
    ROWS_CHANGED = "rows_changed"
    TABLE_REWRITTEN = "table_rewritten"
    VIEW_REFRESHED = "view_refreshed"
    TABLE_LOCKED = "table_locked"
    ENUM_VALUE = "enum_value"
    NO_WAY_BACK = "no_way_back"
    NOT_READ = "not_read"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`lock` is on the table; `rows` says what happens to all of them under it. None: brief, or nothing of the kind.

    `loses` says that data goes, which is as bad in a small table.
    """

    code: Code
    severity: Severity
    title: str
    fix: str
    lock: str | None = None
    rows: Rows | None = None
    loses: bool = False


_RULES = (
    Rule(
        code=Code.COLUMN_REWRITES,
        severity="danger",
        lock=_ALL,
        rows="rewrites",
        title="A new column whose value differs by row writes the whole table anew, and nobody reads it meanwhile.",
        fix="Add the column without it, set the default for new rows, and fill the old ones in batches.",
    ),
    Rule(
        code=Code.COLUMN_WITHOUT_DEFAULT,
        severity="danger",
        lock=_ALL,
        title="A new column that must not be null and has no default fails as soon as the table has a row.",
        fix="Give it a server default, or add it nullable, fill it, and make it NOT NULL in a later revision.",
    ),
    Rule(
        code=Code.TYPE_REWRITES,
        severity="danger",
        lock=_ALL,
        rows="rewrites",
        title="Another type writes the whole table and its indexes anew, and nobody reads it meanwhile.",
        fix="A new column of the new type, both written for a while, filled in batches, then the exchange. "
        "A longer varchar, or text instead of it, is brief.",
    ),
    Rule(
        code=Code.NOT_NULL_READS,
        severity="warning",
        lock=_ALL,
        rows="reads",
        title="SET NOT NULL reads all rows while nobody else reads or writes the table.",
        fix="First CHECK (… IS NOT NULL) NOT VALID, VALIDATE it in a transaction of its own: then it is brief.",
    ),
    Rule(
        code=Code.CHECK_READS,
        severity="warning",
        lock=_ALL,
        rows="reads",
        title="A new CHECK reads all rows while nobody else reads or writes the table.",
        fix="Add it NOT VALID (postgresql_not_valid=True), and VALIDATE it in a later revision.",
    ),
    Rule(
        code=Code.FOREIGN_KEY_READS,
        severity="warning",
        lock=_WRITERS,
        rows="reads",
        title="A new foreign key compares all rows while nobody writes to either table.",
        fix="Add it NOT VALID (postgresql_not_valid=True), and VALIDATE it in a later revision.",
    ),
    Rule(
        code=Code.UNIQUE_READS,
        severity="warning",
        lock=_ALL,
        rows="reads",
        title="The constraint builds its index while nobody else reads or writes the table.",
        fix="Build the unique index CONCURRENTLY first, then attach it: ADD CONSTRAINT … USING INDEX.",
    ),
    Rule(
        code=Code.INDEX_BLOCKS_WRITES,
        severity="warning",
        lock="SHARE",
        rows="reads",
        title="Nobody writes to the table until the index is built.",
        fix="postgresql_concurrently=True in an autocommit_block(), in a revision of its own.",
    ),
    Rule(
        code=Code.INDEX_REBUILT,
        severity="warning",
        lock="SHARE",
        rows="reads",
        title="Nobody writes to the table until the index is built anew.",
        fix="REINDEX … CONCURRENTLY, outside of a transaction.",
    ),
    Rule(
        code=Code.INDEX_DROPPED,
        severity="note",
        lock=_ALL,
        title="Dropping an index waits for everybody on its table, and everybody who comes later waits behind it.",
        fix="postgresql_concurrently=True in an autocommit_block().",
    ),
    Rule(
        code=Code.PARTITION_READS,
        severity="warning",
        lock=_ALL,
        rows="reads",
        title="Attaching reads all rows of the table that becomes a partition, and nobody else uses it meanwhile.",
        fix="Give that table a validated CHECK that says the same as its bounds before, and drop it afterwards.",
    ),
    Rule(
        code=Code.NEEDS_NO_TRANSACTION,
        severity="danger",
        title="PostgreSQL refuses this statement within a transaction, in which Alembic runs revisions.",
        fix="Put it into `with op.get_context().autocommit_block():`, in a revision of its own.",
    ),
    Rule(
        code=Code.STAYS_IF_IT_FAILS,
        severity="note",
        title="Without a transaction: what came before is committed, and what it did stays if it fails half-way.",
        fix="Let the revision hold nothing else, and write it so that running it twice does no harm.",
    ),
    Rule(
        code=Code.COLUMN_DROPPED,
        severity="danger",
        lock=_ALL,
        loses=True,
        title="The values of the column are gone, and code that still names it fails at once.",
        fix="First a release that does not use it; keep a copy of what may be needed again.",
    ),
    Rule(
        code=Code.TABLE_DROPPED,
        severity="danger",
        lock=_ALL,
        loses=True,
        title="The table and all of its rows are gone, and code that still uses it fails at once.",
        fix="First a release that does not use it; rename it for a while, or keep a copy.",
    ),
    Rule(
        code=Code.TABLE_EMPTIED,
        severity="danger",
        lock=_ALL,
        rows="rewrites",
        loses=True,
        title="All rows are gone.",
        fix="Keep a copy of what may be needed again.",
    ),
    Rule(
        code=Code.RENAMED,
        severity="warning",
        lock=_ALL,
        title="The release that runs now fails as soon as the name is another.",
        fix="Add the new one beside the old one, write both for a release, then drop the old one.",
    ),
    Rule(
        code=Code.ALL_ROWS_CHANGED,
        severity="warning",
        lock="ROW EXCLUSIVE",
        rows="reads",
        title="All rows are changed in one statement; each stays locked until the transaction ends.",
        fix="In batches by key, each committed, in a revision of its own.",
    ),
    Rule(
        code=Code.ROWS_CHANGED,
        severity="note",
        lock="ROW EXCLUSIVE",
        title="The rows that are changed stay locked until the transaction ends.",
        fix="Where they are many: in batches by key, each committed, in a revision of its own.",
    ),
    Rule(
        code=Code.TABLE_REWRITTEN,
        severity="danger",
        lock=_ALL,
        rows="rewrites",
        title="The whole table is written anew, and nobody reads it meanwhile.",
        fix="Do it while nothing uses the table, or into a new table that takes its place.",
    ),
    Rule(
        code=Code.VIEW_REFRESHED,
        severity="warning",
        lock=_ALL,
        rows="rewrites",
        title="Nobody reads the view until it is computed anew.",
        fix="REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index on it.",
    ),
    Rule(
        code=Code.TABLE_LOCKED,
        severity="warning",
        lock=_ALL,
        title="The table is locked by name until the transaction ends.",
        fix="Take the weakest lock that does, as late as possible.",
    ),
    Rule(
        code=Code.ENUM_VALUE,
        severity="note",
        title="A new value of an enum cannot be used in the transaction that adds it, and no downgrade takes it away.",
        fix="In a revision of its own.",
    ),
    Rule(
        code=Code.NO_WAY_BACK,
        severity="note",
        title="The downgrade undoes nothing of this.",
        fix="Write it, or know beforehand how you would go back.",
    ),
    Rule(
        code=Code.NOT_READ,
        severity="note",
        title="What this does is computed while it runs: nobody can judge it before.",
        fix="Read it yourself; the job shows each statement as it runs.",
    ),
)
RULES: dict[Code, Rule] = {rule.code: rule for rule in _RULES}
