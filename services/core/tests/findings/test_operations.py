"""What is told of a revision file: the same as of the SQL that Alembic makes of it."""

import io
import textwrap
from collections import Counter

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from stillroom_core.findings.operations import read_revision
from stillroom_core.findings.rules import Code
from stillroom_core.findings.scene import Scene
from stillroom_core.findings.sql import read_sql

HEAD = "import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.dialects import postgresql\n\n\n"


def revision(upgrade: str, downgrade: str = "op.execute('select 1')") -> str:
    bodies = (textwrap.indent(textwrap.dedent(body).strip(), "    ") for body in (upgrade, downgrade))
    return HEAD + "def upgrade():\n{}\n\n\ndef downgrade():\n{}\n".format(*bodies)


def told(text: str, function: str = "upgrade") -> list[str]:
    found = read_revision(text)
    assert found is not None
    return [one.code.value for one in found[function].findings]


def sql_of(text: str) -> str:
    """The SQL that Alembic writes for the upgrade, without running anything."""
    written = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written, "literal_binds": True}
    )
    names: dict[str, object] = {}
    with Operations.context(context):
        exec(compile(text, "revision", "exec"), names)  # noqa: S102  our own text
        names["upgrade"]()  # type: ignore[operator]
    return written.getvalue()


BOTH = {
    'op.add_column("t", sa.Column("c", sa.Integer()))': [],
    'op.add_column("t", sa.Column("c", sa.Integer(), nullable=False))': ["column_without_default"],
    'op.add_column("t", sa.Column("c", sa.Integer(), nullable=False, server_default="0"))': [],
    'op.add_column("t", sa.Column("c", sa.Uuid(), server_default=sa.text("gen_random_uuid()")))': ["column_rewrites"],
    'op.add_column("t", sa.Column("c", sa.DateTime(), server_default=sa.func.now(), nullable=False))': [],
    'op.add_column("t", sa.Column("c", sa.BigInteger(), sa.Identity(), nullable=False))': ["column_rewrites"],
    'op.add_column("t", sa.Column("c", sa.Integer(), sa.Computed("a * 2", persisted=True)))': ["column_rewrites"],
    'op.add_column("t", sa.Column("c", sa.Integer(), sa.ForeignKey("u.id")), schema="s")': ["foreign_key_reads"],
    'op.add_column("t", sa.Column("c", sa.Integer(), unique=True))': ["unique_reads"],
    'op.add_column("t", sa.Column("c", sa.Integer(), index=True))': ["index_blocks_writes"],
    'op.drop_column("t", "c", schema="s")': ["column_dropped"],
    'op.alter_column("t", "c", nullable=False)': ["not_null_reads"],
    'op.alter_column("t", "c", nullable=True, server_default=None)': [],
    'op.alter_column("t", "c", new_column_name="d")': ["renamed"],
    'op.alter_column("t", "c", type_=sa.BigInteger(), existing_type=sa.Integer())': ["type_rewrites"],
    'op.alter_column("t", "c", type_=sa.Text(), existing_type=sa.String(20))': [],
    'op.create_index("i", "t", ["c"])': ["index_blocks_writes"],
    'op.create_index(op.f("i"), "t", ["c"], unique=True, postgresql_concurrently=True)': ["needs_no_transaction"],
    'op.create_foreign_key("k", "t", "u", ["a"], ["b"])': ["foreign_key_reads"],
    'op.create_foreign_key("k", "t", "u", ["a"], ["b"], postgresql_not_valid=True, source_schema="s")': [],
    'op.create_unique_constraint("k", "t", ["a"])': ["unique_reads"],
    'op.create_primary_key("k", "t", ["a"])': ["unique_reads"],
    'op.create_check_constraint("k", "t", "a > 0")': ["check_reads"],
    'op.create_check_constraint("k", "t", "a > 0", postgresql_not_valid=True)': [],
    'op.drop_constraint("k", "t", type_="check")': [],
    'op.drop_table("t", schema="s")': ["table_dropped"],
    'op.rename_table("t", "u")': ["renamed"],
    'op.execute(sa.text("update t set a = 1"))': ["all_rows_changed"],
    'op.execute("refresh materialized view v")': ["view_refreshed"],
    """
    op.create_table("n", sa.Column("a", sa.Integer()), sa.Column("b", sa.Integer()), schema="s")
    op.create_index("i", "n", ["a"], schema="s")
    op.create_check_constraint("k", "n", "a > 0", schema="s")
    op.create_foreign_key("f", "n", "u", ["a"], ["b"], source_schema="s")
    op.create_index("i", "n", ["a"])
    """: ["index_blocks_writes"],
    """
    with op.batch_alter_table("t", schema="s") as batch:
        batch.add_column(sa.Column("c", sa.Integer(), nullable=False))
        batch.drop_column("d")
        batch.create_unique_constraint("k", ["e"])
    """: ["column_dropped", "column_without_default", "unique_reads"],
    """
    op.execute("COMMIT")
    op.create_index("i", "t", ["c"], postgresql_concurrently=True)
    op.execute("vacuum t")
    """: [],
}


@pytest.mark.parametrize(("upgrade", "expected"), BOTH.items())
def test_the_file_says_what_the_sql_says_that_alembic_makes_of_it(upgrade: str, expected: list[str]) -> None:
    text = revision(upgrade)
    assert sorted(told(text)) == expected
    scene = Scene()
    read_sql(sql_of(text), scene, None)
    from_sql = Counter(one.code.value for one in scene.found)
    # In SQL alone the type that was there before is not written.
    assert from_sql == Counter(expected)


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        ('op.alter_column("t", "c", type_=sa.String(200), existing_type=sa.String(length=50))', []),
        ('op.alter_column("t", "c", type_=sa.String(20), existing_type=sa.VARCHAR(length=50))', ["type_rewrites"]),
        ('op.alter_column("t", "c", type_=sa.String(200))', ["type_rewrites"]),
        ('op.alter_column("t", "c", type_=sa.String(), existing_type=sa.Integer())', ["type_rewrites"]),
        ('op.add_column("t", column_of_ours())', ["not_read"]),
        ("op.drop_table(name_of(1))", ["table_dropped"]),
        ('op.create_table(Order.__tablename__)\nop.create_index("i", Order.__tablename__, ["a"])', []),
        ('op.create_index("i", Order.__tablename__, ["a"])', ["index_blocks_writes"]),
        ('with op.batch_alter_table(name_of(1)) as batch:\n    batch.drop_column("a")', ["column_dropped"]),
        ('op.execute(f"drop table {name}")', ["not_read"]),
        ('op.add_column("t", sa.Column(name_of(1), sa.Integer(), nullable=False))', ["column_without_default"]),
        ('op.drop_column("t", name_of(1))', ["column_dropped"]),
        ('op.alter_column("t", name_of(1), new_column_name=name_of(2))', ["renamed"]),
        ('op.alter_column("t", "c", new_column_name="c", nullable=True)', []),
        ('op.drop_index("i", "t")', ["index_dropped"]),
        ('op.drop_index("i", table_name="t", postgresql_concurrently=True)', ["needs_no_transaction"]),
        ("conn = op.get_bind()\nconn.execute(sa.update(people).values(a=1))", ["all_rows_changed"]),
        ("op.get_bind().execute(people.delete().where(people.c.a == 1))", ["rows_changed"]),
        ("op.get_bind().execute(sa.select(people))", []),
        ('for one in range(3):\n    op.drop_table("a")\nif x:\n    op.drop_table("b")', ["table_dropped"] * 2),
        (
            "with op.get_context().autocommit_block():\n"
            '    op.create_index("i", "t", ["c"], postgresql_concurrently=True)\n'
            'op.create_index("j", "t", ["c"], postgresql_concurrently=True)',
            ["stays_if_it_fails", "needs_no_transaction"],
        ),
    ],
)
def test_what_only_the_file_shows_is_told_too(upgrade: str, expected: list[str]) -> None:
    assert told(revision(upgrade)) == expected


def test_a_downgrade_that_does_nothing_is_told_of_the_upgrade_that_does_something() -> None:
    for empty in ("pass", "raise NotImplementedError('no way back')", '"""Nothing."""'):
        assert told(revision('op.add_column("t", sa.Column("c", sa.Integer()))', empty)) == ["no_way_back"]
    assert told(revision("pass", "pass")) == []
    alone = HEAD + "def upgrade():\n    op.drop_column('t', 'c')\n"
    assert told(alone) == ["column_dropped", "no_way_back"]
    assert told(revision("pass", 'op.drop_column("t", "c")'), "downgrade") == ["column_dropped"]


def test_a_finding_has_the_line_of_its_call() -> None:
    found = read_revision(revision('op.execute("select 1")\nop.drop_table(\n    "t",\n    schema="s",\n)'))
    assert found is not None
    (one,) = found["upgrade"].findings
    assert (one.code, one.schema, one.table, one.line) == (Code.TABLE_DROPPED, "s", "t", 8)


@pytest.mark.parametrize("text", ["def upgrade(:", "\0", "(" * 100_000, "def upgrade():\n    op.f" + "(1)" * 50_000])
def test_a_file_that_cannot_be_read_is_not_judged_and_harms_nobody(text: str) -> None:
    found = read_revision(text)
    assert found is None or not any(told.findings for told in found.values())
