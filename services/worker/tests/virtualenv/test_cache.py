"""The cache: same input, same environment; built once; never half; pruned by last use."""

import asyncio
import os
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest

from stillroom_worker.virtualenv import Requirements, VirtualenvFailed, ensure, hold, prune
from stillroom_worker.virtualenv.cache import Place
from stillroom_worker.virtualenv.environment import tool_environment
from stillroom_worker.virtualenv.interpreters import installed
from stillroom_worker.virtualenv.model import Virtualenv


async def test_the_second_time_nothing_is_installed(project, install, lines) -> None:
    export = project({"requirements.txt": "six==1.16.0\n"})
    first = await install(export)
    lines.clear()
    second = await install(export)
    assert second.cached
    assert (second.key, second.path, second.drivers) == (first.key, first.path, first.drivers)
    assert lines == []


async def test_two_jobs_at_once_build_one_environment(project, install, lines) -> None:
    export = project({"requirements.txt": "six==1.16.0\niniconfig==2.0.0\n"})
    one, two = await asyncio.gather(install(export), install(export))
    assert one.key == two.key
    assert sorted((one.cached, two.cached)) == [False, True]
    assert lines.count("Waiting for another job that installs the same packages.") == 1


async def test_settings_and_contents_give_other_environments_and_unrelated_files_do_not(project, install) -> None:
    text = '[project]\nname = "app"\nversion = "1"\ndependencies = ["six==1.16.0"]\n'
    export = project({"pyproject.toml": text})
    plain = await install(export)
    (export / "README").write_text("another commit, the same needs")
    assert (await install(export)).key == plain.key
    assert (await install(export, extra_packages=("iniconfig",))).key != plain.key


async def test_every_module_is_compiled(project, install) -> None:
    export = project({"requirements.txt": "six==1.16.0\npluggy\n"})
    found = await install(export, compile_bytecode=True)
    folder = next(found.path.glob("lib/python3*/site-packages"))
    assert list(folder.glob("__pycache__/six.*.pyc"))
    assert list(folder.glob("alembic/runtime/__pycache__/migration.*.pyc"))


async def test_what_a_killed_worker_left_is_removed(project, install) -> None:
    export = project({"requirements.txt": "six==1.16.0\n"})
    found = await install(export)
    (found.path.parent / f"{found.key}.json").unlink()
    (found.path / "half").write_text("x")
    again = await install(export)
    assert not again.cached
    assert not (again.path / "half").exists()


async def test_an_older_python_is_taken_only_when_the_better_one_was_tried_in_vain(project, install, lines) -> None:
    minors = list(dict.fromkeys(one.minor for one in await installed()))
    if len(minors) < 2:
        pytest.skip("this machine has one Python")
    best, second = minors[:2]
    setup = (
        "import sys, setuptools\n"
        f"assert '%d.%d' % sys.version_info[:2] != {best!r}, 'not for this one'\n"
        "setuptools.setup(name='picky', version='1', py_modules=[])\n"
    )
    export = project({"setup.py": setup})
    found = await install(export)
    assert found.python_version.startswith(second + ".")
    lines.clear()
    assert (await install(export)).key == found.key
    assert lines == []
    # An environment of the other Python that only happens to be there is not taken instead of the best one.
    plain = project({"requirements.txt": "six==1.16.0\n", "picky.txt": "six==1.16.0\n"})
    (plain / "setup.py").unlink()
    other = await install(plain, source="picky.txt", python=second)
    assert (await install(plain, source="picky.txt")).python_version.startswith(best + ".")
    assert other.python_version.startswith(second + ".")


async def test_a_failed_build_leaves_nothing(project, install, cache: Path) -> None:
    before = {path.name for path in cache.iterdir() if path.is_dir()}
    with pytest.raises(VirtualenvFailed):
        await install(project({"requirements.txt": "six==98.0\n"}))
    assert {path.name for path in cache.iterdir() if path.is_dir()} == before


async def test_an_installation_that_takes_too_long_is_stopped(project, cache: Path, confinement) -> None:
    setup = "import time\ntime.sleep(600)\n"
    export = project({"setup.py": setup, "requirements.txt": "six==1.16.0\n"})

    async def on_line(line: str) -> None:
        pass

    with pytest.raises(VirtualenvFailed) as failed:
        await ensure(
            export,
            ".",
            Requirements(install_project=True, python="3.11"),
            cache,
            on_line,
            confinement=confinement,
            time_limit=timedelta(seconds=3),
        )
    assert failed.value.code == "timeout"
    marker = str(export.parent).encode()
    commands = [p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if p.exists()]
    assert not [command for command in commands if b"setup.py" in command and marker in command]


async def test_an_index_that_does_not_answer_is_named(
    project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, confinement
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://user:canary@127.0.0.1:1/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    lines: list[str] = []

    async def on_line(line: str) -> None:
        lines.append(line)

    with pytest.raises(VirtualenvFailed) as failed:
        export = project({"requirements.txt": "six\n"})
        await ensure(export, ".", Requirements(), tmp_path / "cache", on_line, confinement=confinement)
    assert failed.value.code == "index_unreachable"
    assert "canary" not in failed.value.detail + "".join(lines)


async def test_a_build_sees_neither_the_workers_environment_nor_its_files(
    project, install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines
) -> None:
    monkeypatch.setenv("STILLROOM_SECRET_KEY", "canary-secret-key")
    monkeypatch.setenv("DATABASE_URL", "postgresql://canary")
    secret = tmp_path / "secret.txt"
    secret.write_text("canary-file")
    setup = (
        "import glob, os, pathlib, setuptools\n"
        "seen = str(dict(os.environ))\n"
        "for path in glob.glob('/proc/[0-9]*/environ'):\n"
        "    try:\n        seen += pathlib.Path(path).read_text(errors='replace')\n"
        "    except OSError:\n        pass\n"
        f"try:\n    seen += pathlib.Path({str(secret)!r}).read_text()\nexcept OSError:\n    pass\n"
        "pathlib.Path('seen.py').write_text('SEEN = ' + repr(seen))\n"
        "setuptools.setup(name='nosy', version='1', py_modules=['seen'])\n"
    )
    found = await install(project({"setup.py": setup}))
    code = "import seen; print(seen.SEEN)"
    seen = subprocess.run([found.python, "-I", "-c", code], capture_output=True, text=True, check=True).stdout
    if any("without isolation" in line for line in lines):
        pytest.skip("this host does not allow confined builds")
    assert "UV_CACHE_DIR" in seen
    assert "canary" not in seen


def test_the_tools_environment_has_only_what_the_operator_set_for_the_index(tmp_path: Path) -> None:
    worker = {
        "PATH": "/x",
        "HOME": "/root",
        "STILLROOM_SEALING_KEYS": "canary",
        "REDIS_URL": "canary",
        "PYTHONPATH": "canary",
        "LD_PRELOAD": "canary",
        "https_proxy": "http://proxy:1",
        "SSL_CERT_FILE": "/etc/ca.pem",
        "PIP_INDEX_URL": "https://index.corp/simple",
        "UV_INDEX_CORP_PASSWORD": "token",
    }
    env = tool_environment(tmp_path, tmp_path, worker)
    assert "canary" not in str(env)
    assert env["UV_DEFAULT_INDEX"] == "https://index.corp/simple"
    assert (env["https_proxy"], env["SSL_CERT_FILE"]) == ("http://proxy:1", "/etc/ca.pem")
    assert env["UV_INDEX_CORP_PASSWORD"] == "token"
    assert env["UV_PYTHON_DOWNLOADS"] == "never"


def finished(cache: Path, key: str, used: float, size: int = 1000) -> Virtualenv:
    place = Place(cache, key)
    (place.path / "bin").mkdir(parents=True)
    (place.path / "bin" / "python").write_text("")
    (place.path / "big").write_bytes(b"x" * size)
    place.work.mkdir()
    python = place.path / "bin" / "python"
    built = Virtualenv(
        path=place.path,
        python=python,
        python_version="3.11.2",
        base=Path("/usr"),
        key=key,
        cached=False,
        source="default",
        drivers=(),
        alembic="1",
        sqlalchemy="2",
    )
    place.finish(built)
    place.work.rmdir()
    os.utime(place.used, (used, used))
    return built


def test_pruning_takes_what_was_not_used_for_longest_and_spares_what_is_held(tmp_path: Path) -> None:
    now = time.time()
    held = finished(tmp_path, "a" * 32, now - 90_000)
    old = finished(tmp_path, "b" * 32, now - 80_000)
    newer = finished(tmp_path, "c" * 32, now - 70_000)
    fresh = finished(tmp_path, "d" * 32, now)
    with hold(held):
        os.utime(Place(tmp_path, held.key).used, (now - 90_000, now - 90_000))
        removed = prune(tmp_path, keep_bytes=3500)
    assert 1000 <= removed < 2000
    assert [v.path.exists() for v in (held, old, newer, fresh)] == [True, False, True, True]
    prune(tmp_path, keep_bytes=0)
    assert [v.path.exists() for v in (held, newer, fresh)] == [False, False, True]


def test_an_environment_whose_interpreter_is_gone_is_not_given(tmp_path: Path) -> None:
    built = finished(tmp_path, "a" * 32, time.time())
    assert Place(tmp_path, built.key).read() is not None
    built.python.unlink()
    assert Place(tmp_path, built.key).read() is None
