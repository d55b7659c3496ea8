"""Which interpreter a project gets."""

from pathlib import Path

import pytest
from packaging.version import Version

from stillroom_worker.virtualenv import VirtualenvFailed
from stillroom_worker.virtualenv.constraints import allows, alternatives
from stillroom_worker.virtualenv.detect import detect, folders_upwards
from stillroom_worker.virtualenv.interpreters import Interpreter, installed
from stillroom_worker.virtualenv.python_choice import candidates
from stillroom_worker.virtualenv.wheels import missing_wheels


def python(version: str, *, reachable: bool = True) -> Interpreter:
    path = Path(f"/opt/{version}/bin/python")
    return Interpreter(path=path, prefix=path.parent, version=version, reachable=reachable, markers={})


PRESENT = [python("3.13.0"), python("3.12.1"), python("3.11.2"), python("3.9.18")]


def choose(export: Path, setting: str | None = None) -> list[str]:
    folders = folders_upwards(export, ".")
    found, _ = candidates(PRESENT, detect(export, folders, None), folders, setting)
    return [one.version for one in found]


async def test_the_interpreters_of_this_machine_answer_and_are_no_environments() -> None:
    found = await installed()
    assert found
    assert all(one.path.exists() and Version(one.version) >= Version("3.8") for one in found)
    assert len({one.path for one in found}) == len(found)
    assert [one.reachable for one in found] == sorted((one.reachable for one in found), reverse=True)


def test_without_a_demand_the_best_one_comes_first(project) -> None:
    assert choose(project({}))[0] == "3.13.0"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pyproject.toml": '[project]\nname = "a"\nrequires-python = ">=3.9,<3.12"\n'}, ["3.11.2", "3.9.18"]),
        ({"pyproject.toml": '[project]\nname = "a"\nrequires-python = "==3.12.*"\n'}, ["3.12.1"]),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "~3.11"\n'}, ["3.11.2"]),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.12 || 3.9.*"\n'}, ["3.13.0", "3.12.1", "3.9.18"]),
        ({"setup.cfg": "[metadata]\n[options]\npython_requires = <3.12\n"}, ["3.11.2", "3.9.18"]),
        ({"setup.py": "from setuptools import setup\nsetup(python_requires='<3.11')\n"}, ["3.9.18"]),
        ({".python-version": "# chosen\n3.12.7\n"}, ["3.12.1"]),
        ({".python-version": "my-environment\n"}, ["3.13.0", "3.12.1", "3.11.2", "3.9.18"]),
        ({".python-version": "3.10\n"}, ["3.13.0", "3.12.1", "3.11.2", "3.9.18"]),
    ],
)
def test_what_the_project_asks_for_is_respected(project, files: dict[str, str], expected: list[str]) -> None:
    assert choose(project(files)) == expected


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("3.12", "3.12.1"), ("python3.9", "3.9.18"), (">=3.10,<3.12", "3.11.2"), ("3.11.2", "3.11.2")],
)
def test_the_projects_setting_is_final(project, setting: str, expected: str) -> None:
    export = project({"pyproject.toml": '[project]\nname = "a"\nrequires-python = ">=3.13"\n'})
    assert choose(export, setting) == [expected]


@pytest.mark.parametrize("setting", ["3.10", "3.11.9", ">=4", "banana", "/usr/bin/python3"])
def test_when_none_fits_it_is_said_what_there_is(project, setting: str) -> None:
    with pytest.raises(VirtualenvFailed) as failed:
        choose(project({}), setting)
    assert failed.value.code == "no_python"
    if setting[0] in "3>":
        assert "3.9.18, 3.11.2, 3.12.1, 3.13.0" in failed.value.detail


def test_an_interpreter_for_which_the_lock_has_wheels_goes_first(project) -> None:
    wheels = "\n".join(
        f'{{ url = "https://x/psycopg2_binary-2.9.5-{tag}-{tag}-manylinux_2_17_x86_64.whl" }}'
        for tag in ("cp39", "cp311")
    )
    export = project({"uv.lock": f'version = 1\nrequires-python = ">=3.8"\n# {wheels}'.replace("\n{", "\n# {")})
    assert choose(export)[0] == "3.11.2"


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("a-1.0-py3-none-any.whl", 0),
        ("a-1.0-py2.py3-none-any.whl", 0),
        ("a-1.0-cp39-abi3-manylinux2014_x86_64.whl", 0),
        ("a-1.0-cp313-abi3-manylinux2014_x86_64.whl", 1),
        ("a-1.0-cp312-cp312-musllinux_1_1_x86_64.whl", 0),
        ("a-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", 1),
        ("a-1.0-cp311-cp311-win_amd64.whl", 0),
    ],
)
def test_wheels_are_read_by_their_tags(name: str, missing: int) -> None:
    assert missing_wheels(f'file = "{name}"', Version("3.12.1")) == missing


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("^1.2.3", "1.9", "2.0"),
        ("^0.2.3", "0.2.9", "0.3"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("~1.2.3", "1.2.9", "1.3"),
        ("~1", "1.9", "2"),
        ("~=1.2", "1.9", "2.0"),
        ("1.2.*", "1.2.7", "1.3"),
        (">=1.2,<2 || ^3", "3.1", "2.5"),
        ("1.4", "1.4", "1.5"),
    ],
)
def test_constraints_as_poetry_writes_them(text: str, yes: str, no: str) -> None:
    assert allows(alternatives(text), yes)
    assert not allows(alternatives(text), no)
