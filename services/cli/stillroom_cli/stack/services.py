"""The children of the launcher: what each is started with, and how it ends."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from stillroom_cli.embedded import start_postgres, start_valkey
from stillroom_cli.embedded.ports import is_free
from stillroom_cli.embedded.postgres import LADDER as POSTGRES_LADDER
from stillroom_cli.embedded.processes import CannotStart, Rung, start_guarded
from stillroom_cli.embedded.valkey import LADDER as VALKEY_LADDER
from stillroom_cli.stack.layout import Layout
from stillroom_cli.stack.settings import StackSettings
from stillroom_cli.stack.supervisor import Service

SERVERS, PROGRAMS = 0, 1  # layers: programs end before the servers that they talk to

# Celery's first SIGTERM lets running jobs end; SIGQUIT does not. Only the parent is asked: a pool process
# that gets SIGTERM itself dies with its job.
WORKER_LADDER = (
    Rung(signal.SIGTERM, 8, whole_group=False),
    Rung(signal.SIGQUIT, 4, whole_group=False),
)
ORDINARY_LADDER = (Rung(signal.SIGTERM, 6, whole_group=False),)

# Ours alone; the children have no use for them.
_NOT_HANDED_ON = {"STILLROOM_ADMIN_PASSWORD", "STILLROOM_ADMIN_EMAIL", "PORT", "MAKEFLAGS", "MAKELEVEL"}


def postgres_service(layout: Layout, settings: StackSettings) -> Service:
    """The embedded PostgreSQL."""
    port = settings.postgres_port

    def start() -> subprocess.Popen[bytes]:
        # start_postgres ends a server that was left on these files, and with it frees the port
        return start_postgres(
            layout.postgres,
            password=settings.kept["STILLROOM_POSTGRES_PASSWORD"],
            port=port,
            log=layout.logs / "postgres.log",
        ).process

    return Service("postgres", SERVERS, layout.logs / "postgres.log", start, POSTGRES_LADDER)


def valkey_service(layout: Layout, settings: StackSettings) -> Service:
    """The embedded Valkey."""

    def start() -> subprocess.Popen[bytes]:
        if not is_free(settings.valkey_port):
            raise CannotStart(
                f"port {settings.valkey_port} is taken by another program: stop it, "
                "or choose another one with STILLROOM_VALKEY_PORT"
            )
        return start_valkey(
            layout.valkey,
            password=settings.kept["STILLROOM_VALKEY_PASSWORD"],
            port=settings.valkey_port,
            log=layout.logs / "valkey.log",
        ).process

    return Service("valkey", SERVERS, layout.logs / "valkey.log", start, VALKEY_LADDER)


def child_environment(
    layout: Layout, settings: StackSettings, *, database_url: str, redis_url: str, web_dir: Path | None
) -> dict[str, str]:
    """What api, worker, scheduler and our migrations are told."""
    handed_on = {name: value for name, value in os.environ.items() if name not in _NOT_HANDED_ON}
    return {
        "STILLROOM_LOG_FORMAT": "console",
        # One person's machine: whatever isolation it has is used and shown on the job, none is demanded.
        "STILLROOM_SANDBOX": "bare",
        "STILLROOM_DEVELOPMENT": "1",
        "STILLROOM_DATA_DIR": str(layout.data),
        # Within the time that Ctrl-C gives the worker: a job is stopped with a known end instead of lost.
        "STILLROOM_DRAIN_S": "2",
        **handed_on,
        "STILLROOM_SECRET_KEY": os.environ.get("STILLROOM_SECRET_KEY") or settings.kept["STILLROOM_SECRET_KEY"],
        "STILLROOM_SEALING_KEYS": os.environ.get("STILLROOM_SEALING_KEYS") or settings.kept["STILLROOM_SEALING_KEYS"],
        "STILLROOM_PUBLIC_URL": settings.public_url,
        "STILLROOM_READER_URL": f"http://127.0.0.1:{settings.reader_port}",
        "STILLROOM_READER_BIND": f"127.0.0.1:{settings.reader_port}",
        "STILLROOM_WEB_DIR": str(web_dir) if web_dir else "",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
    }


def api_service(layout: Layout, settings: StackSettings, env: Mapping[str, str], *, reload: bool = False) -> Service:
    """HTTP and WebSocket, and the built web."""
    argv = [
        *(sys.executable, "-m", "uvicorn", "stillroom_api.main:create_app", "--factory"),
        *("--host", settings.host, "--port", str(settings.port)),
        *("--timeout-graceful-shutdown", "3", "--no-server-header"),
        # Clients say little, and compressing for each of thousands of watchers would cost more than the network.
        *("--ws-max-size", "65536", "--ws-per-message-deflate", "false"),
    ]
    if reload:
        folders = [layout.root / "services" / name / f"stillroom_{name}" for name in ("core", "api")]
        argv += ["--reload", *(part for folder in folders for part in ("--reload-dir", str(folder)))]
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104  compared, not bound
    address = f"http://{host}:{settings.port}/readyz"
    return _program(layout, "api", argv, env, ready_url=address)


def worker_service(layout: Layout, settings: StackSettings, env: Mapping[str, str], *, reload: bool = False) -> Service:
    """Runs the jobs."""
    # Celery writes it once every module is loaded: before that, a worker may still turn out to be broken.
    sign = layout.home / "worker.pid"
    celery = [
        *("-m", "celery", "-A", "stillroom_worker.app", "worker"),
        *("--concurrency", str(settings.workers), "--loglevel", "INFO", "--pidfile", str(sign)),
    ]
    argv = [sys.executable, *celery]
    if reload:
        folders = [layout.root / "services" / name for name in ("core", "worker", "runner")]
        command = shlex.join(["python", *celery])
        argv = [sys.executable, "-m", "watchfiles", "--filter", "python", command, *map(str, folders)]
    service = _program(layout, "worker", argv, env, ladder=WORKER_LADDER)
    start_program = service.start

    def start() -> subprocess.Popen[bytes]:
        sign.unlink(missing_ok=True)
        return start_program()

    service.start, service.ready = start, sign.exists
    return service


def scheduler_service(layout: Layout, env: Mapping[str, str]) -> Service:
    """Rings again for what nobody picked up, and finds lost jobs."""
    return _program(layout, "scheduler", [sys.executable, "-m", "stillroom_worker.scheduler"], env)


def reader_service(layout: Layout, settings: StackSettings, env: Mapping[str, str]) -> Service:
    """Looks into target databases for the api."""
    address = f"http://127.0.0.1:{settings.reader_port}/livez"
    return _program(layout, "reader", [sys.executable, "-m", "stillroom_worker.reader"], env, ready_url=address)


def web_service(layout: Layout, settings: StackSettings) -> Service:
    """Vite's dev server, which sends /api to the api."""
    node, vite = shutil.which("node"), layout.web / "node_modules" / "vite" / "bin" / "vite.js"
    if node is None or not vite.exists():
        raise CannotStart("the web's packages are not installed: `make setup`")
    if not is_free(settings.web_port):
        raise CannotStart(
            f"port {settings.web_port} is taken by another program: stop it, "
            "or choose another one with STILLROOM_WEB_PORT"
        )
    env = {**os.environ, "STILLROOM_API_URL": f"http://127.0.0.1:{settings.port}"}
    argv = [node, str(vite), "--host", "127.0.0.1", "--port", str(settings.web_port), "--strictPort"]
    return _program(layout, "web", argv, env, cwd=layout.web, ready_url=f"http://127.0.0.1:{settings.web_port}/")


def _program(
    layout: Layout,
    name: str,
    argv: list[str],
    env: Mapping[str, str],
    *,
    ladder: tuple[Rung, ...] = ORDINARY_LADDER,
    ready_url: str | None = None,
    cwd: Path | None = None,
) -> Service:
    log = layout.logs / f"{name}.log"

    def start() -> subprocess.Popen[bytes]:
        return start_guarded(argv, env=env, cwd=cwd or layout.root, log=log)

    def ready() -> bool:
        return ready_url is None or _answers(ready_url)

    return Service(name, PROGRAMS, log, start, ladder, ready)


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy
    try:
        with opener.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
