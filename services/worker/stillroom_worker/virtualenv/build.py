"""Build one environment from a plan."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stillroom_worker.sandbox import Level
from stillroom_worker.virtualenv.cache import write_anew
from stillroom_worker.virtualenv.documents import normal, read_toml, table
from stillroom_worker.virtualenv.failure import VirtualenvFailed
from stillroom_worker.virtualenv.interpreters import Interpreter
from stillroom_worker.virtualenv.model import Plan, Requirements, Source, Virtualenv
from stillroom_worker.virtualenv.packages import driver_for, drivers_of, installed_packages
from stillroom_worker.virtualenv.uv import Toolbox

_PSYCOPG2 = re.compile(r"^psycopg2(?=[\s=<>~!;\[]|$)")
_HASH = re.compile(r"\s+--hash=\S+")


@dataclass
class Builder:
    """The building of one environment at `path`, with the folder `work` for what is needed on the way."""

    path: Path
    work: Path
    export: Path
    source: Source
    plan: Plan
    requirements: Requirements
    python: Interpreter
    tools: Toolbox
    install_reason: str | None
    compile_bytecode: bool = True
    notes: list[str] = field(default_factory=list)

    @property
    def _program(self) -> str:
        return str(self.path / "bin" / "python")

    async def build(self, key: str) -> Virtualenv:
        """Make the environment and say what is in it. Raises VirtualenvFailed."""
        for note in self.plan.notes:
            await self._note(note)
        await self.tools.uv(
            *("venv", "--quiet", "--no-config", "--no-project", "--allow-existing"),
            *("--python", str(self.python.path), str(self.path)),
        )
        await self._install_lines()
        await self._install_folders()
        if self.requirements.extra_packages:
            await self._install(*self.requirements.extra_packages)
        await self._supplement()
        await self._check_psycopg()
        if self.compile_bytecode:
            await self._compile()
        if self.tools.walls.level is Level.LANDLOCK:
            await asyncio.to_thread(_make_executable, self.path / "bin")
        packages = installed_packages(self.path)
        return Virtualenv(
            path=self.path,
            python=self.path / "bin" / "python",
            python_version=self.python.version,
            base=self.python.prefix,
            key=key,
            cached=False,
            source=self.source.label,
            drivers=drivers_of(packages),
            alembic=packages.get("alembic"),
            sqlalchemy=packages.get("sqlalchemy"),
            notes=tuple(self.notes),
        )

    async def _note(self, text: str) -> None:
        self.notes.append(text)
        await self.tools.on_line(text)

    async def _install(self, *words: str, env: dict[str, str] | None = None) -> None:
        await self.tools.uv("pip", "install", "--no-config", "--python", self._program, *words, env=env)

    async def _install_lines(self) -> None:
        if not self.plan.lines:
            return
        try:
            await self._install(*self._files(self.plan.lines))
        except VirtualenvFailed as failure:
            if "pg_config" in failure.detail and any(_PSYCOPG2.match(line) for line in self.plan.lines):
                await self._note(
                    "psycopg2 cannot be built here: the ready-made psycopg2-binary of the same version stands for it."
                )
                lines = [_binary(line) for line in self.plan.lines]
                await self._install(*self._files(lines))
            elif failure.code == "resolution_failed" and self.source.kind == "requirements":
                await self._note("The versions do not fit together; they are installed exactly as written.")
                await self._install(*self._files(self.plan.lines), "--no-deps")
            else:
                raise

    def _files(self, lines: Sequence[str]) -> list[str]:
        listed = self.work / "requirements.txt"
        write_anew(listed, "\n".join([*self.plan.options, *lines]) + "\n")
        words = ["-r", str(listed)]
        if self.plan.constraints:
            constraints = self.work / "constraints.txt"
            write_anew(constraints, "\n".join(self.plan.constraints) + "\n")
            words += ["-c", str(constraints)]
        if not self.plan.resolve:
            # Exact versions with hashes: whichever index has that very file may give it.
            words += ["--no-deps", "--index-strategy", "unsafe-best-match"]
        return words

    async def _install_folders(self) -> None:
        """Install the parts of the export that are packages, from a copy that builds may write into."""
        project = self.source.project if self.install_reason else None
        if project is None and self.plan.project_brings_all:
            await self._note("What only the project's own build names is not installed, as its settings ask.")
        folders = [*self.plan.locals, *([project] if project is not None else [])]
        if not folders:
            return
        copy = self.work / "source"
        await asyncio.to_thread(_copy, self.export, copy)
        for folder in folders:
            place = copy / folder.relative_to(self.export)
            try:
                await self._install_folder(folder, place, is_project=folder == project)
            except VirtualenvFailed as failure:
                if not self._may_be_left_out(failure, is_project=folder == project):
                    raise
                name = folder.relative_to(self.export).as_posix()
                what = "The project itself" if folder == project else f"The package in {name}"
                await self._note(f"{what} could not be installed; only what it needs is there.")

    def _may_be_left_out(self, failure: VirtualenvFailed, *, is_project: bool) -> bool:
        """Some projects cannot be built at all, and their migrations run from their folder all the same."""
        if self.requirements.install_project or failure.code not in ("build_failed", "resolution_failed"):
            return False
        return bool(self.plan.lines) or not (is_project and self.plan.project_brings_all)

    async def _install_folder(self, folder: Path, place: Path, *, is_project: bool) -> None:
        extras = [*self.plan.extras_of.get(folder, ()), *(self.requirements.extras if is_project else ())]
        brings_own = self.plan.project_brings_all if is_project else self.plan.resolve
        if brings_own and extras:
            words = [f"{place}[{','.join(extras)}]"]
        else:
            words = [str(place), *([] if brings_own else ["--no-deps"])]
        await self._install(*words, env=_versions(place, self.plan))

    async def _supplement(self) -> None:
        """Add Alembic and a PostgreSQL driver where the project brings none, moving nothing that is there."""
        packages = installed_packages(self.path)
        wanted: list[str] = []
        if "alembic" not in packages:
            version = self.plan.pins.get("alembic")
            wanted.append(f"alembic=={version}" if version else "alembic")
            await self._note(f"The project does not list Alembic; {wanted[-1]} is added.")
        if not drivers_of(packages):
            wanted.append(driver_for(packages.get("sqlalchemy")))
            await self._note(f"The project lists no PostgreSQL driver; {wanted[-1]} is added.")
        if wanted:
            kept = self.work / "kept.txt"
            write_anew(kept, "".join(f"{name}=={version}\n" for name, version in packages.items()))
            await self._install("-c", str(kept), *wanted)

    async def _check_psycopg(self) -> None:
        """Give psycopg 3 its compiled half where neither the project nor the system has libpq."""
        packages = installed_packages(self.path)
        version = packages.get("psycopg")
        if version is None or {"psycopg-binary", "psycopg-c"} & set(packages):
            return
        try:
            await self.tools.run([self._program, "-I", "-c", "import psycopg"], quiet=True)
        except VirtualenvFailed:
            await self._note("psycopg finds no libpq here; psycopg-binary is added.")
            await self._install("--no-deps", f"psycopg-binary=={version}")

    async def _compile(self) -> None:
        """Compile every module once: jobs see the environment read-only and could not keep the result."""
        folders = [str(path) for path in self.path.glob("lib/python3*/site-packages")]
        # Several processes share semaphores in /dev/shm, which is closed there.
        jobs = "1" if self.tools.walls.level is Level.LANDLOCK else "0"
        with contextlib.suppress(VirtualenvFailed):  # a template that is no Python is not an error
            await self.tools.run([self._program, "-I", "-m", "compileall", "-qq", "-j", jobs, *folders], quiet=True)


def _binary(line: str) -> str:
    if _PSYCOPG2.match(line):
        return _HASH.sub("", _PSYCOPG2.sub("psycopg2-binary", line))
    return line


def _make_executable(programs: Path) -> None:
    """Do what the installer was not let do there: whoever installs has the worker's uid, and may change no mode."""
    for path in programs.iterdir():
        with contextlib.suppress(OSError):  # a link leads out, and is a program already or nothing of ours
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                found = os.fstat(descriptor)
                if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
                    os.fchmod(descriptor, 0o755)
            finally:
                os.close(descriptor)


def _copy(export: Path, copy: Path) -> None:
    shutil.copytree(export, copy, symlinks=True, copy_function=shutil.copy)
    for path in _below(copy):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o200)


def _below(folder: Path) -> Iterable[Path]:
    yield folder
    yield from folder.rglob("*")


def _versions(place: Path, plan: Plan) -> dict[str, str]:
    """Tell build tools that ask git for the version (the copy has no git) which one it is."""
    path = place / "pyproject.toml"
    data = read_toml(path) if path.is_file() else {}
    name = table(data, "project").get("name") or table(data, "tool", "poetry").get("name")
    version = plan.pins.get(normal(name), "0.0.1") if isinstance(name, str) else "0.0.1"
    return {
        "SETUPTOOLS_SCM_PRETEND_VERSION": version,
        "PBR_VERSION": version,
        "PDM_BUILD_SCM_VERSION": version,
        "POETRY_DYNAMIC_VERSIONING_BYPASS": version,
        "HATCH_VCS_PRETEND_VERSION": version,
        "VERSIONEER_OVERRIDE": version,
    }
