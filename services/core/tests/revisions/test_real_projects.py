"""Well-known projects, from their distributions: what we read is what Alembic loads.

Marked `real`: the wheels come from the package index, unpacked without their dependencies. In the process that
asks Alembic, inert stand-ins take the place of what the revision files import, the project itself included.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillroom_core.errors import StillroomError
from stillroom_core.revisions.chains import find_chains
from stillroom_core.revisions.planner import plan
from stillroom_core.revisions.reader import read_graph
from stillroom_core.revisions.source import Source

pytestmark = pytest.mark.real

# Distribution → the fewest revisions that its largest chain has had.
PROJECTS = {
    "mlflow==3.18.0": 70,
    "apache-airflow-core==3.3.2": 124,
    "apache-superset==6.1.0": 344,
    "galaxy-data==26.1.2": 82,
    "open-webui==0.12.4": 66,
    "dagster==1.13.29": 88,
    "optuna==5.0.0": 10,
    "aiida-core==2.9.4": 104,
    "zenml==0.98.0": 285,
    "prefect==3.9.1": 0,
    "meltano==4.4.1": 16,
}


@pytest.fixture(scope="session")
def unpack(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    def get(project: str) -> Path:
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
        assert uv, "uv is needed to fetch the distributions"
        target = tmp_path_factory.mktemp(project.partition("=")[0])
        command = [uv, "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--python", sys.executable]
        command += ["--python-version", "3.12", "--target", str(target), project]
        subprocess.run(command, check=True, timeout=600)
        return target

    return get


@pytest.mark.parametrize("project", PROJECTS)
def test_a_real_project_is_read_and_planned_as_alembic_does(
    project: str, unpack: Callable[[str], Path], ask_alembic: Any
) -> None:
    root = unpack(project)
    chains = find_chains(root)
    assert chains
    largest = 0
    for chain in chains:
        source = Source(
            export=root, subdirectory=chain.subdirectory, config_file=chain.config_file, section=chain.section
        )
        reading = read_graph(source)
        graph = reading.graph
        largest = max(largest, len(graph))
        some = graph.order[:: max(1, len(graph) // 12)]
        asked = [
            (kind, target, list(graph.tips(graph.ancestors([row]))))
            for row in some
            for kind, target in [
                ("upgrade", "heads"),
                ("upgrade", "head"),
                ("upgrade", "+2"),
                ("downgrade", "base"),
                ("downgrade", "-2"),
                ("downgrade", some[-1]),
                ("upgrade", some[0]),
                ("stamp", some[-1]),
            ]
        ]
        cwd = root / chain.subdirectory
        overrides = {"script_location": str(root / chain.script_location), "prepend_sys_path": ""}
        question = {"root": str(root), "cwd": str(cwd), "ini": chain.config_file, "asked": asked}
        question |= {"section": chain.section, "overrides": overrides, "rows": [list(graph.heads)]}
        [truth] = ask_alembic([question], stub=[])
        assert "error" not in truth, truth
        assert list(graph.heads) == truth["heads"]
        assert list(graph.effective_heads) == truth["effective_heads"]
        assert list(graph.bases) == truth["bases"]
        assert sorted(graph.order) == sorted(truth["order"])
        for key, expected in truth["revisions"].items():
            assert list(graph[key].down) == expected["down"]
            assert list(graph.dependencies.get(key, ())) == expected["depends_on"]
            assert (graph[key].message, graph[key].path) == (expected["message"], expected["path"])
        for (kind, target, heads), steps in zip(asked, truth["steps"], strict=True):
            try:
                found = plan(graph, kind, target, heads).steps
            except StillroomError:
                assert isinstance(steps, dict), (kind, target, heads)
                continue
            if kind == "stamp":
                assert [[list(s.from_revisions), list(s.to_revisions)] for s in found] == steps
            else:
                assert [step.revision for step in found] == steps, (kind, target, heads)
        print(chain.script_location, len(graph), "complete" if reading.complete else "ask Alembic", len(asked))
    assert largest >= PROJECTS[project]
