"""Asks for known faults of the packages in the locks: OSV about Python, the npm registry about the web.

Exit status 0 when both were asked and know of none, 1 when there is a fault, 2 when one could not be asked: a closed
network is no clean bill of health. Standard library only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CLEAN, FAULTY, UNASKED = 0, 1, 2
_PATIENCE_S = 300


def python() -> int:
    """uv asks OSV about uv.lock."""
    done = _run(ROOT, str(ROOT / ".venv" / "bin" / "uv"), "audit", "--frozen")
    if done.returncode == 0:
        return _say("uv.lock", CLEAN, done.stdout.strip() or "no known fault")
    unreachable = "error sending request" in done.stderr or "error: Failed to" in done.stderr
    return _say("uv.lock", UNASKED if unreachable else FAULTY, (done.stdout + done.stderr).strip())


def npm() -> int:
    """npm asks its registry about web/package-lock.json; a report has counts, everything else is no answer."""
    done = _run(ROOT / "web", "npm", "audit", "--json")
    try:
        counts = json.loads(done.stdout)["metadata"]["vulnerabilities"]
    except (ValueError, KeyError, TypeError):
        return _say("web/package-lock.json", UNASKED, done.stderr.strip() or "the registry gave no report")
    words = ", ".join(f"{number} {level}" for level, number in counts.items() if number and level != "total")
    return _say("web/package-lock.json", FAULTY if counts["total"] else CLEAN, words or "no known fault")


def _say(lock: str, found: int, words: str) -> int:
    heading = {CLEAN: "clean", FAULTY: "FAULTS", UNASKED: "NOT ASKED"}[found]
    print(f"{lock}: {heading}\n  " + "\n  ".join(words.splitlines()[-30:]))
    return found


def _run(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, cwd=folder, env=os.environ, check=False, capture_output=True, text=True, timeout=_PATIENCE_S
    )


if __name__ == "__main__":
    told = (python(), npm())
    sys.exit(FAULTY if FAULTY in told else max(told))
