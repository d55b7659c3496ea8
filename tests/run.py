"""Runs the suites one after the other, shows what they say, and ends with one line of totals.

    python tests/run.py [all|lint|python|web|browser|screens|versions]

Counts come from the JUnit reports that the tools write, never from their prose. A suite that dies
without a report counts as one failure.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "web"
BIN = Path(sys.executable).parent
# What only the machine's package manager has.
SYSTEM_PROGRAMS = {
    "bwrap": "bubblewrap",
    "chromium": "chromium",
}


@dataclass(frozen=True)
class Count:
    """Passed, failed, skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def lint() -> Count:
    """Every rule that a tool can check; each command is one check."""
    python = str(BIN / "python")
    checks: list[tuple[Path, list[str]]] = [
        (ROOT, [str(BIN / "ruff"), "check", "--quiet", "."]),
        (ROOT, [str(BIN / "ruff"), "format", "--check", "--quiet", "."]),
        (ROOT, [str(BIN / "mypy")]),
        (ROOT, [str(BIN / "lint-imports")]),
        (ROOT, [python, "docs/generate.py", "--check"]),
        (ROOT, [python, "tools/licences.py", "--check"]),
        (WEB, ["npm", "run", "--silent", "typecheck"]),
        (WEB, ["npm", "run", "--silent", "lint"]),
        (WEB, ["npm", "run", "--silent", "client:check"]),
    ]
    total = Count()
    for folder, argv in checks:
        name = " ".join([Path(argv[0]).name, *argv[1:]])
        said = subprocess.run(argv, check=False, cwd=folder, capture_output=True, text=True)
        passed = said.returncode == 0
        print(f"  {'ok    ' if passed else 'FAILED'} {name}", flush=True)
        if not passed:
            print(said.stdout + said.stderr, flush=True)
        total += Count(passed=1) if passed else Count(failed=1)
    return total


def python() -> Count:
    """Unit and integration tests of every package, on real servers."""
    _need("bwrap", required=False)
    workers = str(max(2, min(4, os.cpu_count() or 2)))
    with _report() as report:
        argv = [
            *(str(BIN / "python"), "-m", "pytest", "-q", "-m", "not real and not containers", "-n", workers),
            *("--dist", "loadfile", f"--junitxml={report}", *sys.argv[2:]),
        ]
        return _counted(_run(argv), report)


# Whatever asks a database something of its own: its catalogue, its figures, its sessions, its rows, a job.
_ASKING = (
    "worker/tests/catalogue",
    "worker/tests/reader",
    "worker/tests/jobs/test_a_job_on_any_version.py",
    "worker/tests/jobs/test_a_job_recognises_its_server.py",
    "worker/tests/jobs/test_a_job_shows_its_locks.py",
)


def versions() -> Count:
    """The tests of what a database is asked, with a server of each version in its place."""
    from stillroom_testing.versions import found

    total = Count()
    for major in sorted(found()):
        print(f"\n-- PostgreSQL {major}", flush=True)
        with _report() as report:
            argv = [str(BIN / "python"), "-m", "pytest", "-q", f"--junitxml={report}", *sys.argv[2:]]
            argv += [f"services/{path}" for path in _ASKING]
            total += _counted(_run(argv, env={"STILLROOM_TEST_TARGET": str(major)}), report)
    return total


def web() -> Count:
    """The web's own tests."""
    with _report() as report:
        argv = ["npx", "vitest", "run", "--reporter=default", "--reporter=junit"]
        return _counted(_run([*argv, f"--outputFile.junit={report}"], cwd=WEB), report)


def browser() -> Count:
    """The pages in a real browser, on a stack of their own."""
    return _playwright("playwright.config.ts")


def screens() -> Count:
    """Photographs for docs/screens/."""
    return _playwright("playwright.screens.config.ts")


def _playwright(config: str) -> Count:
    chromium = _need("chromium", required=True)
    if chromium is None:
        return Count(failed=1)
    with _report() as report, _stack() as stack:
        if stack is None:
            return Count(failed=1)
        more = {
            **stack,
            "STILLROOM_CHROMIUM": chromium,
            "STILLROOM_PYTHON": sys.executable,
            "PLAYWRIGHT_JUNIT_OUTPUT_FILE": str(report),
        }
        argv = ["npx", "playwright", "test", "--config", config, "--reporter=list,junit"]
        return _counted(_run(argv, cwd=WEB, env=more), report)


@contextmanager
def _stack() -> Iterator[dict[str, str] | None]:
    """A whole Stillroom in a temporary folder; gives the variables that lead to it."""
    folder = Path(tempfile.mkdtemp(prefix="stillroom-stack-"))
    folder.chmod(0o711)  # where tests run as root, PostgreSQL runs as somebody who must enter
    port = _free_port()
    given = {
        "STILLROOM_HOME": str(folder / "home"),
        "STILLROOM_PORT": str(port),
        "STILLROOM_PUBLIC_URL": f"http://localhost:{port}",
        "STILLROOM_ADMIN_EMAIL": "admin@stillroom.local",
        "STILLROOM_ADMIN_PASSWORD": secrets.token_urlsafe(12),
        "STILLROOM_SIGN_UP": "open",
        "STILLROOM_RATE_LIMITS": "10",  # all the tests are one person at one address
        "STILLROOM_SANDBOX": _level(folder),
    }
    stillroom = str(BIN / "stillroom")
    try:
        started = _run([stillroom, "up", "--background"], env=given) == 0
        yield {**given, "STILLROOM_URL": given["STILLROOM_PUBLIC_URL"]} if started else None
    finally:
        _run([stillroom, "down"], env=given)
        shutil.rmtree(folder, ignore_errors=True)


def _level(folder: Path) -> str:
    """How strongly this machine isolates: behind walls several organizations may be founded, as some tests do."""
    ask = (
        "import asyncio, pathlib, sys; from stillroom_worker.sandbox import Level; "
        "from stillroom_worker.sandbox.selftest import choose_level; "
        "print(asyncio.run(choose_level(Level.BARE, work=pathlib.Path(sys.argv[1]))).value)"
    )
    argv = [sys.executable, "-c", ask, str(folder)]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()[-1]


def _free_port() -> int:
    from stillroom_cli.embedded.ports import first_free

    return first_free(18000 + os.getpid() % 1000)


def _need(program: str, *, required: bool) -> str | None:
    """The program's path; installed through apt where we are root and it is missing."""
    package = SYSTEM_PROGRAMS[program]
    names = [program, "chromium-browser", "google-chrome"] if program == "chromium" else [program]
    for _attempt in range(2):
        for name in names:
            if found := shutil.which(name):
                return found
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            break
        _apt_install(package)
    consequence = "the browser tests cannot run" if required else "the tests of that isolation are skipped"
    print(f"  {package} is missing, {consequence}: apt-get install {package}", flush=True)
    return None


def _apt_install(package: str) -> None:
    install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", package]
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    if _run(install, env=quiet) != 0 and _run(["apt-get", "update", "-qq"], env=quiet) == 0:
        _run(install, env=quiet)


@contextmanager
def _report() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="stillroom-report-") as folder:
        yield Path(folder) / "junit.xml"


def _counted(status: int, report: Path) -> Count:
    try:
        cases = list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314  written by our own tools
    except (OSError, ET.ParseError):
        return Count(failed=1)
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    if status != 0 and not failed:
        failed = 1  # the tool itself is unhappy: a crash, an interrupted run
    return Count(len(cases) - failed - skipped if cases else 0, failed, skipped)


def _run(argv: list[str], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> int:
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **(env or {})}
    try:
        return subprocess.run(argv, check=False, cwd=cwd, env=environment).returncode
    except OSError as failure:
        print(f"  {argv[0]}: {failure.strerror}", flush=True)
        return 127


SUITES: dict[str, Callable[[], Count]] = {
    "lint": lint,
    "python": python,
    "web": web,
    "browser": browser,
    "screens": screens,
    "versions": versions,
}
ALL = ("lint", "python", "web", "browser")


def main(wanted: str) -> int:
    """Runs one suite or all, prints the totals; exit status 0 only if nothing failed."""
    total = Count()
    for name in ALL if wanted == "all" else (wanted,):
        print(f"\n== {name}", flush=True)
        began = time.monotonic()
        count = SUITES[name]()
        print(f"== {name}: {count} in {time.monotonic() - began:.0f} s", flush=True)
        total += count
    print(f"\n{total}", flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "all"
    if chosen not in (*SUITES, "all"):
        sys.exit(f"choose one of {', '.join((*SUITES, 'all'))}")
    sys.exit(main(chosen))
