"""One revision file: what is taken from it, and what is said about the rest."""

from collections.abc import Callable

import pytest

from stillroom_core.revisions.revision_file import counts_as_revision, read_file, show_file

Text = Callable[..., str]


def codes(text: str | bytes, path: str = "versions/first.py") -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    return [note.code for note in read_file(data, path)[1]]


def test_a_file_of_the_template_gives_ids_labels_message_and_doc(revision_text: Text) -> None:
    text = revision_text("b1", ("a1", "a2"), labels=("x",), depends_on="c1", message="join\nthem")
    revision, notes = read_file(text.encode(), "versions/b1.py")
    assert revision is not None
    assert (revision.id, revision.down, revision.labels, revision.depends_on) == ("b1", ("a1", "a2"), ("x",), ("c1",))
    assert revision.message == "join\nthem"
    assert revision.doc.startswith("join\nthem\n\nRevision ID: b1")
    assert notes == []


@pytest.mark.parametrize(
    ("statements", "code"),
    [
        ("import uuid\nrevision = uuid.uuid4().hex\ndown_revision = None", "computed"),
        ("n = make()\nrevision = f'r{n}'\ndown_revision = None", "computed"),
        ("revision = 'a'\ndown_revision = previous()", "computed"),
        ("revision = 'a'\ndown_revision = None\nfrom common import *", "computed"),
        ("revision = 'a'\ndown_revision = None\nglobals().update(x)", "computed"),
        ("if True:\n    revision = 'a'\ndown_revision = None", "computed"),
        ("revision = 'a'", "no_down_revision"),
        ("down_revision = None", "no_revision_id"),
        ("revision = 5\ndown_revision = None", "bad_revision_id"),
        ("revision = 'a@b'\ndown_revision = None", "bad_revision_id"),
        ("revision = 'a-b'\ndown_revision = None", "bad_revision_id"),
        ("revision = ''\ndown_revision = None", "bad_revision_id"),
        ("revision = 'a\\x00'\ndown_revision = None", "bad_revision_id"),
        ("revision = 'a'\ndown_revision = 7", "bad_value"),
        ("revision = 'a'\ndown_revision = ('b', 7)", "bad_value"),
        ("revision = 'a'\ndown_revision = None\nrevision = = 'b'", "syntax_error"),
    ],
)
def test_what_only_running_the_file_would_tell_is_noted(statements: str, code: str) -> None:
    assert codes(statements) == [code] * len(codes(statements))
    assert code in codes(statements)


@pytest.mark.parametrize(
    "statements",
    [
        "revision = 'a1'\ndown_revision = 'b1'",
        "KEY = 'a1'\nOLD = 'b1'\nrevision = KEY\ndown_revision = OLD",
        "revision = 'a' + '1'\ndown_revision = ('b1',)",
        "revision, down_revision = 'a1', ['b1']",
        "revision = x = 'a1'\ndown_revision = {'b1'}",
        "revision: str = 'a1'\ndown_revision: str | None = 'b1'",
        "revision = 'wrong'\ndown_revision = None\nrevision = 'a1'\ndown_revision = 'b1'",
        "revision = f'a1'\ndown_revision = ('b' '1')",
        "# -*- coding: latin-1 -*-\nrevision = 'a1'\ndown_revision = 'b1'",
    ],
)
def test_every_usual_way_of_writing_an_id_is_understood(statements: str) -> None:
    revision, notes = read_file(statements.encode(), "versions/a.py")
    assert revision is not None
    assert (revision.id, revision.down, notes) == ("a1", ("b1",), [])


def test_a_file_of_the_first_alembic_has_its_id_in_its_name() -> None:
    revision, notes = read_file(b"down_revision = None\n", "versions/1975ea83b712.py")
    assert revision is not None
    assert (revision.id, notes) == ("1975ea83b712", [])


def test_functions_in_the_syntax_of_a_newer_python_are_no_hindrance(revision_text: Text) -> None:
    text = revision_text("a1") + "\ntype Pair[T] = tuple[T, T]\n\ndef more[T](x: T):\n    return f'{x['a']}'\n"
    revision, notes = read_file(text.encode(), "versions/a.py")
    assert revision is not None
    assert notes == []
    shown = show_file(text.encode(), "versions/a.py")
    assert shown.upgrade_lines is not None
    assert text.splitlines()[shown.upgrade_lines[0] - 1] == "def upgrade() -> None:"


def test_a_file_that_does_not_parse_still_shows_where_it_belongs() -> None:
    text = "revision = 'a1'\ndown_revision = 'b1'\nx = revision +\n"
    revision, notes = read_file(text.encode(), "versions/a.py")
    assert revision is not None
    assert (revision.id, revision.down) == ("a1", ("b1",))
    assert [(note.code, note.certain) for note in notes] == [("syntax_error", False)]


def test_lines_of_both_functions_include_decorators() -> None:
    text = (
        "revision = 'a'\n\n@once\ndef upgrade():\n    x = 1\n\n    y = 2\n    # end\n\n"
        "async def downgrade():\n    pass\n"
    )
    shown = show_file(text.encode(), "versions/a.py")
    assert (shown.upgrade_lines, shown.downgrade_lines) == ((3, 7), (10, 11))
    assert shown.source == text


def test_text_that_postgresql_cannot_store_is_replaced() -> None:
    text = "'''a \\ud800 b \\x00'''\nrevision = 'a'\ndown_revision = None\n"
    revision, _ = read_file(text.encode(), "versions/a.py")
    assert revision is not None
    assert revision.message == "a \ufffd b \ufffd"
    revision.message.encode()


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("a.py", True),
        ("_a.py", True),
        ("__init__.py", False),
        ("__init__more.py", False),
        (".#a.py", False),
        ("a.pyc", False),
        ("a.txt", False),
    ],
)
def test_the_files_that_count_are_alembics(name: str, counts: bool) -> None:
    assert counts_as_revision(name) is counts
