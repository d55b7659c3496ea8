"""Where revisions lie: every way to say it, compared with the real Alembic where it has an opinion."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillroom_core.revisions.chains import ChainKind, find_chains

Text = Callable[..., str]


@pytest.mark.parametrize(
    ("ini", "source", "found"),
    [
        ("[alembic]\nscript_location = migrations\n", {}, "m"),
        ("[alembic]\nscript_location = %(here)s/migrations\n", {}, "m"),
        ("[DEFAULT]\nbase = migrations\n[alembic]\nscript_location = %(base)s\n", {}, "m"),
        ("[alembic]\nscript_location = app.pkg:scripts\n", {}, "p"),
        ("[alembic]\nscript_location = migrations\nversion_locations = one two\n", {}, "12"),
        ("[alembic]\nscript_location = migrations\nversion_locations = one, two\n", {}, "12"),
        ("[alembic]\nscript_location = migrations\nversion_locations = one:two\npath_separator = os\n", {}, "12"),
        ("[alembic]\nscript_location = migrations\nversion_locations = one:two\npath_separator = :\n", {}, "12"),
        ("[alembic]\nscript_location = migrations\nversion_locations = one;two\npath_separator = ;\n", {}, "12"),
        (
            "[alembic]\nscript_location = migrations\nversion_locations =\n  one\n  two\npath_separator = newline\n",
            {},
            "12",
        ),
        (
            "[alembic]\nscript_location = migrations\nversion_locations = one two\nversion_path_separator = space\n",
            {},
            "12",
        ),
        (
            "[alembic]\nscript_location = migrations\nversion_locations = %(here)s/one %(here)s/gone\n",
            {},
            "1",
        ),
        (
            "[alembic]\nscript_location = migrations\nversion_locations = one\nrecursive_version_locations = true\n",
            {},
            "1s",
        ),
        ("[other]\nscript_location = migrations\n", {"section": "other"}, "m"),
        ("[alembic]\nx = y\n", {"overrides": {"script_location": "migrations"}}, "m"),
        ("[logging]\nx = y\n", {"overrides": {"script_location": "migrations"}}, "m"),
        ("[alembic]\nurl = a%%b\nscript_location = migrations\n", {}, "m"),
    ],
)
def test_locations_are_found_as_alembic_finds_them(
    write: Any, read: Any, ask_alembic: Any, revision_text: Text, ini: str, source: dict[str, Any], found: str
) -> None:
    root: Path = write(
        {
            "alembic.ini": ini,
            "migrations/env.py": "",
            "migrations/versions/m.py": revision_text("m"),
            "migrations/versions/__init__.py": "",
            "migrations/versions/deeper/x.py": revision_text("x"),
            "one/1.py": revision_text("1"),
            "one/sub/s.py": revision_text("s"),
            "two/2.py": revision_text("2"),
            "app/__init__.py": "",
            "app/pkg/__init__.py": "",
            "app/pkg/scripts/versions/p.py": revision_text("p"),
        }
    )
    question = {"root": str(root), "cwd": str(root), "ini": "alembic.ini", **source}
    [truth] = ask_alembic([question], stub=[str(root)])
    assert sorted(truth["revisions"]) == sorted(found)
    reading = read(
        config_file="alembic.ini",
        section=source.get("section", "alembic"),
        ini_overrides=source.get("overrides", {}),
    )
    assert sorted(reading.graph.revisions) == sorted(found)
    assert reading.complete
    assert {k: v["path"] for k, v in truth["revisions"].items()} == {
        k: v.path for k, v in reading.graph.revisions.items()
    }


def test_pyproject_alone_configures_a_project(write: Any, read: Any, ask_alembic: Any, revision_text: Text) -> None:
    toml = (
        '[tool.alembic]\nscript_location = "%(here)s/db"\nversion_locations = ["%(here)s/one", "two"]\n'
        "recursive_version_locations = true\n"
    )
    root: Path = write(
        {
            "svc/pyproject.toml": toml,
            "svc/db/env.py": "",
            "svc/one/deep/1.py": revision_text("1"),
            "svc/two/2.py": revision_text("2", "1"),
        }
    )
    question = {"root": str(root), "cwd": str(root / "svc"), "toml": "pyproject.toml"}
    [truth] = ask_alembic([question])
    reading = read(subdirectory="svc", config_file="pyproject.toml")
    assert reading.complete
    assert list(reading.graph.revisions) == list(truth["revisions"])
    assert reading.script_location == "svc/db"
    assert reading.version_locations == ("svc/one", "svc/two")


def test_the_ini_wins_over_pyproject_unless_that_is_named(write: Any, read: Any, revision_text: Text) -> None:
    write(
        {
            "alembic.ini": "[alembic]\nscript_location = a\n",
            "pyproject.toml": '[tool.alembic]\nscript_location = "b"\n',
            "a/versions/a.py": revision_text("a"),
            "b/versions/b.py": revision_text("b"),
        }
    )
    assert list(read().graph.revisions) == ["a"]
    assert list(read(config_file="pyproject.toml").graph.revisions) == ["b"]
    assert list(read(ini_overrides={"script_location": "b"}).graph.revisions) == ["b"]
    assert list(read(ini_overrides={"alembic:script_location": "b"}).graph.revisions) == ["b"]
    assert list(read(ini_overrides={"other:script_location": "b"}).graph.revisions) == ["a"]
    assert list(read(ini_text="[alembic]\n").graph.revisions) == ["b"]


def test_a_config_file_in_another_folder_is_read_from_the_working_directory(
    write: Any, read: Any, revision_text: Text
) -> None:
    write({"conf/db.ini": "[alembic]\nscript_location = db\n", "db/versions/a.py": revision_text("a")})
    assert list(read(config_file="conf/db.ini").graph.revisions) == ["a"]


@pytest.mark.parametrize(
    ("files", "source", "code"),
    [
        ({"alembic.ini": "[alembic]\n"}, {}, "no_script_location"),
        ({"alembic.ini": "script_location = x\n"}, {}, "config_unreadable"),
        ({"alembic.ini": "[alembic]\na = 1\na = 2\n"}, {}, "config_unreadable"),
        ({"alembic.ini": "[alembic]\nscript_location = %(nothing)s/x\n"}, {}, "config_unreadable"),
        ({"alembic.ini": "[alembic]\nscript_location = 100%\n"}, {}, "config_unreadable"),
        (
            {"alembic.ini": "[alembic]\nscript_location=a\nversion_locations=b\npath_separator=x\n", "a/env.py": ""},
            {},
            "config_unreadable",
        ),
        ({"alembic.ini": "[alembic]\nscript_location = gone\n"}, {}, "script_location_missing"),
        ({"alembic.ini": "[alembic]\nscript_location = nowhere:gone\n"}, {}, "package_not_found"),
        ({"alembic.ini": "[alembic]\nscript_location = ../../etc\n"}, {}, "outside_export"),
        ({"alembic.ini": "[alembic]\nscript_location = /etc\n"}, {}, "outside_export"),
        ({"alembic.ini": "[alembic]\nscript_location = a:..:..:..\n"}, {}, "outside_export"),
        ({}, {"subdirectory": "../.."}, "outside_export"),
        ({}, {"config_file": "../../etc/passwd"}, "config_unreadable"),
        ({}, {"config_file": "missing.ini"}, "config_unreadable"),
        ({"pyproject.toml": "[tool.alembic\n"}, {"config_file": "pyproject.toml"}, "config_unreadable"),
        ({"pyproject.toml": "[tool]\nalembic = 3\n"}, {"config_file": "pyproject.toml"}, "config_unreadable"),
        (
            {"pyproject.toml": "[tool.alembic]\nscript_location = 3\n"},
            {"config_file": "pyproject.toml"},
            "config_unreadable",
        ),
    ],
)
def test_a_configuration_that_leads_nowhere_is_a_note_and_incomplete(
    write: Any, read: Any, files: dict[str, str], source: dict[str, Any], code: str
) -> None:
    write({"README": "", **files})
    reading = read(**source)
    assert code in [note.code for note in reading.notes]
    assert not reading.complete
    assert len(reading.graph) == 0


def test_references_that_multiply_are_stopped(write: Any, read: Any) -> None:
    lines = [f"a{n} = " + f"%(a{n + 1})s" * 50 for n in range(9)]
    write({"alembic.ini": "[alembic]\nscript_location = %(a0)s\n" + "\n".join(lines) + "\na9 = x\n"})
    assert [note.code for note in read().notes] == ["config_unreadable"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("migrations/env.py", "config.set_main_option('version_locations', 'a b')\n"),
        ("cli.py", "def config():\n    c.set_main_option(\n        'version_locations', ' '.join(x))\n"),
        ("migrations/env.py", "context.script.version_locations = [x]\n"),
        ("other.py", "ScriptDirectory('x', version_locations=['a'])\n"),
        ("migrations/env.py", "type X = int\nconfig.set_main_option('version_locations', 'a')\n"),
    ],
)
def test_code_that_sets_the_locations_makes_the_reading_uncertain(
    write: Any, read: Any, revision_text: Text, path: str, code: str
) -> None:
    write(
        {
            "alembic.ini": "[alembic]\nscript_location = migrations\n",
            "migrations/env.py": "",
            "migrations/versions/a.py": revision_text("a"),
            path: code,
        }
    )
    reading = read()
    assert [(note.code, note.path) for note in reading.notes] == [("locations_set_in_code", path)]
    assert not reading.complete
    assert list(reading.graph.revisions) == ["a"]


def test_code_that_only_reads_the_options_is_not_suspected(write: Any, read: Any, revision_text: Text) -> None:
    write(
        {
            "alembic.ini": "[alembic]\nscript_location = migrations\n",
            "migrations/env.py": "# set_main_option('version_locations')\nx = c.get_main_option('version_locations')",
            "migrations/versions/a.py": revision_text("a"),
        }
    )
    assert read().complete


def test_flask_migrate_keeps_its_ini_beside_env_py(write: Any, read: Any, revision_text: Text) -> None:
    write(
        {
            "migrations/alembic.ini": "[alembic]\n# no location\n[loggers]\nkeys = root\n",
            "migrations/env.py": "from flask import current_app\n",
            "migrations/versions/a.py": revision_text("a"),
        }
    )
    reading = read(config_file="migrations/alembic.ini")
    assert list(reading.graph.revisions) == ["a"]
    assert reading.complete
    assert [note.code for note in reading.notes] == ["script_location_implied"]


def test_every_chain_of_a_repository_is_offered(write: Any, read: Any, revision_text: Text, tmp_path: Path) -> None:
    write(
        {
            "alembic.ini": "[alembic]\nscript_location = main\n[second]\nscript_location = second\n[loggers]\nkeys=x\n",
            "main/env.py": "",
            "main/versions/a.py": revision_text("a"),
            "second/env.py": "",
            "second/versions/b.py": revision_text("b"),
            "services/api/pyproject.toml": '[tool.alembic]\nscript_location = "%(here)s/db"\n',
            "services/api/db/env.py": "",
            "services/api/db/versions/c.py": revision_text("c"),
            "web/migrations/alembic.ini": "[alembic]\n",
            "web/migrations/env.py": "from flask import current_app",
            "web/migrations/versions/d.py": revision_text("d"),
            "lib/store/alembic/env.py": "",
            "lib/store/alembic/versions/e.py": revision_text("e"),
            "deep/conf/db.ini": "[alembic]\nscript_location = deep/scripts\n",
            "deep/scripts/env.py": "",
            "deep/scripts/versions/f.py": revision_text("f"),
            "node_modules/x/env.py": "",
            "node_modules/x/versions/g.py": revision_text("g"),
            "setup.cfg.ini": "[metadata]\nname = x\n",
        }
    )
    chains = find_chains(tmp_path)
    assert [(c.kind, c.subdirectory, c.config_file, c.section, c.script_location, c.files) for c in chains] == [
        (ChainKind.INI, "", "deep/conf/db.ini", "alembic", "deep/scripts", 1),
        (ChainKind.FOLDER, "lib/store", None, "alembic", "lib/store/alembic", 1),
        (ChainKind.INI, "", "alembic.ini", "alembic", "main", 1),
        (ChainKind.INI, "", "alembic.ini", "second", "second", 1),
        (ChainKind.PYPROJECT, "services/api", "pyproject.toml", "alembic", "services/api/db", 1),
        (ChainKind.FLASK_MIGRATE, "web/migrations", "alembic.ini", "alembic", "web/migrations", 1),
    ]
    for chain, key in zip(chains, "feabcd", strict=True):
        reading = read(subdirectory=chain.subdirectory, config_file=chain.config_file, section=chain.section)
        assert list(reading.graph.revisions) == [key]
