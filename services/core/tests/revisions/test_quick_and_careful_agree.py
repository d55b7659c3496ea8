"""Whatever the quick way of reading a file accepts, the careful way reads the same."""

import random
import sysconfig
from pathlib import Path
from typing import Any

from stillroom_core.revisions.header import NAMES, read_header
from stillroom_core.revisions.syntax import NotRead, read_names

LINES = [
    '"""message\n\nmore"""',
    "'''message'''",
    '"message"',
    "r'''raw'''",
    '"""a "quoted" word and an apostrophe\'s\nsecond line # no comment\nrevision = \'text\'"""',
    '""""starts with a quote"""',
    '("in brackets")',
    '"two" "parts"',
    '"back\\\\slash"',
    "# a comment with revision = 'x'",
    "   # an indented comment",
    "",
    "   ",
    "import os",
    "import os, sys  # both",
    "from alembic import op",
    "from x import (a, b)",
    "from x import (  # why\n    a,\n    b,  # that\n)",
    "from x import revision",
    "from x import y as down_revision",
    "from x import *",
    "from x import  *",
    "import revision.part",
    "revision = 'r1'",
    'revision: str = "r2"',
    "revision = u'r3'",
    "revision = 'a' 'b'",
    "revision = 'a' + 'b'",
    "revision = r'raw'",
    "revision = b'bytes'",
    "revision = f'f'",
    "revision = 'esc\\x41'",
    "revision = '''triple'''",
    'revision = """triple\nrevision = 5\n"""',
    "revision = 'semi'; down_revision = 'colon'",
    "revision = down_revision = 'chain'",
    "revision, down_revision = 'a', 'b'",
    "revision = (\n    'bracketed'\n)",
    "revision = OTHER",
    "revision = 5",
    "revision = ''",
    "revision = 'x'  # the id",
    "revision == 'compared'",
    "revision: str",
    "revision: (globals()) = 'x'",
    "revision += 'more'",
    "revision = None",
    "down_revision = None",
    "down_revision: Union[str, Sequence[str], None] = None",
    "down_revision = 'd1'",
    "down_revision = ('d1', 'd2')",
    "down_revision = ['d1',\n    'd2',\n]",
    "down_revision = ('d1')",
    "down_revision = ()",
    "down_revision = ('d1', X)",
    "down_revision = ('b]', 'c')",
    "down_revision = ('d1',  # first\n'd2')",
    "down_revision = {'d1'}",
    "down_revision = ('d1'\n'd2')",
    "down_revision = None \\\n",
    "branch_labels = None",
    "branch_labels = ('one',)",
    "branch_labels = 'one'",
    "depends_on = None",
    "depends_on = 'd'",
    "depends_on = ('d', 'e')",
    "OTHER = 'constant'",
    "OTHER: str = 'annotated'",
    "NUMBER = 5",
    "TEXT = 'revision'",
    "__doc__ = 'replaced'",
    "logger = logging.getLogger(__name__)",
    "if True:\n    revision = 'inner'",
    "if True:\n    pass",
    "try:\n    import a\nexcept ImportError:\n    a = None",
    "for revision in ():\n    pass",
    "with open('x') as depends_on:\n    pass",
    "(revision := 'walrus')",
    "globals()['revision'] = 'x'",
    "locals().update(revision='x')",
    "def revision():\n    pass",
    "class depends_on:\n    revision = 'inside'",
    "def upgrade():\n    revision = 'local'\n    op.execute('''\nrevision = 'sql'\n''')",
    "def upgrade():\n    op.execute('''\nselect 1\n''')",
    "def downgrade():\n    global revision\n    revision = 'y'",
    "def downgrade():\n    'a new revision'\n    import x",
    "def downgrade():\n    return [\n1, revision\n]",
    "def downgrade():\n    return (\n    revision\n)",
    "def downgrade(): revision = 1; down_revision = 2",
    "async def upgrade():\n    '''\ndef revision():\n    '''",
    "async def upgrade():\n    '''a revision\n    '''",
    "def down_revision(): pass",
    "def upgrade():\n    pass\nrevision = 'at the margin'",
    "def upgrade(): return 1 + \\\nrevision",
    "@decorated\ndef helper(revision=None):\n    pass",
    "x = [revision for revision in ()]",
    "x = lambda revision: revision",
    "revision\t=\t'tabs'",
    "\x0crevision = 'after a form feed'",
    "import os\r\nrevision = 'windows'\r\n",
    "import os\rrevision = 'old mac'",
    "ｒｅｖｉｓｉｏｎ = 'compatibility letters'",
    "# -*- coding: latin-1 -*-",
    "# -*- coding: utf-8 -*-",
    "ж = 'cyrillic'",
]


def normal(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def disagreement(text: str) -> str | None:
    """None when the quick way refuses the text, the text has no syntax tree, or both agree."""
    header = read_header(text)
    if not header.whole:
        return None
    try:
        values, doc = read_names(text)
    except NotRead:
        return None
    assert set(header.values) <= set(NAMES)
    if normal(header.values) == normal(values) and (header.doc or None) == (doc or None):
        return None
    return f"{text!r}: {header} against {values} {doc!r}"


def test_every_single_line_and_every_pair_of_lines_agrees() -> None:
    accepted = 0
    for first in LINES:
        for second in ["", *LINES]:
            text = f"{first}\n{second}\n"
            assert disagreement(text) is None
            accepted += read_header(text).whole
    assert accepted > 500


def test_thousands_of_random_files_agree() -> None:
    dice = random.Random(11)  # noqa: S311 - the same files every time
    accepted = 0
    for _ in range(40_000):
        lines = dice.choices(LINES, k=dice.randint(1, 9))
        if dice.random() < 0.7:
            lines = ["'''doc'''", "import os", "revision = 'r'", "down_revision = None", *lines[:2]]
            dice.shuffle(lines)
        text = dice.choice(["\n", "\r\n", "\n\n"]).join(lines) + dice.choice(["\n", ""])
        assert disagreement(text) is None
        accepted += read_header(text).whole
    assert accepted > 2000


def test_the_standard_library_agrees() -> None:
    """Files that were not written with us in mind."""
    accepted = 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py"))[::4]:
        try:
            text = path.read_text()
        except (UnicodeDecodeError, OSError):
            continue
        assert disagreement(text) is None, path
        accepted += read_header(text).whole
    assert accepted > 50
