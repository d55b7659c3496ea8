"""A git repository made from a project's distributions, as its people would have it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from real.chains import Chain

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".stillroom" / "test-real"
LOCKS = Path(__file__).with_name("locks")
# Pictures, models and built web pages, which no migration reads.
_HEAVY = frozenset(
    [
        ".png",
        ".jpg",
        ".jpeg",
        ".gif",
        ".svg",
        ".ico",
        ".webp",
        ".mp3",
        ".mp4",
        ".wav",
        ".js",
        ".css",
        ".map",
        ".html",
        ".woff",
        ".woff2",
        ".ttf",
        ".wasm",
        ".gz",
        ".whl",
        ".onnx",
        ".so",
    ]
)


def make_repository(chain: Chain, folder: Path) -> Path:
    """The distributions' files under git, with the lock as requirements.txt."""
    for distribution in chain.distributions:
        unpacked = _unpacked(distribution)
        for name in chain.keep:
            if (unpacked / name).is_dir():
                shutil.copytree(unpacked / name, folder / name, ignore=_heavy, dirs_exist_ok=True)
    shutil.copy(LOCKS / f"{chain.lock}.txt", folder / "requirements.txt")
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-C", str(folder)]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "add", "-A", "-f"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", f"{' and '.join(chain.distributions)}"], check=True)
    return folder


def _unpacked(distribution: str) -> Path:
    """Kept between runs: a version of a distribution never changes."""
    kept = CACHE / "distributions" / distribution
    if kept.is_dir():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
        assert uv, "uv is needed to fetch the distributions"
        command = [uv, "pip", "install", "--quiet", "--no-deps", "--no-config", "--only-binary", ":all:"]
        command += ["--python", sys.executable, "--target", f"{folder}/files", distribution]
        subprocess.run(command, check=True, timeout=600)
        if not kept.exists():
            Path(folder, "files").rename(kept)
    return kept


def _heavy(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name in ("__pycache__", "node_modules") or Path(name).suffix in _HEAVY]
