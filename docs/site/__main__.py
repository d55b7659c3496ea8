"""`python docs/site`: makes the site of docs/ in `site/`; `make site` calls it."""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCS, OUT = HERE.parent, HERE.parents[1] / "site"
SCRIPT = HERE / "static" / "mermaid.min.js"
# Draws the diagrams. One file of the package is enough, so it is no dependency of anything.
MERMAID, INTEGRITY = (
    "mermaid@12.3.0",
    "4113TdXeLAsMruJ79OpFL5O8+LTFXhQqZ260rF3tgUmiNAtRm4Uume04I+65PRN6yZ69J4f8rVYWW8zRk65UYw==",
)


def lay_script() -> None:
    """Takes the script from the npm registry, once."""
    if SCRIPT.exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        argv = ["npm", "pack", MERMAID, "--json", "--pack-destination", folder]
        told = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=folder).stdout
        content = (Path(folder) / json.loads(told)[0]["filename"]).read_bytes()
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != INTEGRITY:
        sys.exit(f"{MERMAID} is not what it was: its SHA-512 differs from the one in docs/site/__main__.py.")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        member = archive.extractfile("package/dist/mermaid.min.js")
        if member is None:
            sys.exit(f"{MERMAID} has no dist/mermaid.min.js.")
        SCRIPT.write_bytes(member.read())


def build(out: Path) -> int:
    """Makes the pages anew; a warning is a failure."""
    shutil.rmtree(out, ignore_errors=True)
    argv = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "dirhtml", "-c", str(HERE)]
    return subprocess.run([*argv, "-d", str(out / ".doctrees"), str(DOCS), str(out)], check=False).returncode


def main() -> int:
    """Lays the script and makes the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="the folder of the site")
    parser.add_argument("--without-diagrams", action="store_true", help="needs no network")
    given = parser.parse_args()
    if not given.without_diagrams:
        lay_script()
    code = build(given.out)
    if code == 0:
        sys.stdout.write(f"The site begins at {given.out / 'index.html'}.\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
