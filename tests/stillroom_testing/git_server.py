"""A real git server over https on this machine, with a certificate of its own."""

import base64
import datetime
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class GitServer:
    """Serves the repositories of a folder over https and remembers who asked for what."""

    root: Path
    port: int
    authority: Path
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    login: tuple[str, str] | None = None
    # Who may fetch and not push, and the words with which a push of theirs is refused (hosts differ: some have none).
    reader: tuple[str, str] | None = None
    refusal: str = ""
    redirect: str | None = None

    def url(self, name: str, host: str = "git.invalid") -> str:
        return f"https://{host}:{self.port}/{name}"


def _basic(login: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(login).encode()).decode()


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
            if server.login is not None and given != _basic(server.login):
                if server.reader is None or given != _basic(server.reader):
                    self._answer(401, {"WWW-Authenticate": 'Basic realm="git"'})
                    return
                if "git-receive-pack" in self.path:
                    self._answer(403, {"Content-Type": "text/plain"}, server.refusal.encode())
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
                # git's own server takes a push only from somebody who has signed in.
                **({"REMOTE_USER": server.login[0]} if server.login else {}),
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


@contextmanager
def serving(
    root: Path, *, kind: type[ThreadingHTTPServer] = ThreadingHTTPServer, host: str = "127.0.0.1"
) -> Iterator[GitServer]:
    """Serves what lies in `root`; whoever trusts `authority` accepts its certificate."""
    folder = root / "server"
    folder.mkdir()
    cert, key = _certificate(folder)
    state = GitServer(root=root, port=0, authority=cert)
    server = kind((host, 0), _handler(state))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    state.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
