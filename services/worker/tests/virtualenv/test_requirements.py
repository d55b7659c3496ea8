"""Requirements files: included, pinned, hashed, contradictory, hostile."""

from pathlib import Path

import pytest

from stillroom_worker.virtualenv import VirtualenvFailed
from stillroom_worker.virtualenv.requirements_txt import read_requirements


async def test_hashes_and_included_files_are_followed(project, install, packages, hashes) -> None:
    six = " \\\n    ".join(f"--hash={value}" for value in hashes["six"])
    export = project(
        {
            "backend/requirements/prod.txt": "-r base.txt\n-c ../limits.txt\n# note\niniconfig  # inline\n",
            "backend/requirements/base.txt": f"six==1.16.0 \\\n    {six}\n",
            "backend/limits.txt": "iniconfig==2.0.0\n",
        }
    )
    found = await install(export, "backend")
    assert found.source == "backend/requirements/prod.txt"
    assert (packages(found)["six"], packages(found)["iniconfig"]) == ("1.16.0", "2.0.0")


async def test_pins_that_contradict_each_other_are_installed_as_written(project, install, packages) -> None:
    export = project({"requirements.txt": "sqlalchemy==1.3.24\nalembic==1.16.5\n"})
    found = await install(export)
    assert (found.alembic, found.sqlalchemy) == ("1.16.5", "1.3.24")
    assert found.drivers == ("psycopg2",)  # SQLAlchemy 1 does not know psycopg 3
    assert any("exactly as written" in note for note in found.notes)


async def test_a_version_that_does_not_exist_fails_with_the_tools_words(project, install) -> None:
    with pytest.raises(VirtualenvFailed) as failed:
        await install(project({"requirements.txt": "six==99.0\n"}))
    assert failed.value.code == "resolution_failed"
    assert "six==99" in failed.value.detail


@pytest.mark.parametrize(
    "line", ["-r /etc/passwd", "-c ../../../etc/passwd", "-r ../outside.txt", "-e ../outside", "/etc"]
)
def test_a_requirements_file_cannot_reach_out_of_its_repository(project, tmp_path: Path, line: str) -> None:
    (tmp_path / "outside.txt").write_text("canary")
    export = project({"requirements.txt": line + "\n"})
    with pytest.raises(VirtualenvFailed) as failed:
        read_requirements(export.resolve(), export.resolve() / "requirements.txt")
    assert "canary" not in failed.value.detail
    assert "root:" not in failed.value.detail


def test_folders_of_the_repository_are_told_from_packages(project) -> None:
    text = "six\n-e ./libs/one[fast]\nlibs/two\nname @ file:./libs/one\npkg @ git+https://h.example/a/b@main\na/b\n"
    export = project({"requirements.txt": text, "libs/one/x": "", "libs/two/x": "", "a/b/x": ""}).resolve()
    plan = read_requirements(export, export / "requirements.txt")
    assert plan.lines == ("six", "pkg @ git+https://h.example/a/b@main")
    assert plan.locals == (export / "libs/one", export / "libs/two", export / "a/b")


async def test_a_file_that_includes_itself_ends(project) -> None:
    export = project({"requirements.txt": "-r requirements.txt\nsix\n"}).resolve()
    assert read_requirements(export, export / "requirements.txt").lines == ("six",)


async def test_extra_packages_are_added(project, install, packages) -> None:
    found = await install(
        project({"requirements.txt": "six==1.16.0\n"}), extra_packages=("iniconfig==2.0.0", "asyncpg")
    )
    assert packages(found)["iniconfig"] == "2.0.0"
    assert found.drivers == ("asyncpg",)


@pytest.mark.parametrize(
    "text", ["--index-url=http://evil", "-r /etc/passwd", "/etc", "x @ file:///etc", "x @ http://h/x.whl", "a b"]
)
async def test_an_extra_package_that_is_no_package_is_refused(project, install, text: str) -> None:
    with pytest.raises(VirtualenvFailed) as failed:
        await install(project({}), extra_packages=(text,))
    assert failed.value.code == "resolution_failed"


@pytest.mark.parametrize("name", ["--all", "a b", "", "../x"])
async def test_a_group_that_is_no_name_is_refused(project, install, name: str) -> None:
    with pytest.raises(VirtualenvFailed):
        await install(project({}), groups=(name,))
