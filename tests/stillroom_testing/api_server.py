"""Our api in a process of its own, on a fresh metadata database: for tests that come from outside."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from stillroom_cli.embedded.ports import any_free
from stillroom_testing.installations import application_url

EMAIL = "ann@example.com"
PASSWORD = "correct horse battery"
ROOT = Path(__file__).resolve().parents[2]

_CONTENT = {
    "administrator": {"email": EMAIL, "name": "Ann", "password": PASSWORD},
    "sample": {
        "organization": {"slug": "demo", "name": "Demo"},
        "project": {
            "slug": "shop",
            "name": "Shop",
            "git_url": "https://example.com/shop.git",
            "git_ref": "main",
        },
        "environments": [
            {
                "slug": slug,
                "name": slug.title(),
                "databases": [
                    {
                        "name": "main",
                        "host": "127.0.0.1",
                        "database": slug,
                        "username": "shop",
                        "password": "-",
                    }
                ],
            }
            for slug in ("dev", "staging")
        ],
    },
}


class ApiServer:
    """One api process that can be killed and started again at the same port."""

    def __init__(self, *, database_url: str, redis_url: str, data: Path, more: Mapping[str, str] | None = None) -> None:
        self.database_url = database_url
        self.redis_url = redis_url
        self.port = any_free()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = data / "api.log"
        self._process: subprocess.Popen[bytes] | None = None
        sealing_key = base64.b64encode(secrets.token_bytes(32)).decode()
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("STILLROOM_")},
            "DATABASE_URL": application_url(database_url),
            "STILLROOM_OWNER_DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "STILLROOM_SECRET_KEY": secrets.token_urlsafe(48),
            "STILLROOM_SEALING_KEYS": f"test:{sealing_key}",
            "STILLROOM_DATA_DIR": str(data),
            "STILLROOM_PUBLIC_URL": self.url,
            "STILLROOM_DEVELOPMENT": "1",
            **(more or {}),
        }

    def prepare(self) -> None:
        """Makes the tables, the administrator and the project demo/shop."""
        self._run("alembic", "-c", "migrations/alembic.ini", "upgrade", "head")
        self._run("stillroom_core.bootstrap", given=json.dumps(_CONTENT))

    def start(self) -> None:
        """Starts the process and waits until it can serve."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "uvicorn", "stillroom_api.main:create_app", "--factory"),
                    *("--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning"),
                ],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 180  # a busy machine
        while True:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).is_success:
                    return
            except httpx.HTTPError:
                pass
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the api did not start:\n{self._log.read_text()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """Ends the process without any warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _run(self, module: str, *arguments: str, given: str = "") -> None:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=self._environment,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
