"""Which file is a project's source."""

from pathlib import Path

import pytest

from stillroom_worker.virtualenv import VirtualenvFailed
from stillroom_worker.virtualenv.detect import detect, folders_upwards

PROJECT = '[project]\nname = "{}"\nversion = "1"\n'


def source(export: Path, subdirectory: str, wanted: str | None = None) -> str:
    return detect(export, folders_upwards(export, subdirectory), wanted).label


def test_the_nearest_lock_wins_and_requirements_go_before_metadata(project) -> None:
    export = project(
        {
            "poetry.lock": "",
            "backend/requirements.txt": "",
            "backend/pyproject.toml": PROJECT.format("b"),
            "backend/migrations/alembic.ini": "",
            "tools/alembic.ini": "",
        }
    )
    assert source(export, "backend/migrations") == "backend/requirements.txt"
    assert source(export, "tools") == "poetry.lock"


def test_a_lock_further_up_counts_for_a_project_only_when_it_names_it(project) -> None:
    lock = 'version = 1\n[[package]]\nname = "api"\nversion = "1"\nsource = {editable = "services/api"}\n'
    export = project(
        {
            "uv.lock": lock,
            "services/api/pyproject.toml": PROJECT.format("api"),
            "services/own/pyproject.toml": PROJECT.format("own"),
        }
    )
    assert source(export, "services/api") == "uv.lock"
    assert source(export, "services/own") == "services/own/pyproject.toml"


def test_a_pyproject_that_only_configures_tools_is_no_source(project) -> None:
    export = project({"pyproject.toml": "[tool.ruff]\nline-length = 100\n", "setup.py": ""})
    assert source(export, ".") == "setup.py"
    assert source(project({"sub/pyproject.toml": "[tool.black]\n"}), "sub") == "setup.py"


def test_a_named_source_is_taken_from_the_folder_or_above(project) -> None:
    export = project({"requirements/ci.txt": "", "uv.lock": "", "sub/x": ""})
    assert source(export, "sub", "requirements/ci.txt") == "requirements/ci.txt"
    assert source(export, "sub", "default") == "default"
    for name in ("nope.txt", "../../etc/passwd", "/etc/passwd"):
        with pytest.raises(VirtualenvFailed):
            source(export, "sub", name)
