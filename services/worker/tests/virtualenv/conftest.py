"""Tiny real projects, installed by the real tool from the real index."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from stillroom_worker.sandbox import Level, choose_level
from stillroom_worker.virtualenv import Confinement, Requirements, Virtualenv, ensure

SIX = (
    "sha256:1e61c37477a1626458e36f7b1d82aa5c9b094fa4802892072e49de9c60c4c926",
    "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254",
)
INICONFIG = (
    "sha256:2d91e135bf72d31a410b17c16da610a82cb55f6b0477d1a902134b24a455b8b3",
    "sha256:b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374",
)


@pytest.fixture(scope="session")
def hashes() -> dict[str, tuple[str, ...]]:
    """The real hashes of six 1.16.0 and iniconfig 2.0.0."""
    return {"six": SIX, "iniconfig": INICONFIG}


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the whole run: what one test downloaded the next one has."""
    return tmp_path_factory.mktemp("environments")


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Write an export: `project({"requirements.txt": "six"})`; files are read-only as in a real one."""

    def write(files: dict[str, str]) -> Path:
        export = tmp_path / "export"
        for name, content in files.items():
            path = export / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            path.chmod(0o444)
        export.mkdir(exist_ok=True)
        return export

    return write


@pytest.fixture
def lines() -> list[str]:
    """What the tools said."""
    return []


@pytest.fixture(scope="session")
def confinement(tmp_path_factory: pytest.TempPathFactory) -> Confinement:
    """The best walls of this host, and the hosts that an operator has by default."""
    work = tmp_path_factory.mktemp("walls")
    named = os.environ.get("STILLROOM_TEST_SANDBOX")
    level = Level(named) if named else asyncio.run(choose_level(Level.BARE, work=work))
    return Confinement(level=level, hosts=("pypi.org", "files.pythonhosted.org", "github.com", "codeload.github.com"))


@pytest.fixture
def install(cache: Path, lines: list[str], confinement: Confinement) -> Callable[..., Awaitable[Virtualenv]]:
    """Ensure an export's environment: `await install(export, "sub", extras=("x",))`."""

    async def run(
        export: Path, subdirectory: str = ".", *, compile_bytecode: bool = False, **settings: object
    ) -> Virtualenv:
        async def on_line(line: str) -> None:
            lines.append(line)

        return await ensure(
            export,
            subdirectory,
            Requirements(**settings),
            cache,
            on_line,
            confinement=confinement,
            compile_bytecode=compile_bytecode,
        )

    return run


@pytest.fixture
def packages() -> Callable[[Virtualenv], dict[str, str]]:
    """Name and version of what stands in an environment."""
    from stillroom_worker.virtualenv.packages import installed_packages

    return lambda virtualenv: installed_packages(virtualenv.path)
