"""Real repositories, and a real git server over https on this machine."""

import base64
import datetime
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return tmp_path / "mirrors" / "one"


@dataclass
class GitServer:
    """Serves the repositories of a folder over https and remembers who asked for what."""

    root: Path
    port: int
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    login: tuple[str, str] | None = None
    redirect: str | None = None

    def url(self, name: str, host: str = "git.invalid") -> str:
        return f"https://{host}:{self.port}/{name}"


def _handler(server: GitServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep the test's output quiet."""

        def do_GET(self) -> None:
            self._serve()

        do_POST = do_GET

        def _serve(self) -> None:
            given = self.headers.get("Authorization")
            server.requests.append((self.headers["Host"], self.path, given))
            if server.redirect is not None:
                self._answer(302, {"Location": server.redirect + self.path})
                return
            if server.login is not None:
                wanted = "Basic " + base64.b64encode(":".join(server.login).encode()).decode()
                if given != wanted:
                    self._answer(401, {"WWW-Authenticate": 'Basic realm="git"'})
                    return
            self._backend()

        def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _backend(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            env = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(server.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "safe.directory",
                "GIT_CONFIG_VALUE_0": "*",
            }
            done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=False)
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
            status = int(headers.pop("Status", "200").split()[0])
            self._answer(status, headers, content)

    return Handler


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "git.invalid")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("git.invalid"), x509.DNSName("localhost")]
    addresses = [x509.IPAddress(ip_address(text)) for text in ("127.0.0.1", "::1")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "ca.pem", folder / "key.pem"
    cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert, private


@pytest.fixture
def git_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitServer]:
    """A server whose authority the operator's certificate bundle names."""
    with _serving(ThreadingHTTPServer, "127.0.0.1", tmp_path, monkeypatch) as state:
        yield state


class _Server6(ThreadingHTTPServer):
    address_family = socket.AF_INET6


@pytest.fixture
def git_server_6(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitServer]:
    """The same at [::1]."""
    if not has_loopback_6():
        pytest.skip("no IPv6 on this machine")
    with _serving(_Server6, "::1", tmp_path, monkeypatch) as state:
        yield state


def has_loopback_6() -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


@contextmanager
def _serving(
    kind: type[ThreadingHTTPServer], host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GitServer]:
    folder = tmp_path / "server"
    folder.mkdir()
    cert, key = _certificate(folder)
    monkeypatch.setenv("GIT_SSL_CAINFO", str(cert))
    state = GitServer(root=tmp_path, port=0)
    server = kind((host, 0), _handler(state))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def new_source(tmp_path: Path):
    """Make further repositories: `new_source(name, bare=False)`."""
    return lambda name, bare=False: make_source(tmp_path / name, bare=bare)
