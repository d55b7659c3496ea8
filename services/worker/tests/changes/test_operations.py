"""What is read from the source of a revision that nobody ran here."""

import pytest

from stillroom_worker.changes.operations import operations_of

SOURCE = '''
"""m"""
import sqlalchemy as sa
from alembic import op

TABLE = "orders"
revision = "a"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer()),
        sa.Column("mood", sa.Enum("a", "b", name="mood")),
        sa.ForeignKeyConstraint(["id"], ["b.id"], name=op.f("fk_orders")),
        sa.PrimaryKeyConstraint("id"),
        schema="shop",
    )
    op.create_index(op.f("ix"), TABLE, ["id"], schema="shop")
    with op.batch_alter_table("people") as batch_op:
        batch_op.add_column(sa.Column("n", sa.Integer()))
        batch_op.alter_column("a", new_column_name="b")
    _more()
    op.execute(sa.text("alter table x rename to y"))
    for name in ("p", "q"):
        op.drop_table(name)


def _more():
    op.add_column("people", sa.Column("m", sa.Integer()), schema="s")
    op.alter_column("people", "m", nullable=False)
    op.create_foreign_key("fk", "people", "other", ["a"], ["b"], source_schema="s")
    op.drop_constraint("k", "people", type_="check")
    op.rename_table("one", "two")
    op.execute(f"create table {revision} ()")
    op.execute(people.insert())


def downgrade() -> None:
    op.drop_index("ix", table_name=TABLE)
    op.drop_column("people", "n")
'''


def test_the_calls_of_both_functions_are_read_in_order() -> None:
    found = operations_of(SOURCE)
    assert found is not None
    told = [(c["action"], c["kind"], c.get("schema", ""), c.get("table", ""), c["name"]) for c in found["upgrade"]]
    assert told == [
        ("create", "enum", "", "", "mood"),
        ("create", "table", "shop", "", "orders"),
        ("create", "column", "shop", "orders", "id"),
        ("create", "column", "shop", "orders", "mood"),
        ("create", "constraint", "shop", "orders", "fk_orders"),
        ("create", "constraint", "shop", "orders", "orders_pkey"),
        ("create", "index", "shop", "orders", "ix"),
        ("create", "column", "", "people", "n"),
        ("rename", "column", "", "people", "a"),
        ("create", "column", "s", "people", "m"),
        ("alter", "column", "", "people", "m"),
        ("create", "constraint", "s", "people", "fk"),
        ("drop", "constraint", "", "people", "k"),
        ("rename", "table", "", "", "one"),
        ("unread", "statement", "", "", 'op.execute(f"create table {revision} ()")'),
        ("rename", "table", "", "", "x"),
        ("unread", "statement", "", "", "op.drop_table(name)"),
    ]
    assert [(c["action"], c["name"], c["line"]) for c in found["downgrade"]] == [("drop", "ix", 40), ("drop", "n", 41)]


@pytest.mark.parametrize("source", ["def upgrade(", "(" * 5000, "x = " + "-" * 60_000 + "1"])
def test_a_file_that_is_no_python_is_told_as_such(source: str) -> None:
    assert operations_of(source) in (None, {})


def test_functions_that_call_each_other_end() -> None:
    found = operations_of("def upgrade():\n    a()\n\ndef a():\n    upgrade()\n    op.drop_table('t')\n    a()\n")
    assert found is not None
    assert [c["name"] for c in found["upgrade"]] == ["t"]
