"""The interpreter and the archive that are run before a tenant's program: both ours, both read-only."""

import functools
import io
import py_compile
import sys
import tempfile
import zipfile
from pathlib import Path

_FOLDER = Path(__file__).with_name("inside")
_MAIN = "import sys\nfrom inside.warden import main\nsys.exit(main())\n"


@functools.cache
def interpreter() -> Path:
    """The real program behind the worker's own interpreter, outside any virtualenv."""
    return Path(getattr(sys, "_base_executable", None) or sys.executable).resolve()


@functools.cache
def archive() -> bytes:
    """The warden as one file, so that it can be handed over as a descriptor wherever our code is installed.

    Compiled here once: every job starts it, and from source that took twice as long.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed, tempfile.TemporaryDirectory() as folder:
        for source in sorted(_FOLDER.glob("*.py")):
            compiled = Path(folder, f"{source.stem}.pyc")
            mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
            py_compile.compile(str(source), str(compiled), source.name, doraise=True, invalidation_mode=mode)
            packed.writestr(f"inside/{compiled.name}", compiled.read_bytes())
        packed.writestr("__main__.py", _MAIN)
    return buffer.getvalue()


def interpreter_roots(*prefixes: Path) -> tuple[Path, ...]:
    """Folders outside /usr that interpreters need: the worker's own, and those at `prefixes`.

    A virtualenv holds links to a program; library and shared objects stand in that program's own tree. Which
    tree that is must come from whoever made the virtualenv: its links and its pyvenv.cfg could be written by
    the packages that were built into it, and would open any folder of the host.
    """
    homes = [Path(sys.base_prefix), interpreter().parent.parent, *prefixes]
    found: dict[Path, None] = {}
    for home in homes:
        for root in (home, home.resolve()):
            if not _is_system(root):
                found[root] = None
    return tuple(found)


def _is_system(root: Path) -> bool:
    """Already there (/usr), or so wide that it is no interpreter's own folder."""
    return root.is_relative_to("/usr") or root.resolve().is_relative_to("/usr") or len(root.parts) < 3
