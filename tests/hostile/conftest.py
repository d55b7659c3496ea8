"""One service with hostile content for all tests here: starting it takes longer than they do."""

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from hostile.whole import EMAIL, PASSWORD, ROOT, Whole, copy_project, free_port, until
from stillroom_testing.git_server import GitServer, serving
from stillroom_testing.installations import new_installation
from stillroom_testing.jobs_scene import CACHE
from stillroom_testing.servers import DatabaseAddress, PostgresServer

CALM = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.create_table("calm", sa.Column("id", sa.Integer))


def downgrade():
    op.drop_table("calm")
"""
# Its id is computed: Alembic itself is asked, and runs the file.
BROKEN = """
import os
from pathlib import Path
from urllib.parse import quote

file = Path(os.environ["STILLROOM_FILES"], "etc/settings.json").read_text()
print("broken says", os.environ["API_KEY"], file, flush=True)
revision = "0" * 3 + "2"
down_revision = "0001"
raise RuntimeError(f"broken: {os.environ['API_KEY']} {quote(os.environ['API_KEY'], safe='')} {file!r}")
"""


@dataclass
class Ground:
    """The service, its canaries, and what a thief would look for."""

    whole: Whole
    target: DatabaseAddress
    metadata_url: str
    redis_url: str
    data: Path
    git: GitServer
    canaries: dict[str, str]
    ssh_port: int
    jobs: list[str] = field(default_factory=list)

    def take(self, branch: str) -> dict[str, Any]:
        """Sets the project's ref and waits for the end of the fetch."""
        path = "/api/orgs/demo/projects/shop"
        self.whole.http.patch(path, json={"git_ref": branch}).raise_for_status()
        return self.fetched("shop")

    def fetched(self, project: str) -> dict[str, Any]:
        """How the project's fetch ended."""

        def settled() -> dict[str, Any] | None:
            found: dict[str, Any] = self.whole.http.get(f"/api/orgs/demo/projects/{project}").json()["fetch"]
            return found if found["state"] in ("idle", "failed") else None

        return dict(until(settled, f"{project} is fetched", patience=300))

    def run(self, revision: str) -> dict[str, Any]:
        """An upgrade from its request to its end."""
        wanted = {"project": "demo/shop", "environment": "dev", "revision": revision}
        answer = self.whole.http.post("/api/migrations/upgrade", json=wanted)
        assert answer.status_code == 202, answer.text
        key = answer.json()["id"]
        self.jobs.append(key)

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = self.whole.http.get(f"/api/jobs/{key}").json()
            return found if found["state"] not in ("queued", "running") else None

        return dict(until(ended, "the job ends", patience=300))

    def ask(self, query: str) -> list[Any]:
        """Rows of the target, on a connection of the test's own."""
        with psycopg.connect(self.target.url, autocommit=True) as connection:
            return connection.execute(query).fetchall()  # type: ignore[call-overload]

    def forget(self) -> None:
        """An empty target, as before the first job."""
        with psycopg.connect(self.target.url, autocommit=True) as connection:
            connection.execute("drop table if exists loot, calm, alembic_version")


@pytest.fixture(scope="module")
def ground(postgres_server: PostgresServer, redis_url: str) -> Iterator[Ground]:
    folder = Path(tempfile.mkdtemp(prefix="stillroom-hostile-"))
    folder.chmod(0o755)
    CACHE.mkdir(parents=True, exist_ok=True)
    data = folder / "data"
    data.mkdir()
    (data / "virtualenvs").symlink_to(CACHE)
    tail = secrets.token_hex(8)
    canaries = {
        "database password": f"canary-db/{tail}+@% '",
        "variable": f"canary-var/{tail} \"'&",
        "secret file": json.dumps({"api_token": f"canary-file-{tail}", "region": "eu"}),
        "git token": f"canary-git-{tail}",
        "deploy key": f"-----BEGIN OPENSSH PRIVATE KEY-----\ncanary{tail}deploykeydeploykeydeploykey\n-----END-----\n",
    }
    metadata = postgres_server.new_database("hostile")
    target = _own_database(postgres_server, canaries["database password"])
    with serving(folder) as git, _no_ssh() as ssh_port, _thiefs_sockets(folder) as sockets:
        git.login = ("git", canaries["git token"])
        more = {
            "STILLROOM_DEVELOPMENT": "1",
            "STILLROOM_SANDBOX": "landlock",
            "STILLROOM_ACCESS_TOKEN_MINUTES": "60",
            "STILLROOM_PUBLIC_URL": f"http://127.0.0.1:{free_port()}",
            "GIT_SSL_CAINFO": str(git.authority),
        }
        settings = new_installation(metadata.url, redis_url, data, **more)
        canaries["signing key"] = settings["STILLROOM_SECRET_KEY"]
        canaries["sealing key"] = settings["STILLROOM_SEALING_KEYS"].partition(":")[2]
        outside = _outside(folder, data, settings, postgres_server, metadata, target, sockets)
        _commit(copy_project(folder / "shop"))
        _bootstrap(settings, git, target, canaries, outside)
        whole = Whole(folder, settings)
        try:
            whole.start()
            yield Ground(whole, target, metadata.url, redis_url, data, git, canaries, ssh_port)
        finally:
            whole.close()
    for database in (metadata, target):
        postgres_server.drop_database(DatabaseAddress(database.host, database.port, "", "", database.database))
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def _own_database(server: PostgresServer, password: str) -> DatabaseAddress:
    """A database whose owner may nothing else, as a team's would be."""
    made = server.new_database("shop")
    role = f"{made.database}_owner"
    with psycopg.connect(server.admin_url("postgresql"), autocommit=True) as connection:
        create = sql.SQL("create role {} login password {}")
        connection.execute(create.format(sql.Identifier(role), sql.Literal(password)))
        owner = sql.SQL("alter database {} owner to {}")
        connection.execute(owner.format(sql.Identifier(made.database), sql.Identifier(role)))
    return DatabaseAddress(made.host, made.port, role, password, made.database)


def _outside(
    folder: Path,
    data: Path,
    settings: dict[str, str],
    server: PostgresServer,
    metadata: DatabaseAddress,
    target: DatabaseAddress,
    sockets: list[str],
) -> dict[str, Any]:
    """Where things stand that a job must not reach; all of them are really there."""
    other = data / "jobs" / "of-somebody-else"
    other.mkdir(parents=True)
    (other / "secret").write_text("a secret of another job")
    redis_port = int(settings["REDIS_URL"].rpartition(":")[2].partition("/")[0])
    return {
        "data": str(data),
        "files": [str(folder / "worker.log"), str(other / "secret"), str(ROOT / "pyproject.toml")],
        "folders": [str(folder), str(data / "jobs"), str(other), str(data / "mirrors"), str(ROOT)],
        "ports": [server.port, redis_port, int(settings["STILLROOM_PUBLIC_URL"].rpartition(":")[2])],
        "sockets": sockets,
        "worker": os.getpid(),
        "databases": [
            {"user": server.user, "database": metadata.database},
            {"user": server.user, "database": target.database},
            {"user": target.user, "database": "postgres"},
        ],
        "own": {"user": target.user, "database": target.database},
    }


def _commit(repository: Path) -> None:
    versions = repository / "migrations" / "versions"
    git = ["git", "-c", "user.name=Eve", "-c", "user.email=eve@example.com", "-C", str(repository)]

    def commit(branch: str, files: dict[str, str]) -> None:
        (versions / "0002_loud.py").unlink(missing_ok=True)
        for name, content in files.items():
            (versions / name).write_text(content)
        subprocess.run([*git, "checkout", "-q", "-b", branch], check=True)
        subprocess.run([*git, "add", "-A"], check=True)
        # ESC and OSC in a subject: they must not reach a terminal.
        subprocess.run([*git, "commit", "-q", "-m", f"{branch} \x1b]0;owned\x07 <script>alert(1)</script>"], check=True)

    loud = (versions / "0002_loud.py").read_text()
    subprocess.run([*git, "init", "-q", "-b", "empty"], check=True)
    commit("main", {"0002_loud.py": loud})
    commit("calm", {"0002_calm.py": CALM})
    (versions / "0002_calm.py").unlink()
    commit("half", {"0002_broken.py": BROKEN})
    (versions / "0001_attempts.py").unlink()
    commit("broken", {"0002_broken.py": BROKEN})


def _bootstrap(
    settings: dict[str, str],
    git: GitServer,
    target: DatabaseAddress,
    canaries: dict[str, str],
    outside: dict[str, Any],
) -> None:
    content = {
        "administrator": {"email": EMAIL, "name": "Ann", "password": PASSWORD},
        "sample": {
            "organization": {"slug": "demo", "name": "Demo"},
            "project": {
                "slug": "shop",
                "name": "Shop",
                "git_url": git.url("shop", "localhost"),
                "git_ref": "main",
                "credential": {"username": "git", "password": canaries["git token"]},
            },
            "environments": [
                {
                    "slug": "dev",
                    "name": "Dev",
                    "variables": [
                        {"name": "DATABASE_URL", "value": "{{url:psycopg}}"},
                        {"name": "OUTSIDE", "value": json.dumps(outside)},
                        {"name": "API_KEY", "value": canaries["variable"], "secret": True},
                    ],
                    "files": [{"path": "etc/settings.json", "content": canaries["secret file"]}],
                    "databases": [
                        {
                            "name": "main",
                            "host": target.host,
                            "port": target.port,
                            "database": target.database,
                            "username": target.user,
                            "password": target.password,
                            "sslmode": "disable",
                        }
                    ],
                }
            ],
        },
    }
    done = subprocess.run(
        [sys.executable, "-m", "stillroom_core.bootstrap"],
        env={**os.environ, **settings},
        input=json.dumps(content),
        text=True,
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr


class _no_ssh:
    """A port where ssh is greeted and then hears nothing for a second: long enough to see what it was started with."""

    def __enter__(self) -> int:
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return int(self._listener.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(b"SSH-2.0-hostile\r\n")
                connection.settimeout(1)
                try:
                    while connection.recv(4096):
                        pass
                except OSError:
                    pass


class _thiefs_sockets:
    """A unix socket at a path and one under an abstract name, as the worker's neighbours have them."""

    def __init__(self, folder: Path) -> None:
        self._names = [str(folder / "neighbour.sock"), f"@stillroom-hostile-{secrets.token_hex(4)}"]

    def __enter__(self) -> list[str]:
        self._sockets = []
        for name in self._names:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(name.replace("@", "\0"))
            listener.listen()
            self._sockets.append(listener)
        Path(self._names[0]).chmod(0o777)
        return self._names

    def __exit__(self, *_: object) -> None:
        for listener in self._sockets:
            listener.close()
