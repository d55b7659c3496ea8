"""What the hook's file itself must be: one old-fashioned file that needs nothing and costs little."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

from stillroom_runner import hook, messages

SOURCE = Path(hook.__file__).read_text()


def test_it_is_written_in_the_syntax_of_python_3_8() -> None:
    ast.parse(SOURCE, feature_version=(3, 8))


def test_it_imports_only_the_standard_library_and_the_tenants_alembic() -> None:
    imported = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).split(".")[0])

    assert imported - set(sys.stdlib_module_names) == {"alembic", "sqlalchemy"}


def test_nothing_that_it_loads_itself_comes_from_beside_it() -> None:
    code = (
        "import sys, runpy; sys.argv=['hook.py']\n"
        f"sys.path.insert(0, {str(Path(hook.__file__).parent)!r})\n"
        "try: runpy.run_path(sys.path[0] + '/hook.py', run_name='__main__')\n"
        "except IndexError: pass\n"
        "print([p for p in sys.path if 'stillroom_runner' in p])"
    )

    shown = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True).stdout

    assert shown == "[]\n"


def test_its_limits_and_kinds_are_those_of_the_messages() -> None:
    assert hook.PROTOCOL == messages.PROTOCOL
    assert hook.MAX_SQL == messages.MAX_SQL
    assert hook.MAX_MESSAGE == messages.MAX_MESSAGE
    assert hook.MAX_EVENT < messages.MAX_LINE
    assert {*hook._KINDS, "command"} == set(messages.KINDS)
    used = {
        node.value
        for node in ast.walk(ast.parse(SOURCE))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(messages.ERROR_KINDS) <= used
    assert set(messages.EVENT_TYPES) <= used


def test_thousands_of_statements_a_second_are_reported(runner: Any, project: Any) -> None:
    project.revision(
        "a1",
        None,
        """
        connection = op.get_bind()
        for number in range(3000):
            connection.exec_driver_sql("SELECT 1")
        """,
    )

    run = runner.run(project, "upgrade").expect_ok()

    assert len([s for s in run.of("statement_finished") if s["rows"] == 1]) >= 3000
    assert run.one("step_finished")["ms"] < 15_000  # 3 s on two busy cores; a backlog would take minutes


def test_a_history_of_five_hundred_revisions_is_one_plan_and_one_graph(runner: Any, project: Any) -> None:
    before = None
    for number in range(500):
        project.revision(f"r{number:04}", before)
        before = f"r{number:04}"

    assert len(runner.run(project, "graph").expect_ok().one("graph")["revisions"]) == 500
    upgrade = runner.run(project, "upgrade").expect_ok()
    assert len(upgrade.one("plan")["steps"]) == len(upgrade.of("step_finished")) == 500
