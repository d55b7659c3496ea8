"""Give a project's environment: from the cache, or built now."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from stillroom_core.masking import hide
from stillroom_worker.sandbox import Level
from stillroom_worker.virtualenv.build import Builder
from stillroom_worker.virtualenv.cache import Place
from stillroom_worker.virtualenv.confine import Confinement, Walls
from stillroom_worker.virtualenv.detect import detect, folders_upwards
from stillroom_worker.virtualenv.environment import files_of_operator, passwords_of_operator, tool_environment
from stillroom_worker.virtualenv.failure import VirtualenvFailed
from stillroom_worker.virtualenv.interpreters import Interpreter, installed
from stillroom_worker.virtualenv.key import key_of
from stillroom_worker.virtualenv.locks.pdm_lock import plan_pdm_lock
from stillroom_worker.virtualenv.locks.pipfile_lock import plan_pipfile_lock
from stillroom_worker.virtualenv.locks.poetry_lock import plan_poetry_lock
from stillroom_worker.virtualenv.locks.uv_lock import plan_uv_lock
from stillroom_worker.virtualenv.metadata import plan_pyproject, plan_setup
from stillroom_worker.virtualenv.model import Plan, Requirements, Source, Virtualenv
from stillroom_worker.virtualenv.project import why_install
from stillroom_worker.virtualenv.python_choice import candidates
from stillroom_worker.virtualenv.requirements_txt import read_requirements
from stillroom_worker.virtualenv.settings import check
from stillroom_worker.virtualenv.uv import OnLine, Toolbox, uv_program
from stillroom_worker.virtualenv.way_out import WayOut

_DEFAULT = ("alembic", "sqlalchemy", "psycopg[binary]", "psycopg2-binary", "asyncpg")
_TIME_LIMIT = timedelta(minutes=30)
_MOST_PYTHONS = 3


@dataclass(frozen=True)
class _Attempt:
    """One interpreter with what it would get."""

    python: Interpreter
    plan: Plan
    install_reason: str | None
    place: Place


@dataclass
class _Ensuring:
    export: Path
    folders: list[Path]
    requirements: Requirements
    cache: Path
    on_line: OnLine
    source: Source
    deadline: float
    time_limit: timedelta
    level: Level
    way_out: WayOut
    compile_bytecode: bool

    def toolbox(self, python: Interpreter, work: Path, *writable: Path) -> Toolbox:
        for folder in (work / "home", work / "tmp", self.cache / "uv"):
            folder.mkdir(parents=True, exist_ok=True)
        env = tool_environment(self.cache, work)
        readable = [uv_program().resolve().parent, uv_program().parent, python.prefix, self.export]
        walls = Walls(
            level=self.level,
            way_out=self.way_out,
            readable=tuple(dict.fromkeys([*readable, *files_of_operator(env)])),
            writable=(self.cache / "uv", work, *writable),
            interpreters=(python.prefix,),
        )
        return Toolbox(env, walls, work, self.on_line, self.deadline, self.time_limit)

    async def attempt(self, python: Interpreter) -> _Attempt:
        """Plan for one interpreter."""
        plan = await self._plan(python)
        reason = self._install_reason(plan)
        built = [*plan.locals, *([self.source.project] if reason and self.source.project else [])]
        key = await asyncio.to_thread(key_of, self.source, plan, self.requirements, python, built)
        return _Attempt(python, plan, reason, Place(self.cache, key))

    async def _plan(self, python: Interpreter) -> Plan:
        source, wanted = self.source, self.requirements
        if source.path is None:
            return Plan(lines=_DEFAULT)
        if source.kind == "uv.lock":
            work = Path(tempfile.mkdtemp(prefix=".plan-", dir=self.cache))
            try:
                return await plan_uv_lock(self.export, source, wanted, python, self.toolbox(python, work))
            finally:
                shutil.rmtree(work, ignore_errors=True)
        if source.kind == "poetry.lock":
            env = tool_environment(self.cache, self.cache)
            return plan_poetry_lock(self.export, source, wanted, python, env)
        if source.kind == "pdm.lock":
            return plan_pdm_lock(self.export, source, wanted)
        if source.kind == "Pipfile.lock":
            return plan_pipfile_lock(self.export, source, wanted)
        if source.kind == "pyproject.toml":
            return plan_pyproject(self.export, source, wanted)
        if source.kind == "setup.py":
            return plan_setup(source)
        return self._without_project(read_requirements(self.export, source.path))

    def _without_project(self, plan: Plan) -> Plan:
        """Take `-e .` out of a requirements file: whether to install the project is decided in one place."""
        project = self.source.project
        if project not in plan.locals:
            return plan
        others = tuple(path for path in plan.locals if path != project)
        return replace(plan, locals=others, project_brings_all=True)

    def _install_reason(self, plan: Plan) -> str | None:
        if self.source.project is None or self.requirements.install_project is False:
            return None
        if self.requirements.install_project:
            return "the project's settings ask for it"
        if plan.project_brings_all:
            return "what it needs is known only by it"
        return why_install(self.source.project, self.folders[0])

    async def build(self, attempt: _Attempt) -> Virtualenv:
        """Build an attempt, unless another job has done so meanwhile."""
        place = attempt.place
        async with place.building(self.on_line, self.deadline):
            if (ready := place.read()) is not None:
                return ready
            place.clear()
            place.path.mkdir(parents=True)
            place.work.mkdir()
            whole = False
            try:
                tools = self.toolbox(attempt.python, place.work, place.path)
                builder = Builder(
                    path=place.path,
                    work=place.work,
                    export=self.export,
                    source=self.source,
                    plan=attempt.plan,
                    requirements=self.requirements,
                    python=attempt.python,
                    tools=tools,
                    install_reason=attempt.install_reason,
                    compile_bytecode=self.compile_bytecode,
                )
                built = await builder.build(place.key)
                await asyncio.to_thread(place.finish, built)
                whole = True
                return built
            finally:
                if whole:
                    shutil.rmtree(place.work, ignore_errors=True)
                else:
                    place.clear()


async def ensure(
    export: Path,
    subdirectory: str,
    requirements: Requirements,
    cache: Path,
    on_line: OnLine,
    *,
    confinement: Confinement,
    time_limit: timedelta = _TIME_LIMIT,
    compile_bytecode: bool = True,
) -> Virtualenv:
    """Give the environment of the project that stands in `subdirectory` of an export.

    Installs from the nearest lock and never resolves what is locked; the same lock, settings and Python give
    the same environment from `cache`, and two jobs that need it at once build it once. `cache` should belong
    to one organization: building runs its packages' code. Lines of the tools go to `on_line` as they come.
    `confinement` says how far builds are kept away from everything. Without
    `compile_bytecode` building is faster and every job that uses the environment slower.
    Raises VirtualenvFailed.
    """
    check(requirements)
    folders = folders_upwards(export, subdirectory)
    source = detect(export, folders, requirements.source)
    pythons, notes = candidates(await installed(), source, folders, requirements.python)
    for note in notes:
        await on_line(note)

    async def refused(host: str) -> None:
        await on_line(f"{host} may not give packages here; the operator lists hosts in STILLROOM_PACKAGE_HOSTS.")

    cache = _made(cache)
    env = tool_environment(cache, cache)
    hide(*passwords_of_operator(env))
    async with WayOut(env, hosts=confinement.hosts, networks=confinement.networks, on_refusal=refused) as way_out:
        ensuring = _Ensuring(
            export=folders[-1],
            folders=folders,
            requirements=requirements,
            cache=cache,
            on_line=on_line,
            source=source,
            deadline=time.monotonic() + time_limit.total_seconds(),
            time_limit=time_limit,
            level=confinement.level,
            way_out=way_out,
            compile_bytecode=compile_bytecode,
        )
        return await _first_that_works(ensuring, _one_per_minor(pythons, 1 if requirements.python else _MOST_PYTHONS))


def _made(cache: Path) -> Path:
    cache = cache.absolute()
    cache.mkdir(parents=True, exist_ok=True)
    return cache


async def _first_that_works(ensuring: _Ensuring, pythons: list[Interpreter]) -> Virtualenv:
    """Try the interpreters in turn: what was locked years ago often builds only on an older one."""
    attempts: list[_Attempt] = []
    for python in pythons:
        attempt = await ensuring.attempt(python)
        attempts.append(attempt)
        if (ready := attempt.place.read()) is not None:
            return ready
        # Another Python's environment counts only where this one was tried in vain: what a project gets must
        # not depend on what others have built.
        if not attempt.place.failed.exists():
            break
    if ensuring.level is Level.BARE:
        await ensuring.on_line("Packages are installed without isolation, as jobs run here.")
    first: VirtualenvFailed | None = None
    for number, python in enumerate(pythons):
        attempt = attempts[number] if number < len(attempts) else await ensuring.attempt(python)
        await ensuring.on_line(f"Installing from {ensuring.source.label} with Python {attempt.python.version}.")
        try:
            return await ensuring.build(attempt)
        except VirtualenvFailed as failure:
            first = first or failure
            if failure.code not in ("build_failed", "resolution_failed"):
                raise
            attempt.place.failed.touch()
    assert first is not None  # noqa: S101  there is at least one attempt
    raise first


def _one_per_minor(pythons: list[Interpreter], most: int) -> list[Interpreter]:
    by_minor: dict[str, Interpreter] = {}
    for python in pythons:
        by_minor.setdefault(python.minor, python)
    return list(by_minor.values())[:most]
