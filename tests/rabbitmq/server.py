"""A RabbitMQ of the test's own: one node on the loopback, with its own port mapper, in a temporary folder.

With files of an authority it listens over TLS alone, and asks for a certificate of the same authority.
"""

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
from stillroom_core.jobs import transport
from stillroom_core.jobs.broker import Away
from stillroom_testing.tls_servers import Files

# Not the wrapper on PATH, which becomes the user of the package.
_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_PATIENCE_S = 120


def program() -> Path | None:
    """Where it is, on a machine that has it."""
    return _PROGRAM if _PROGRAM.exists() and shutil.which("epmd") else None


class RabbitMQ:
    """Started by `start`; what it held is gone after `stop(forget=True)`."""

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self._folder = folder
        self.files = files
        self._user, self._password = "stillroom", secrets.token_hex(8)
        self._port, self._mapper_port, self._node_port = any_free(), any_free(), any_free()
        self._node: subprocess.Popen[bytes] | None = None
        self._mapper: subprocess.Popen[bytes] | None = None
        (folder / "rabbitmq.conf").write_text(
            f"{self._listens()}default_user = {self._user}\ndefault_pass = {self._password}\nloopback_users = none\n"
        )
        (folder / "plugins").write_text("[].")

    def _listens(self) -> str:
        if self.files is None:
            return f"listeners.tcp.1 = 127.0.0.1:{self._port}\n"
        return (
            f"listeners.tcp = none\nlisteners.ssl.1 = 127.0.0.1:{self._port}\n"
            f"ssl_options.cacertfile = {self.files.authority}\nssl_options.certfile = {self.files.certificate}\n"
            f"ssl_options.keyfile = {self.files.key}\nssl_options.verify = verify_peer\n"
            "ssl_options.fail_if_no_peer_cert = true\n"
        )

    @property
    def url(self) -> str:
        """Its address, with the password, and how it is believed."""
        return self.address(self.files.query() if self.files else "")

    def address(self, query: str, host: str = "127.0.0.1") -> str:
        """The same by another name, or believed otherwise."""
        scheme = "amqps" if self.files else "amqp"
        return f"{scheme}://{self._user}:{self._password}@{host}:{self._port}/%2F{query}"

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
        transport.register()
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
