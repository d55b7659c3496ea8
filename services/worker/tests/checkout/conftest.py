"""Real repositories, and a real git server over https on this machine."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path

import pytest

from stillroom_testing.git_server import GitServer, serving
from stillroom_worker.sandbox import Level, choose_level

LOOPBACK = (ip_network("127.0.0.0/8"),)


@dataclass
class Source:
    """A repository that a test fills with commits."""

    path: Path
    clock: int = 1_700_000_000

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def git(self, *words: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> str:
        clean = {"PATH": os.environ["PATH"], "HOME": str(self.path), "GIT_CONFIG_NOSYSTEM": "1"}
        argv = ["git", "-C", str(self.path), *words]
        done = subprocess.run(argv, input=stdin, capture_output=True, env=clean | (env or {}), check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "replace").strip()

    def commit(self, files: dict[str, str], message: str = "change", author: str = "Ada <ada@x.test>") -> str:
        for name, content in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(content)
        self.git("add", "-A")
        return self.record(message, author)

    def record(self, message: str, author: str = "Ada <ada@x.test>") -> str:
        self.clock += 60
        date = f"{self.clock} +0000"
        env = {"GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@x.test", "GIT_COMMITTER_DATE": date}
        self.git("commit", "-q", "--allow-empty", f"--author={author}", f"--date={date}", "-m", message, env=env)
        return self.git("rev-parse", "HEAD")

    def blob(self, content: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", stdin=content)

    def commit_tree(self, entries: list[tuple[str, str, str, bytes]]) -> str:
        """Commit a root tree of hand-made entries (mode, kind, oid, name) to main."""
        lines = b"".join(f"{mode} {kind} {oid}\t".encode() + name + b"\0" for mode, kind, oid, name in entries)
        tree = self.git("mktree", "-z", "--missing", stdin=lines)
        who = {"GIT_AUTHOR_NAME": "E", "GIT_AUTHOR_EMAIL": "e@x.test"}
        who |= {"GIT_COMMITTER_NAME": "E", "GIT_COMMITTER_EMAIL": "e@x.test"}
        sha = self.git("commit-tree", tree, "-m", "hostile", env=who)
        self.git("update-ref", "refs/heads/main", sha)
        return sha


def make_source(path: Path, *, bare: bool = False) -> Source:
    path.mkdir(parents=True)
    source = Source(path)
    source.git("init", "-q", "-b", "main", *(["--bare"] if bare else []))
    source.git("config", "uploadpack.allowFilter", "true")
    return source


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """A repository with two commits of a small Alembic project."""
    source = make_source(tmp_path / "source")
    source.commit({"alembic.ini": "[alembic]\n", "versions/0001_first.py": "revision = '0001'\n"}, "first")
    source.commit({"versions/0002_second.py": "revision = '0002'\n"}, "second", author="Grace Hopper <grace@x.test>")
    return source


@pytest.fixture(scope="session")
def level(tmp_path_factory: pytest.TempPathFactory) -> Level:
    """The best walls of this host."""
    named = os.environ.get("STILLROOM_TEST_SANDBOX")
    return Level(named) if named else asyncio.run(choose_level(Level.BARE, work=tmp_path_factory.mktemp("walls")))


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return tmp_path / "mirrors" / "one"


@pytest.fixture
def git_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitServer]:
    """A server whose authority the operator's certificate bundle names."""
    with serving(tmp_path) as state:
        monkeypatch.setenv("GIT_SSL_CAINFO", str(state.authority))
        yield state


class _Server6(ThreadingHTTPServer):
    address_family = socket.AF_INET6


@pytest.fixture
def git_server_6(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitServer]:
    """The same at [::1]."""
    if not has_loopback_6():
        pytest.skip("no IPv6 on this machine")
    with serving(tmp_path, kind=_Server6, host="::1") as state:
        monkeypatch.setenv("GIT_SSL_CAINFO", str(state.authority))
        yield state


def has_loopback_6() -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


@pytest.fixture
def new_source(tmp_path: Path):
    """Make further repositories: `new_source(name, bare=False)`."""
    return lambda name, bare=False: make_source(tmp_path / name, bare=bare)
