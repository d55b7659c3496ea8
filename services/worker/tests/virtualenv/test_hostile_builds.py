"""A package whose build means harm: what it leaves behind leads the worker nowhere."""

import textwrap
from pathlib import Path

PLANTS = """
    import os, pathlib, setuptools, sys

    work = pathlib.Path(os.environ["HOME"]).parent
    made = work.parent / work.name.removesuffix(".work")
    victim = pathlib.Path({victim!r})
    for name in ("kept.txt", "requirements.txt", "constraints.txt", "stillroom.json"):
        (work / name).unlink(missing_ok=True)
        (work / name).symlink_to(victim)
    (made / "bin" / "python-extra").unlink(missing_ok=True)
    (made / "bin" / "python-extra").symlink_to(victim.parent / "a" / "b")
    (made / "pyvenv.cfg").write_text(f"home = {{victim.parent}}\\n")
    (made.parent / "uv" / "left").touch()
    setuptools.setup(name="planter", version="1", py_modules=[])
"""


async def test_links_that_a_build_plants_are_not_written_through(project, install, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    setup = textwrap.dedent(PLANTS).format(victim=str(victim))
    found = await install(project({"setup.py": setup, "requirements.txt": "six==1.16.0\n"}), install_project=True)
    assert victim.read_text() == "untouched"
    assert (found.path / "bin" / "python-extra").is_symlink()  # the build did what it wanted
    assert not found.base.is_relative_to(tmp_path)
    again = await install(project({}), install_project=True)
    assert (again.cached, again.base) == (True, found.base)
