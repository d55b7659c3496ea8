"""Writes the parts of the documents that follow from the code: `python docs/generate.py`; `--check` only looks.

A page says `<!-- generated: NAME -->` and `<!-- end -->`; what stands between is replaced, everything else
is written by hand. A test runs `--check`, so a page that has gone stale fails the build.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import api_reference
import server_texts
from alembic.script import ScriptDirectory
from pydantic_core import PydanticUndefined
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql

import stillroom_core.models as models
from stillroom_api import openapi
from stillroom_cli.client.failures import EXIT_MEANINGS
from stillroom_cli.main import build_parser
from stillroom_core.actors.permissions import (
    MEANINGS,
    OF_ENVIRONMENT,
    ORGANIZATION_ROLES,
    PROJECT_ROLES,
    UNPROTECTED_ONLY,
    Permission,
)
from stillroom_core.environments.templates import DRIVERS, NAMES, Connection, render
from stillroom_core.findings.rules import RULES, SEVERITIES
from stillroom_core.jobs import outcome
from stillroom_core.jobs.lifecycle import FINAL, MOVES, JobState, StepState
from stillroom_core.jobs.rights import PERMISSION_FOR
from stillroom_core.settings import Settings
from stillroom_core.tables import Table as Base
from stillroom_core.telemetry import metrics

DOCS = Path(__file__).parent
OPENAPI = DOCS.parent / "web/openapi.json"
NEWEST_SCHEMA = DOCS.parent / "services/core/stillroom_core/newest_schema.py"
SERVER_TEXTS = DOCS.parent / "web/src/i18n/server-texts.gen.json"
_BLOCK = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def settings() -> Iterator[str]:
    """Every field of Settings."""
    yield from _table(("Variable", "Meaning", "Default"), (_setting(field) for field in Settings.model_fields.values()))


def _setting(field: Any) -> tuple[str, str, str]:
    if field.default is PydanticUndefined:
        default = "none: must be given"
    elif field.default is None or field.default == "":
        default = "empty"
    else:
        default = f"`{int(field.default) if isinstance(field.default, bool) else field.default}`"
    return f"`{field.alias}`", field.description or "", default


def permissions() -> Iterator[str]:
    """Who may do what."""
    yield "In the whole organization:"
    yield ""
    yield from _roles(ORGANIZATION_ROLES)
    yield ""
    yield "In one project, added to what the role in the organization gives:"
    yield ""
    yield from _roles(PROJECT_ROLES, UNPROTECTED_ONLY)
    yield ""
    yield "What they mean, and whether a role for a single environment gives them:"
    yield ""
    rows = ((f"`{p}`", meaning, "yes" if p in OF_ENVIRONMENT else "") for p, meaning in MEANINGS.items())
    yield from _table(("Permission", "Allows to", "In one environment"), rows)
    yield ""
    yield "To start a job:"
    yield ""
    yield from _table(("Kind", "Permission"), ((f"`{k}`", f"`{p}`") for k, p in PERMISSION_FOR.items()))


def _roles(table: Any, unprotected_only: Any = None) -> Iterator[str]:
    def cell(role: Any, permission: Permission) -> str:
        if permission in (unprotected_only or {}).get(role, ()):
            return "unprotected"
        return "yes" if permission in table[role] else ""

    rows = (
        (f"`{permission}`", *(cell(role, permission) for role in table))
        for permission in Permission
        if any(permission in granted for granted in table.values())
    )
    yield from _table(("Permission", *(str(role) for role in table)), rows)


def lifecycle() -> Iterator[str]:
    """The moves of a job."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {JobState.QUEUED}"
    for state, following in MOVES.items():
        for target in _ordered(following):
            yield f"    {state} --> {target}"
    for state in _ordered(FINAL):
        yield f"    {state} --> [*]"
    yield "```"
    yield ""
    rows = ((f"`{s}`", ", ".join(f"`{t}`" for t in _ordered(f)) or "nothing: it is an end") for s, f in MOVES.items())
    yield from _table(("A job that is", "may become"), rows)
    yield ""
    yield "A step of a job is one of: " + ", ".join(f"`{state}`" for state in StepState) + "."


def _ordered(states: frozenset[JobState]) -> list[JobState]:
    return [state for state in JobState if state in states]


def outcomes() -> Iterator[str]:
    """The sentences with which jobs end."""
    sentences = outcome._SENTENCES
    yield from _table(("Code", "Sentence"), ((f"`{code}`", text) for code, text in sentences.items()))


def failures() -> Iterator[str]:
    """What a run can fail with."""
    yield from _table(
        ("Message", "Code", "What to do"),
        ((title, f"`{code}`", fix) for code, (title, fix) in _words().items()),
    )


def _words() -> dict[str, tuple[str, str]]:
    """The worker's table, read and not imported: its modules want what only a worker's machine has."""
    source = (DOCS.parent / "services/worker/stillroom_worker/words.py").read_text(encoding="utf-8")
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.AnnAssign) and ast.unparse(statement.target) == "_WORDS" and statement.value:
            found: dict[str, tuple[str, str]] = ast.literal_eval(statement.value)
            return found
    raise LookupError("stillroom_worker.words has no table _WORDS any more")


def templates() -> Iterator[str]:
    """The names that run settings may hold, with what they become."""
    example = Connection("127.0.0.1", 5432, "app", "4f1c09ab", "shop", socket="/run/db")
    forms = [f"{{{{{name}}}}}" for name in sorted(NAMES)] + [f"{{{{url:{driver}}}}}" for driver in sorted(DRIVERS)]
    # The worker fills {{files}} in last, when the folder exists.
    shown = {form: render(form, example).replace("{{files}}", "/run/stillroom/files") for form in forms}
    yield from _table(("Write", "A job is given, for example"), ((f"`{f}`", f"`{shown[f]}`") for f in forms))


def tables() -> Iterator[str]:
    """Every table of the metadata database."""
    found = Base.metadata.sorted_tables
    yield "```mermaid"
    yield "erDiagram"
    for table in found:
        for referred in sorted({key.referred_table.name for key in _foreign_keys(table)}):
            yield f"    {referred} ||--o{{ {table.name} : has"
    yield "```"
    described = {getattr(models, name).__tablename__: getattr(models, name) for name in models.__all__}
    for table in found:
        yield ""
        yield f"## {table.name}"
        yield ""
        yield inspect.getdoc(described[table.name]) or ""
        yield ""
        rows = ((f"`{c.name}`", _type(c), "" if c.nullable else "not null", _default(c)) for c in _columns(table))
        yield from _table(("Column", "Type", "", "Default"), rows)
        rules = [*_constraints(table), *_indexes(table)]
        if rules:
            yield ""
            yield from (f"- {rule}" for rule in rules)


def _columns(table: Table) -> list[Any]:
    """The key first, the time of creation last, the rest as in the model."""
    return sorted(table.columns, key=lambda column: (not column.primary_key, column.name == "created_at"))


def _foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    return sorted(table.foreign_key_constraints, key=lambda key: [column.name for column in key.columns])


def _type(column: Any) -> str:
    return f"`{column.type.compile(dialect=postgresql.dialect())}`".lower()


def _default(column: Any) -> str:
    return f"`{column.server_default.arg.text}`" if column.server_default is not None else ""


def _constraints(table: Table) -> Iterator[str]:
    names = ", ".join(f"`{column.name}`" for column in table.primary_key.columns)
    yield f"primary key ({names})"
    for constraint in sorted(table.constraints, key=_order):
        columns = ", ".join(f"`{column.name}`" for column in getattr(constraint, "columns", []))
        if isinstance(constraint, UniqueConstraint):
            yield f"unique ({columns})"
        elif isinstance(constraint, ForeignKeyConstraint):
            goes = f", on delete {constraint.ondelete.lower()}" if constraint.ondelete else ""
            yield f"({columns}) → {constraint.referred_table.name}{goes}"
        elif isinstance(constraint, CheckConstraint):
            yield f"check `{constraint.sqltext}`"


def _order(constraint: Any) -> tuple[str, str, str]:
    columns = ",".join(column.name for column in getattr(constraint, "columns", []))
    return type(constraint).__name__, columns, str(constraint.name)


def _indexes(table: Table) -> Iterator[str]:
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        columns = ", ".join(f"`{column.name}`" for column in index.columns)
        condition = index.dialect_options["postgresql"]["where"]
        where = f" where `{condition}`" if condition is not None else ""
        yield f"{'unique ' if index.unique else ''}index ({columns}){where}"


def commands() -> Iterator[str]:
    """Every command of the command line."""
    subparsers = next(a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    for name, parser in subparsers.choices.items():
        text = parser.description or ""
        yield f"## stillroom {name}"
        yield ""
        yield f"{text[:1].upper()}{text[1:].rstrip('.')}."
        yield ""
        yield "```"
        yield " ".join(["stillroom", name, *(_usage(action) for action in _arguments(parser))])
        yield "```"
        if rows := [_described(action) for action in _arguments(parser)]:
            yield ""
            yield from _table(("Argument", "Meaning"), rows)
        if parser.epilog:
            yield ""
            yield parser.epilog
        yield ""


def _arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    shown = [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]
    return sorted(shown, key=lambda action: bool(action.option_strings))


def _usage(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"[{_metavar(action)}]" if action.nargs == "?" else _metavar(action)
    value = "" if action.nargs == 0 else f" {_metavar(action)}"
    return f"[{action.option_strings[-1]}{value}]"


def _described(action: argparse.Action) -> tuple[str, str]:
    value = "" if action.nargs == 0 or not action.option_strings else f" {_metavar(action)}"
    names = ", ".join(action.option_strings) or _metavar(action)
    text = (action.help or "").replace("%(default)s", str(action.default))
    choices = f" One of: {', '.join(action.choices)}." if action.choices else ""
    return f"`{names}{value}`", f"{text[:1].upper()}{text[1:]}.{choices}"


def _metavar(action: argparse.Action) -> str:
    return str(action.metavar or action.dest.upper())


def exits() -> Iterator[str]:
    """What the exit codes mean."""
    yield from _table(("Code", "Meaning"), ((str(int(code)), text) for code, text in EXIT_MEANINGS.items()))


def metrics_of(service: str) -> Iterator[str]:
    """The metrics that processes of one service show."""
    rows = (
        (f"`{name}`", found.kind, ", ".join(f"`{label}`" for label in found.labels), found.meaning)
        for name, found in metrics.ALL.items()
        if service in found.services
    )
    yield from _table(("Metric", "Kind", "Labels", "Meaning"), rows)


def newest_schema() -> str:
    """The module that says what the newest of our own migrations is."""
    head = ScriptDirectory(str(DOCS.parent / "migrations")).get_current_head()
    return (
        '"""The newest revision of our own schema, for programs that have no migrations beside them. '
        f'Made by docs/generate.py."""\n\nNEWEST = "{head}"'
    )


def findings() -> Iterator[str]:
    """What is told of a revision before it runs."""
    effects = {"rewrites": "rewrites", "reads": "reads all", None: ""}
    rows = (
        (f"`{rule.code}`", rule.severity, rule.lock or "", effects[rule.rows], f"{rule.title} {rule.fix}")
        for rule in sorted(RULES.values(), key=lambda rule: SEVERITIES.index(rule.severity))
    )
    yield from _table(("What", "How bad", "Lock", "Rows", "In words"), rows)


def api() -> Iterator[str]:
    """Every route of the API."""
    yield from api_reference.routes(_table)


BLOCKS: dict[str, Callable[[], Iterator[str]]] = {
    "api": api,
    "settings": settings,
    "permissions": permissions,
    "lifecycle": lifecycle,
    "outcomes": outcomes,
    "failures": failures,
    "templates": templates,
    "tables": tables,
    "commands": commands,
    "findings": findings,
    "exits": exits,
    **{f"metrics-{service}": partial(metrics_of, service) for service in metrics.SERVICES},
}


def renewed(text: str) -> str:
    """A page with its generated blocks as they must be; raises KeyError for a block that nobody makes."""

    def block(match: re.Match[str]) -> str:
        content = "\n".join(BLOCKS[match.group(2)]()).strip("\n")
        return f"{match.group(1)}{content}\n{match.group(3)}"

    return _BLOCK.sub(block, text)


def pages() -> dict[Path, tuple[str, str]]:
    """Page → its text as it is and as it must be: pages with generated blocks, and files that are made whole."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))}
    found = {path: (text, renewed(text)) for path, text in texts.items() if _BLOCK.search(text)}
    whole = {
        SERVER_TEXTS: json.dumps(server_texts.texts(), indent=2, ensure_ascii=False),
        NEWEST_SCHEMA: newest_schema(),
        OPENAPI: json.dumps(openapi.document(), indent=2, sort_keys=True),
    }
    present = {path: path.read_text(encoding="utf-8") if path.exists() else "" for path in whole}
    return {**found, **{path: (present[path], f"{text}\n") for path, text in whole.items()}}


def _table(head: tuple[str, ...], rows: Any) -> Iterator[str]:
    yield _row(head)
    yield _row(tuple("---" for _ in head))
    yield from (_row(row) for row in rows)


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def main() -> int:
    """Writes what is stale, or with --check names it and ends with 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if a page is stale")
    check = parser.parse_args().check
    stale = [(path, wanted) for path, (present, wanted) in pages().items() if present != wanted]
    for path, wanted in stale:
        if not check:
            path.write_text(wanted, encoding="utf-8")
        sys.stdout.write(f"{'stale' if check else 'written'}: {path.relative_to(DOCS.parent)}\n")
    if check and stale:
        sys.stdout.write("Run `make docs` and commit the result.\n")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
