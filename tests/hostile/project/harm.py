"""What the places beside revisions run: the ini's logging, the template, the hook after writing.

Each makes all the attempts of revision 0001 that need no database, and says that it ran and what it got.
"""

import contextlib
import importlib.util
import json
import os
import sys
from base64 import b64encode
from pathlib import Path

ATTEMPTS = Path(__file__).resolve().parent / "migrations" / "versions" / "0001_attempts.py"


def got(where):
    """One line for the text of the revision: who ran, and what it got, in base64."""
    # What started us is no secret to it; the hook has another program in front.
    os.environ.setdefault("RUNNER", sys.modules["__main__"].__file__)
    spec = importlib.util.spec_from_file_location("attempts", ATTEMPTS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    loot = {}
    for name, attempt in list(vars(module).items()):
        if name[:1] in "sn" and name[1:3].isdigit():
            try:
                loot[name] = attempt() or None
            except Exception:
                loot[name] = None
    for outside in ("/var/tmp/stillroom-hostile-ini", "/tmp/stillroom-hostile-hook"):
        with contextlib.suppress(OSError):
            Path(outside).touch()
    return f"{where} ran and got " + b64encode(json.dumps(loot, default=str).encode()).decode()


def open_log():
    """For the arguments of a handler, which `fileConfig` evaluates."""
    os.environ["INI_RAN"] = got("ini")
    return sys.stdout


if __name__ == "__main__":
    with Path(sys.argv[1]).open("a") as written:
        written.write(f"# {got('hook')}\n")
