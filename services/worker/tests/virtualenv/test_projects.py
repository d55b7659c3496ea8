"""Projects without a lock, and projects that have to be installed themselves."""

import subprocess
from pathlib import Path

import pytest

from stillroom_worker.virtualenv import VirtualenvFailed
from stillroom_worker.virtualenv.project import why_install

SETUPTOOLS = '[build-system]\nrequires = ["setuptools>=64"]\nbuild-backend = "setuptools.build_meta"\n'


async def test_a_pyproject_gives_its_dependencies_extras_and_groups(project, install, packages) -> None:
    text = """
[project]
name = "app"
version = "1"
dependencies = ["six==1.16.0"]
[project.optional-dependencies]
more = ["iniconfig==2.0.0"]
[dependency-groups]
base = ["attrs"]
test = [{include-group = "base"}]
"""
    found = await install(project({"pyproject.toml": text}), extras=("more",), groups=("test",))
    have = packages(found)
    assert {"six", "iniconfig", "attrs", "alembic", "psycopg"} <= set(have)
    assert "app" not in have
    assert found.source == "pyproject.toml"


async def test_poetrys_metadata_without_a_lock_is_understood(project, install, packages) -> None:
    text = (
        '[tool.poetry]\nname = "app"\nversion = "1"\n[tool.poetry.dependencies]\npython = "^3.9"\nsix = "~1.16"\n'
        'iniconfig = {version = "^2.0", optional = true}\n'
    )
    text += '[tool.poetry.extras]\nmore = ["iniconfig"]\n'
    export = project({"pyproject.toml": text})
    have = packages(await install(export))
    assert have["six"].startswith("1.16")
    assert "iniconfig" not in have
    assert packages(await install(export, extras=("more",)))["iniconfig"].startswith("2.")


async def test_a_project_with_entry_points_is_installed_though_its_version_comes_from_git(
    project, install, packages
) -> None:
    text = (
        '[project]\nname = "tagged-app"\ndynamic = ["version"]\ndependencies = ["six==1.16.0"]\n'
        '[project.entry-points."plugins"]\none = "tagged:one"\n'
        '[build-system]\nrequires = ["setuptools>=64", "setuptools-scm>=8"]\n'
        'build-backend = "setuptools.build_meta"\n[tool.setuptools_scm]\n'
    )
    export = project({"pyproject.toml": text, "src/tagged/__init__.py": "one = 1\n"})
    found = await install(export)
    assert packages(found)["tagged-app"] == "0.0.1"
    run = [found.python, "-I", "-c", "import tagged; print(tagged.one)"]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "1\n"
    assert sorted(p.name for p in export.iterdir()) == ["pyproject.toml", "src"]


async def test_a_project_that_cannot_be_built_still_gets_what_it_needs(project, install, packages) -> None:
    text = (
        '[project]\nname = "broken"\nversion = "1"\ndependencies = ["six==1.16.0"]\n'
        '[project.scripts]\nbroken = "broken:main"\n[build-system]\nrequires = ["setuptools>=64"]\n'
        'build-backend = "no_such_backend"\n'
    )
    found = await install(project({"pyproject.toml": text}))
    assert packages(found)["six"] == "1.16.0"
    assert any("could not be installed" in note for note in found.notes)


async def test_a_project_that_must_be_installed_and_cannot_be_built_fails(project, install) -> None:
    setup = "raise RuntimeError('this build is broken on purpose')\n"
    with pytest.raises(VirtualenvFailed) as failed:
        await install(project({"setup.py": setup}), python="3.11")
    assert failed.value.code == "build_failed"
    assert "broken on purpose" in failed.value.detail


async def test_a_setup_py_brings_what_it_needs(project, install, packages) -> None:
    setup = (
        "from setuptools import setup\n"
        "setup(name='old', version='1', py_modules=['old'], install_requires=['six==1.16.0'],\n"
        "      python_requires='>=3.8')\n"
    )
    found = await install(project({"setup.py": setup, "old.py": ""}))
    assert {"old", "six"} <= set(packages(found))
    assert found.source == "setup.py"


async def test_a_folder_with_nothing_gets_the_default_runtime(project, install) -> None:
    found = await install(project({"alembic.ini": "[alembic]\n"}))
    assert found.source == "default"
    assert found.drivers == ("psycopg", "psycopg2", "asyncpg")
    code = "import alembic, sqlalchemy, psycopg, psycopg2, asyncpg"
    subprocess.run([found.python, "-I", "-c", code], check=True)


async def test_the_project_is_not_installed_when_its_settings_say_so(project, install, packages) -> None:
    text = f'[project]\nname = "app"\nversion = "1"\n[project.scripts]\napp = "app:main"\n{SETUPTOOLS}'
    export = project({"pyproject.toml": text, "app.py": "def main(): pass\n"})
    assert "app" not in packages(await install(export, install_project=False))
    assert "app" in packages(await install(export, install_project=True))


def test_when_a_project_has_to_be_installed(project) -> None:
    plain = f'[project]\nname = "app"\nversion = "1"\n{SETUPTOOLS}'
    export = project(
        {
            "flat/pyproject.toml": plain,
            "src/pyproject.toml": plain,
            "src/src/app/__init__.py": "",
            "location/pyproject.toml": plain,
            "location/alembic.ini": "[alembic]\nscript_location = app.db:migrations\n",
            "path/pyproject.toml": plain,
            "path/alembic.ini": "[alembic]\nscript_location = %(here)s/migrations\n",
            "virtual/pyproject.toml": '[project]\nname = "app"\nversion = "1"\n[project.scripts]\nx = "y:z"\n',
            "none/alembic.ini": "script_location = app:migrations\n",
        }
    )

    def reason(name: str) -> str | None:
        folder = export / name
        return why_install(folder if name != "none" else None, folder)

    assert reason("src") == "its package stands in src/"
    assert reason("location") == "its script_location names a package"
    assert [reason(name) for name in ("flat", "path", "virtual", "none")] == [None] * 4


async def test_the_subdirectory_must_be_in_the_export(project, install, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for name in ("missing", "../elsewhere", "/etc"):
        with pytest.raises(VirtualenvFailed):
            await install(project({}), name)
