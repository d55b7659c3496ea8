"""Which level is chosen, on hosts that allow more and less; and the words where none is left."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stillroom_worker.sandbox import (
    Cell,
    Level,
    SandboxUnavailable,
    bwrap,
    choose_level,
    examine,
    landlock,
    seccomp,
    selftest,
    slots,
    start,
)

ASK = """
import asyncio, base64, json, sys
from pathlib import Path
from stillroom_worker.sandbox import Level, SandboxUnavailable, choose_level, examine, seccomp
from stillroom_worker.sandbox.inside import confine
if "no-namespaces" in sys.argv:  # what the usual profile of containers forbids
    confine.no_new_privileges()
    confine.seccomp(base64.b64encode(seccomp.bubblewrap_filter()).decode())
async def main():
    work = Path(sys.argv[1])
    found = {level.value: (await examine(level, work=work)).reason for level in Level}
    try:
        found["chosen"] = await choose_level(Level(sys.argv[2]), work=work)
    except SandboxUnavailable as unavailable:
        found["refused"], found["fix"] = unavailable.reason, unavailable.fix
    print(json.dumps(found))
asyncio.run(main())
"""


async def ask(
    folder: Path, minimum: str, *how: str, uid: int | None = None, env: dict[str, str] | None = None
) -> dict[str, Any]:
    identity: dict[str, Any] = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ASK, str(folder), minimum, *how),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **(env or {})},
        **identity,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    return dict(json.loads(out))


@pytest.fixture
def bwrap_here() -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")


@pytest.fixture
def landlock_here() -> None:
    if landlock.version() < landlock.NEEDED_VERSION:
        pytest.skip("this kernel's Landlock is too old")


@pytest.fixture
def nobodys(folder: Path) -> Iterator[tuple[Path, int | None]]:
    """A folder and a uid that are not root's; None is our own."""
    if os.geteuid() != 0:
        yield folder, None
        return
    if not slots.is_public(Path(sys.executable).resolve()):
        pytest.skip("this Python lies in a private folder, so only its owner can be a worker")
    made = folder / "nobodys"
    made.mkdir()
    os.chown(made, 65534, 65534)
    yield made, 65534


@pytest.fixture
def private(folder: Path) -> Path:
    """A folder that only root may enter."""
    if os.geteuid() != 0:
        pytest.skip("not root")
    made = folder / "private"
    made.mkdir(mode=0o700)
    return made


async def test_the_strongest_level_that_holds_is_chosen(folder: Path, bwrap_here: None) -> None:
    if (await examine(Level.BWRAP, work=folder)).reason:
        pytest.skip("bubblewrap does not hold on this host")
    assert await choose_level(Level.BARE, work=folder) is Level.BWRAP
    assert [path.name for path in folder.iterdir()] == ["checkout"]


async def test_a_worker_that_is_not_root_proves_the_same(
    nobodys: tuple[Path, int | None], bwrap_here: None, landlock_here: None
) -> None:
    folder, uid = nobodys
    found = await ask(folder, "bwrap", uid=uid)
    assert found == {"bwrap": "", "landlock": "", "bare": "", "chosen": "bwrap"}


async def test_a_root_worker_whose_folders_are_private_proves_the_same(
    private: Path, bwrap_here: None, landlock_here: None
) -> None:
    found = await ask(private, "bwrap")
    assert found == {"bwrap": "", "landlock": "", "bare": "", "chosen": "bwrap"}


async def test_each_variant_of_bubblewrap_that_a_host_may_leave_us_holds(folder: Path, bwrap_here: None) -> None:
    if (await examine(Level.BWRAP, work=folder)).reason:
        pytest.skip("bubblewrap does not hold on this host")
    found = {variant: await selftest._try(Level.BWRAP, folder, variant) for variant in bwrap.variants()}
    assert set(found.values()) == {""}, found


async def test_without_bubblewrap_landlock_is_next(folder: Path, landlock_here: None) -> None:
    found = await ask(folder, "landlock", env={"PATH": str(folder)})
    assert found["bwrap"] == "bubblewrap is not installed."
    assert found["chosen"] == "landlock"


async def test_without_bubblewrap_a_worker_that_wants_it_refuses_and_says_what_to_do(folder: Path) -> None:
    found = await ask(folder, "bwrap", env={"PATH": str(folder)})
    assert "chosen" not in found
    assert found["refused"] == "bwrap: bubblewrap is not installed."
    assert "apt install bubblewrap" in found["fix"]


async def test_where_namespaces_are_forbidden_landlock_holds_and_bubblewrap_is_refused(
    nobodys: tuple[Path, int | None], bwrap_here: None, landlock_here: None
) -> None:
    folder, uid = nobodys
    found = await ask(folder, "landlock", "no-namespaces", uid=uid)
    assert found["chosen"] == "landlock"
    assert "namespace" in found["bwrap"]
    refused = await ask(folder, "bwrap", "no-namespaces", uid=uid)
    assert "user namespaces" in refused["fix"]


async def test_a_root_worker_in_a_container_drops_what_it_has(
    private: Path, bwrap_here: None, landlock_here: None
) -> None:
    assert (await ask(private, "landlock", "no-namespaces"))["chosen"] == "landlock"


async def test_without_libseccomp_only_bare_is_left(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Any:
        raise seccomp.SeccompMissing("no library")

    seccomp.bubblewrap_filter.cache_clear()
    monkeypatch.setattr(seccomp, "_library", missing)
    with pytest.raises(SandboxUnavailable, match="libseccomp cannot be loaded"):
        await choose_level(Level.LANDLOCK, work=folder)
    assert await choose_level(Level.BARE, work=folder) is Level.BARE


async def test_an_old_landlock_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 5)
    finding = await examine(Level.LANDLOCK, work=folder)
    assert "has version 5; 6 is needed" in finding.reason


async def test_the_self_test_sees_an_open_door(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = selftest._questions
    monkeypatch.setattr(selftest, "_questions", lambda *a: {**questions(*a), "confined": True})
    reason = (await examine(Level.BARE, work=folder)).reason
    for door in ("a file outside can be read", "loopback is reachable", "abstract", "not filtered"):
        assert door in reason


async def test_an_interpreter_outside_usr_is_laid_into_the_cell(place: Any) -> None:
    real = _foreign_interpreter()
    if real is None:
        pytest.skip("every interpreter here lies below /usr")
    made, prefix = place.folder / "virtualenv", real.resolve().parents[1]
    process = await asyncio.create_subprocess_exec(str(real), "-m", "venv", "--without-pip", str(made))
    assert await process.wait() == 0
    answer = await place.ask(
        "import ssl, sqlite3; tell([sys.prefix, sys.base_prefix])",
        python=made / "bin" / "python",
        see=(made,),
        interpreters=(prefix,),
    )
    assert answer == [str(made), str(prefix)]


async def test_a_link_in_a_virtualenv_opens_no_folder_of_the_host(place: Any) -> None:
    """A package that was built into it may have written its links and its pyvenv.cfg."""
    if place.level is Level.BARE:
        pytest.skip("nothing is closed there")
    secret = place.folder / "elsewhere" / "a" / "secret"
    secret.parent.mkdir(parents=True)
    secret.write_text("canary")
    made = place.folder / "virtualenv"
    (made / "bin").mkdir(parents=True)
    (made / "bin" / "python-extra").symlink_to(secret)
    (made / "pyvenv.cfg").write_text(f"home = {secret.parent}\n")
    answer = await place.ask(f"tell(attempt(lambda: open({str(secret)!r}).read()))", see=(made,))
    assert answer in ("ENOENT", "EACCES")


def _foreign_interpreter() -> Path | None:
    candidates = [Path.home() / ".pyenv" / "versions", Path.home() / ".local" / "share" / "uv" / "python"]
    for folder in (*candidates, Path("/opt")):
        found = sorted(folder.glob("*/bin/python3.1[1-9]"))
        if found:
            return found[-1]
    return None


async def test_a_root_program_in_a_private_folder_has_no_capability(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("not root")
    folder.chmod(0o700)
    for level in (Level.LANDLOCK, Level.BARE):
        prisoner = await start(
            Cell(
                argv=("/bin/sh", "-c", "cat env.py; chown 1:1 env.py 2>&1; touch /etc/x 2>&1"),
                env={},
                cwd=folder / "checkout",
                read_only=(folder / "checkout",),
            ),
            level,
        )
        said = (await prisoner.stdout.read()).decode()
        await prisoner.verify_gone()
        assert prisoner.uid is None
        assert "hello" in said
        assert "changing ownership" in said
        assert (folder / "checkout" / "env.py").stat().st_uid == 0
        Path("/etc/x").unlink(missing_ok=True)
