"""Small projects on disk, and the real Alembic to compare with."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillroom_core.revisions.reader import Reading, read_graph
from stillroom_core.revisions.source import Source

TRUTH = Path(__file__).with_name("alembic_truth.py")

Write = Callable[..., Path]
Ask = Callable[..., list[dict[str, Any]]]
Read = Callable[..., Reading]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """write({"path": "text" or bytes}) puts files below a folder and returns it."""

    def put(files: dict[str, str | bytes], root: Path = tmp_path) -> Path:
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return root

    return put


@pytest.fixture(scope="session")
def ask_alembic() -> Ask:
    """ask_alembic([question, …]) answers from ScriptDirectory in a process of its own."""

    def ask(questions: list[dict[str, Any]], *, stub: list[str] | None = None) -> list[dict[str, Any]]:
        run = subprocess.run(
            [sys.executable, str(TRUTH)],
            input=json.dumps({"questions": questions, "stub": stub}),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert run.returncode == 0, run.stderr[-4000:]
        answers: list[dict[str, Any]] = json.loads(run.stdout)
        return answers

    return ask


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """read(…) reads the project that `write` wrote; keywords are Source's."""

    def reading(**source: Any) -> Reading:
        return read_graph(Source(export=tmp_path, **source))

    return reading


@pytest.fixture(scope="session")
def revision_text() -> Callable[..., str]:
    """The text of a revision file as Alembic's own template writes it."""

    def text(
        key: str, down: Any = None, *, labels: Any = None, depends_on: Any = None, message: str = "a change"
    ) -> str:
        return (
            f'"""{message}\n\nRevision ID: {key}\nRevises: {down}\n\n"""\n'
            "from typing import Sequence, Union\n\nfrom alembic import op\n\n"
            "# revision identifiers, used by Alembic.\n"
            f"revision: str = {key!r}\n"
            f"down_revision: Union[str, Sequence[str], None] = {down!r}\n"
            f"branch_labels = {labels!r}\n"
            f"depends_on = {depends_on!r}\n\n\n"
            'def upgrade() -> None:\n    op.execute("""\nselect 1\n""")\n\n\n'
            "def downgrade() -> None:\n    pass\n"
        )

    return text
