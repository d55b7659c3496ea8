"""The compose file, run by whatever engine this machine has, under a name and ports of its own."""

import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from stillroom_cli.embedded.ports import first_free

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "deploy" / "compose"
_PATIENCE = 180.0
Found = TypeVar("Found")


def compose_program() -> list[str] | None:
    """The plugin, else the program of the same version 2; None where there is neither, or no engine."""
    for argv in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(argv[0]) and _says([*argv, "version", "--short"]).lstrip("v").startswith(
            ("2.", "3.", "4.", "5.")
        ):
            return argv if _says(["docker", "info", "--format", "{{.ServerVersion}}"]) else None
    return None


def _says(argv: list[str]) -> str:
    ran = subprocess.run(argv, check=False, capture_output=True, text=True)
    return ran.stdout.strip() if ran.returncode == 0 else ""


class Stack:
    """One installation; `variables` are what a user would write into .env."""

    def __init__(self, program: list[str], files: tuple[str, ...] = (), **variables: str) -> None:
        self.name = f"stillroom-test-{secrets.token_hex(4)}"
        self.web_port = first_free(23000)
        self.url = f"http://localhost:{self.web_port}"
        self._argv = [*program, "-p", self.name, *(w for f in ("compose.yaml", *files) for w in ("-f", f))]
        self._env = {
            **{name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")},
            "STILLROOM_PUBLIC_URL": self.url,
            "WEB_PORT": str(self.web_port),
            "API_PORT": f"{(api_port := first_free(28000))}-{api_port + 5}",
            **variables,
        }

    def compose(self, *words: str) -> str:
        """Runs one command of compose; its output, or an error that shows what it said."""
        ran = subprocess.run(
            [*self._argv, *words], check=False, cwd=COMPOSE, env=self._env, capture_output=True, text=True, timeout=1800
        )
        if ran.returncode != 0:
            logs = subprocess.run(
                [*self._argv, "logs", "--tail", "20"],
                check=False,
                cwd=COMPOSE,
                env=self._env,
                capture_output=True,
                text=True,
            )
            raise AssertionError(f"compose {' '.join(words)}:\n{ran.stderr[-3000:]}\n{logs.stdout[-5000:]}")
        return ran.stdout

    def give(self, **variables: str) -> None:
        """What a user writes into .env from here on."""
        self._env |= variables

    def up(self, *words: str) -> None:
        self.compose("up", "--detach", "--build", *words)

    def down(self) -> None:
        self.compose("down", "--volumes", "--timeout", "5")

    def containers(self) -> list[dict[str, Any]]:
        """What the engine knows about each container."""
        ids = self.compose("ps", "--all", "--quiet").split()
        found: list[dict[str, Any]] = json.loads(_says(["docker", "inspect", *ids]))
        return found

    def password(self) -> str:
        """The first administrator's, as the README says it is read."""
        said = self.compose(
            "run", "--rm", "--no-deps", "prepare", "python", "-m", "stillroom_cli.containers", "password"
        )
        return said.split()[-1]

    def api_url(self) -> str:
        """Where the first api is published: the engine chooses in the range."""
        return f"http://localhost:{self.compose('port', 'api', '8000').strip().rpartition(':')[2]}"

    def secret_files(self) -> dict[str, str]:
        """Every generated secret, read where only the first start may."""
        code = (
            "import json, pathlib; print(json.dumps({p.name: p.read_text() for f in ('service', 'setup') "
            "for p in pathlib.Path('/run/stillroom', f).iterdir()}))"
        )
        said = self.compose("run", "--rm", "--no-deps", "prepare", "python", "-c", code)
        read: dict[str, str] = json.loads(said.splitlines()[-1])
        return read


def wait_for(what: str, look: Callable[[], Found | None]) -> Found:
    """What `look` finds, as soon as it finds it."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.25)
    raise AssertionError(f"{what} did not come within {_PATIENCE:.0f} s")
