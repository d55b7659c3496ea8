"""Our own schema changes while the release before goes on with it: migrations add, and never take away what is used.

The release before signs in to the new schema until its last process has ended. So what it writes must still be taken,
and what it reads must still be there. A migration that removes what the release before does not use any more says so
with `contract = "what, and since which release nothing uses it"`; none has to yet.
"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import tuple_row
from releases.before import recorded

from stillroom_testing.servers import PostgresServer

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))
# The schema of the last release, of which processes may still run.
RELEASED = recorded()["schema"]
LOOKED_AT = {"drop_table", "drop_column", "rename_table", "alter_column", "add_column"}
COLUMNS = """
    select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
           a.atthasdef or a.attidentity <> '' as filled
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
      and c.relname <> 'alembic_version'
"""
RULES = """
    select c.relname, pg_get_constraintdef(k.oid) from pg_constraint k join pg_class c on c.oid = k.conrelid
    where c.relnamespace = 'public'::regnamespace and k.contype in ('u', 'x', 'f')
"""
UNIQUE = """
    select c.relname, pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indrelid
    where c.relnamespace = 'public'::regnamespace and i.indisunique
"""


def alembic(url: str, *words: str) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "REDIS_URL": "redis://:none@localhost",
        "STILLROOM_SECRET_KEY": "k" * 32,
        "STILLROOM_SEALING_KEYS": "k:" + "A" * 43 + "=",
        "STILLROOM_DATA_DIR": "/nowhere",
    }
    argv = [sys.executable, "-m", "alembic", "-c", "migrations/alembic.ini", *words]
    subprocess.run(argv, cwd=ROOT, env=environment, check=True, capture_output=True)


@pytest.fixture(scope="module")
def schemas(postgres_server: PostgresServer) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the released schema has, and what the newest has."""
    url = postgres_server.new_database("releases").url
    alembic(url, "upgrade", RELEASED)
    released = _read(url)
    alembic(url, "upgrade", "head")
    return released, _read(url)


def _read(url: str) -> dict[str, Any]:
    with psycopg.connect(url, row_factory=tuple_row) as connection:
        columns = {(row[0], row[1]): row[2:] for row in connection.execute(COLUMNS)}
        # A reference that may be judged later refuses nothing that it did not refuse before.
        found = (row for query in (RULES, UNIQUE) for row in connection.execute(query))
        rules = {(table, rule.removesuffix(" DEFERRABLE")) for table, rule in found}
        return {"columns": columns, "rules": rules, "tables": {table for table, _ in columns}}


def test_every_column_that_the_release_before_reads_is_there_with_its_type(schemas: Any) -> None:
    released, newest = schemas
    assert {key for key in released["columns"] if key not in newest["columns"]} == set()
    changed = {key for key, (kind, *_) in released["columns"].items() if newest["columns"][key][0] != kind}
    assert changed == set()


def test_what_the_release_before_writes_is_still_taken(schemas: Any) -> None:
    released, newest = schemas
    # It names the columns that it knows: a new one must fill itself, or may stay empty.
    unknown = {
        key: (required, filled)
        for key, (_, required, filled) in newest["columns"].items()
        if key[0] in released["tables"] and key not in released["columns"]
    }
    assert {key for key, (required, filled) in unknown.items() if required and not filled} == set()
    # And it leaves empty what it was allowed to.
    tightened = {
        key for key, (_, required, _filled) in released["columns"].items() if newest["columns"][key][1] and not required
    }
    assert tightened == set()


def test_no_rule_was_added_to_the_columns_that_the_release_before_writes(schemas: Any) -> None:
    released, newest = schemas
    assert rules_on_known_columns(released, newest) == set()


def rules_on_known_columns(released: Any, newest: Any) -> set[tuple[str, str]]:
    """New keys and references of old tables that name only columns which the release before fills."""
    return {
        (table, rule)
        for table, rule in newest["rules"] - released["rules"]
        if table in released["tables"] and not _names_a_new_column(table, rule, released, newest)
    }


def _names_a_new_column(table: str, rule: str, released: Any, newest: Any) -> bool:
    words = set(re.split(r"[^a-z0-9_]+", rule))
    return any((table, word) in newest["columns"] and (table, word) not in released["columns"] for word in words)


def test_what_would_stop_the_release_before_would_be_found(schemas: Any) -> None:
    released, newest = schemas
    rule = ("jobs", "CREATE UNIQUE INDEX u ON public.jobs USING btree (number)")
    assert rules_on_known_columns(released, {**newest, "rules": newest["rules"] | {rule}}) == {rule}
    own = ("jobs", "CREATE UNIQUE INDEX u ON public.jobs USING btree (trail)")
    assert rules_on_known_columns(released, {**newest, "rules": newest["rules"] | {own}}) == set()
    for line in (
        'op.drop_column("jobs", "trail")',
        'op.alter_column("jobs", "kind", new_column_name="sort")',
        'op.alter_column("jobs", "revision", nullable=False)',
        'op.add_column("jobs", sa.Column("x", sa.Text(), nullable=False))',
    ):
        assert faults_of(ast.parse(line)), line
    assert not faults_of(
        ast.parse('op.add_column("jobs", sa.Column("x", sa.Text(), nullable=False, server_default="a"))')
    )


@pytest.mark.parametrize("path", [p for p in VERSIONS if p.name.split("_")[1] > RELEASED], ids=lambda path: path.stem)
def test_a_migration_takes_nothing_away_unless_it_says_that_nothing_uses_it(path: Path) -> None:
    tree = ast.parse(path.read_text())
    declared = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    if "contract" in declared:
        return
    (upgrade,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "upgrade"]
    assert faults_of(upgrade) == []


def faults_of(tree: ast.AST) -> list[str]:
    """What the release before could not live with."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOOKED_AT:
            found += _faults(node, node.func.attr)
    return found


def _faults(call: ast.Call, name: str) -> list[str]:
    words = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    line = f"{name} in line {call.lineno}"
    if name in ("drop_table", "drop_column", "rename_table"):
        return [f"{line}: the release before still uses it"]
    if name == "alter_column" and ({"new_column_name", "type_"} & words.keys() or words.get("nullable") == "False"):
        return [f"{line}: the release before does not know the new name, type or rule"]
    if name == "add_column":
        text = ast.unparse(call)
        if "nullable=False" in text and "server_default" not in text:
            return [f"{line}: the release before leaves it empty"]
    return []
