"""A RabbitMQ of the test's own: one node on the loopback, with its own port mapper, in a temporary folder."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from kombu import Connection

from stillroom_cli.embedded.ports import any_free
from stillroom_core.jobs.broker import Away

# Not the wrapper on PATH, which becomes the user of the package.
_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_PATIENCE_S = 120


def program() -> Path | None:
    """Where it is, on a machine that has it."""
    return _PROGRAM if _PROGRAM.exists() and shutil.which("epmd") else None


class RabbitMQ:
    """Started by `start`; what it held is gone after `stop(forget=True)`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._user, self._password = "stillroom", secrets.token_hex(8)
        self._port, self._mapper_port, self._node_port = any_free(), any_free(), any_free()
        self._node: subprocess.Popen[bytes] | None = None
        self._mapper: subprocess.Popen[bytes] | None = None
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self._port}\ndefault_user = {self._user}\n"
            f"default_pass = {self._password}\nloopback_users = none\n"
        )
        (folder / "plugins").write_text("[].")

    @property
    def url(self) -> str:
        """Its address, with the password."""
        return f"amqp://{self._user}:{self._password}@127.0.0.1:{self._port}/%2F"

    def start(self) -> None:
        """Returns when somebody can sign in."""
        names = {
            "HOME": self._folder,
            "RABBITMQ_NODENAME": f"stillroom-{self._port}@localhost",
            "RABBITMQ_DIST_PORT": self._node_port,
            "RABBITMQ_MNESIA_BASE": self._folder / "data",
            "RABBITMQ_LOG_BASE": self._folder / "log",
            "RABBITMQ_CONFIG_FILE": self._folder / "rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": self._folder / "plugins",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "ERL_EPMD_PORT": self._mapper_port,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        environment = {**os.environ, **{name: str(value) for name, value in names.items()}}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
        if self._mapper is None:
            self._mapper = subprocess.Popen(["epmd"], env=environment, **quiet)  # type: ignore[call-overload]
        self._node = subprocess.Popen([str(_PROGRAM)], env=environment, **quiet)  # type: ignore[call-overload]
        deadline = time.monotonic() + _PATIENCE_S
        while not self._answers():
            assert self._node.poll() is None, f"RabbitMQ ended; its log is in {self._folder}/log"
            assert time.monotonic() < deadline, "RabbitMQ does not answer"
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            with Connection(self.url, connect_timeout=2) as connection:
                connection.connect()
        except Away:
            return False
        return True

    def stop(self, *, forget: bool = False) -> None:
        """Killed as by a power cut; with `forget` it comes back empty."""
        _kill(self._node)
        self._node = None
        if forget:
            shutil.rmtree(self._folder / "data", ignore_errors=True)

    def close(self) -> None:
        """Ends everything that was started here."""
        self.stop()
        _kill(self._mapper)


def _kill(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)
