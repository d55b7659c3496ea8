"""An issuer of identity tokens, as a CI system is one: discovery, public keys, signatures, over real HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AUDIENCE = "https://stillroom.example"


class Issuer:
    """Signs with its newest key; publishes all that it was not told to withdraw."""

    def __init__(self) -> None:
        self.port = 0
        self.keys: dict[str, Any] = {}
        self.requests: list[str] = []
        # Documents that are answered in place of the real ones.
        self.says: dict[str, bytes] = {}
        self.away = False
        self.rotate()

    @property
    def url(self) -> str:
        """What it calls itself."""
        return f"http://127.0.0.1:{self.port}"

    def rotate(self, key: Any = None) -> str:
        """A new key, by its id; the former ones stay published."""
        kid = uuid4().hex
        self.keys[kid] = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return kid

    def withdraw(self, kid: str) -> None:
        """Publishes a key no more."""
        del self.keys[kid]

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What a pipeline of acme/shop has, as GitHub writes it; None takes a claim away."""
        moment = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "repo:acme/shop:environment:staging",
            "repository": "acme/shop",
            "ref": "refs/heads/main",
            "environment": "staging",
            "run_id": "4711",
            "jti": str(uuid4()),
            "iat": moment,
            "nbf": moment,
            "exp": moment + 300,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, *, kid: str | None = None, algorithm: str | None = None, **changes: Any) -> str:
        """A signed identity token."""
        kid = kid or list(self.keys)[-1]
        key = self.keys[kid]
        algorithm = algorithm or ("ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256")
        return jwt.encode(self.claims(**changes), key, algorithm=algorithm, headers={"kid": kid})

    def public_pem(self, kid: str) -> bytes:
        """A public key as text."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return bytes(self.keys[kid].public_key().public_bytes(serialization.Encoding.PEM, form))

    def document(self, path: str) -> bytes | None:
        """What it answers at a path."""
        if path in self.says:
            return self.says[path]
        if path == "/.well-known/openid-configuration":
            return json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/keys"}).encode()
        return json.dumps({"keys": [self._jwk(kid) for kid in self.keys]}).encode() if path == "/keys" else None

    def _jwk(self, kid: str) -> dict[str, Any]:
        public = self.keys[kid].public_key()
        algorithm = (
            jwt.algorithms.ECAlgorithm
            if isinstance(public, ec.EllipticCurvePublicKey)
            else (jwt.algorithms.RSAAlgorithm)
        )
        return {**json.loads(algorithm.to_jwk(public)), "kid": kid, "use": "sig"}


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer on this machine while the block lasts."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.requests.append(self.path)
            content = None if issuer.away else issuer.document(self.path)
            self.send_response(503 if issuer.away else 200 if content is not None else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
