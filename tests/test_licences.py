"""The page about licences is what the locks say, and no licence passes that nobody has let pass."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import licences  # noqa: E402


def everything() -> list[licences.Package]:
    page = licences.PAGE.read_text()
    return [*licences.python_packages(licences.known_of(page)), *licences.npm_packages()]


def test_every_package_of_both_locks_is_on_the_page_with_its_version() -> None:
    known = licences.known_of(licences.PAGE.read_text())
    packages = everything()
    assert len(packages) > 400
    assert {(p.name, p.version) for p in packages} - known.keys() == set()
    assert known.keys() - {(p.name, p.version) for p in packages} == set()
    assert [(p.name, p.licence) for p in packages if known[(p.name, p.version)] != p.licence] == []


def test_no_package_is_under_a_licence_that_nobody_has_let_pass() -> None:
    assert [fault for package in everything() if (fault := licences.fault_of(package))] == []


@pytest.mark.parametrize(
    "licence",
    ["GPL-3.0-only", "AGPL-3.0-or-later", "LGPL-2.1", "MPL-2.0", "SSPL-1.0", "MIT AND GPL-2.0-only", "unknown", ""],
)
def test_a_package_under_a_reciprocal_licence_or_none_is_refused_with_what_to_do(licence: str) -> None:
    told = licences.fault_of(licences.Package("new-one", "1.0", licence, shipped=True))
    assert told is not None and "new-one 1.0" in told and "tools/licences.toml" in told


@pytest.mark.parametrize("licence", ["MIT", "MIT OR GPL-3.0-only", "(MIT OR CC0-1.0)", "Apache-2.0 AND BSD-2-Clause"])
def test_one_that_can_be_met_by_a_permissive_licence_passes(licence: str) -> None:
    assert licences.fault_of(licences.Package("new-one", "1.0", licence, shipped=True)) is None


def test_whoever_is_let_pass_or_named_is_still_in_a_lock_and_has_a_reason() -> None:
    names = {package.name for package in everything()}
    for name, why in licences.RULES["accepted"].items():
        assert re.match(r"(LGPL|MPL)-\d\.\d.*: \S", why), name
        assert any(re.fullmatch(name.replace("*", ".*"), found) for found in names), f"{name} is in no lock any more"
    assert licences.RULES["named"].keys() - names == set()


def test_what_only_tests_load_is_not_shipped() -> None:
    shipped = {package.name for package in everything() if package.shipped}
    assert {"fastapi", "celery", "uv", "react"} <= shipped
    assert {"pytest", "psycopg2-binary", "hypothesis", "vitest", "sphinx"} & shipped == set()


def test_our_own_packages_say_the_licence_that_the_repository_has() -> None:
    for path in ROOT.glob("services/*/pyproject.toml"):
        assert tomllib.loads(path.read_text())["project"]["license"] == "Apache-2.0", path
