"""Making and changing environments, and the settings that a run there gets."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.databases.repository import DatabaseRepository
from stillroom_core.databases.service import request_reading
from stillroom_core.environments.models import Environment
from stillroom_core.environments.repository import EnvironmentRepository
from stillroom_core.environments.templates import check_template
from stillroom_core.environments.tunnel import check_tunnel_place, take_tunnel
from stillroom_core.environments.windows import check_zone
from stillroom_core.errors import Conflict, Invalid
from stillroom_core.groups.repository import GroupRepository
from stillroom_core.jobs.repository import JobRepository
from stillroom_core.keys import new_key
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import as_key
from stillroom_core.sealing import Address, seal, unseal


@dataclass(frozen=True)
class RunSettings:
    """What an environment gives to a run, in clear: for the worker only."""

    variables: dict[str, str]
    files: dict[str, str]
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"RunSettings({len(self.variables)} variables, {len(self.files)} files)"


async def find_environment(session: Session, actor: Actor, project: Project, name: str) -> Environment:
    """An environment by slug or id; raises NotFound."""
    repository = EnvironmentRepository(session, actor.organization_id)
    key = as_key(name)
    return await (repository.by_id(project.id, key) if key else repository.by_slug(project.id, name))


async def list_environments(
    session: Session, actor: Actor, project: Project
) -> list[tuple[Environment, list[Database]]]:
    """The project's environments in their order, each with its databases; two queries."""
    environments = await EnvironmentRepository(session, actor.organization_id).listing(project.id)
    databases = await DatabaseRepository(session, actor.organization_id).of_environments(
        [environment.id for environment in environments]
    )
    return [(environment, databases[environment.id]) for environment in environments]


async def databases_of(session: Session, actor: Actor, environment: Environment) -> list[Database]:
    """The environment's databases by name."""
    return list(await DatabaseRepository(session, actor.organization_id).listing(environment.id))


async def create_environment(
    session: Session, actor: Actor, project: Project, content: Mapping[str, Any]
) -> Environment:
    """Adds an environment behind the others; raises Conflict when the slug is taken."""
    repository = EnvironmentRepository(session, actor.organization_id)
    if await repository.taken(project.id, content["slug"]):
        raise Conflict(
            "slug_taken",
            f"This project has an environment {content['slug']} already.",
            fix="Choose another short name.",
            fields={"slug": "taken"},
        )
    environment = Environment(id=new_key(), project_id=project.id)
    await _check_policy(session, actor, environment, content)
    await check_tunnel_place(content.get("tunnel"))
    environment.position = await repository.next_position(project.id)
    repository.add(environment)
    _apply(actor, environment, content)
    _take_rule(actor, environment, had=False)
    notice_after_commit(session, actor.organization_id, project.id, About.DATABASES)
    await session.flush()
    return environment


async def update_environment(
    session: Session, actor: Actor, environment: Environment, changes: Mapping[str, Any]
) -> Environment:
    """Changes what was given; a secret without a value keeps the stored one."""
    if {"variables", "files", "tunnel"} & changes.keys():
        actor.check(Permission.SECRET_WRITE, environment.project_id, environment)
    await _check_policy(session, actor, environment, changes)
    await check_tunnel_place(changes.get("tunnel"))
    had, way = environment.auto_upgrade, (environment.tunnel, environment.tunnel_key_sealed)
    _apply(actor, environment, changes)
    _take_rule(actor, environment, had=had)
    if way != (environment.tunnel, environment.tunnel_key_sealed):
        for database in await databases_of(session, actor, environment):
            request_reading(session, database)
    # Who must approve, and when changes are taken, may be other than open requests were told.
    notice_after_commit(session, actor.organization_id, environment.project_id, About.DATABASES, About.APPROVALS)
    await session.flush()
    return environment


async def delete_environment(session: Session, actor: Actor, environment: Environment) -> None:
    """Removes the environment and its databases from Stillroom; target databases stay."""
    await JobRepository(session, actor.organization_id).refuse_while_running(environment=environment.id)
    followers = await EnvironmentRepository(session, actor.organization_id).following(environment)
    if followers:
        raise Conflict(
            "environment_followed",
            f"{followers[0].name} runs only what {environment.name} ran.",
            fix="Let it follow another environment, or none, and delete this one then.",
        )
    await EnvironmentRepository(session, actor.organization_id).delete(environment)
    notice_after_commit(session, actor.organization_id, environment.project_id, About.DATABASES)


def mark_of(entry: Mapping[str, Any]) -> str:
    """What tells a sealed entry from another value of the same name, whatever key it is under."""
    return str(entry.get("mark") or hashlib.sha256(entry["sealed"].encode()).hexdigest()[:32])


def _take_rule(actor: Actor, environment: Environment, *, had: bool) -> None:
    """Whoever switches automatic upgrades on answers for them: they act with what that person may do.

    Raises Forbidden for who may not upgrade here. No API token changes environments, so that a rule is a person's.
    """
    if had or not environment.auto_upgrade:
        return
    actor.check(Permission.JOB_UPGRADE, environment.project_id, environment)
    environment.auto_upgrade_by = actor.user_id


async def _check_policy(session: Session, actor: Actor, environment: Environment, changes: Mapping[str, Any]) -> None:
    """Raises NotFound for a group or environment of elsewhere, Invalid for a zone or an order that cannot be."""
    if zone := changes.get("windows_zone"):
        check_zone(zone)
    if group := changes.get("approver_group_id"):
        await GroupRepository(session, actor.organization_id).by_id(group)
    if (first := changes.get("predecessor_id")) is None:
        return
    repository = EnvironmentRepository(session, actor.organization_id)
    seen = {environment.id}
    while first is not None:
        if first in seen:
            raise Invalid(
                "predecessor_circle",
                "An environment cannot wait for itself, nor for one that waits for it.",
                fix="Choose an environment that comes earlier.",
                fields={"predecessor_id": "leads in a circle"},
            )
        seen.add(first)
        first = (await repository.by_id(environment.project_id, first)).predecessor_id


def run_settings(environment: Environment) -> RunSettings:
    """Opens the environment's secrets for a run."""
    secrets: list[str] = []
    variables: dict[str, str] = {}
    for entry in environment.variables:
        if "sealed" in entry:
            variables[entry["name"]] = _open(environment, f"variable:{entry['name']}", entry)
            secrets.append(variables[entry["name"]])
        else:
            variables[entry["name"]] = entry["value"]
    files = {entry["path"]: _open(environment, f"file:{entry['path']}", entry) for entry in environment.files}
    secrets.extend(files.values())
    return RunSettings(variables, files, tuple(secrets))


def _apply(actor: Actor, environment: Environment, changes: Mapping[str, Any]) -> None:
    environment.organization_id = actor.organization_id
    for name, value in changes.items():
        if name == "variables":
            environment.variables = _sealed_variables(environment, value)
        elif name == "files":
            environment.files = _sealed_files(environment, value)
        elif name == "tunnel":
            take_tunnel(environment, value)
        else:
            if name in ("ini_overrides", "attributes"):
                for entry in value:
                    check_template(entry["value"], name)
            if name == "x_arguments":
                for argument in value:
                    check_template(argument, name)
            setattr(environment, name, value)


def _sealed_variables(environment: Environment, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    stored = {entry["name"]: entry for entry in environment.variables or []}
    result: list[dict[str, Any]] = []
    for entry in given:
        name, value = entry["name"], entry.get("value")
        if not entry.get("secret"):
            check_template(value or "", "variables")
            result.append({"name": name, "value": value or ""})
        elif value is not None:
            check_template(value, "variables")
            result.append({"name": name, "sealed": _close(environment, f"variable:{name}", value)})
        elif "sealed" in stored.get(name, {}):
            result.append(stored[name])
        else:
            raise _missing(name)
    return result


def _sealed_files(environment: Environment, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    stored = {entry["path"]: entry for entry in environment.files or []}
    result: list[dict[str, Any]] = []
    for entry in given:
        path, content = entry["path"], entry.get("content")
        if content is not None:
            result.append({"path": path, "sealed": _close(environment, f"file:{path}", content)})
        elif path in stored:
            result.append(stored[path])
        else:
            raise _missing(path)
    return result


def _missing(name: str) -> Invalid:
    return Invalid(
        "secret_without_value",
        f"The secret {name} has no value.",
        fix="Enter its value; stored secrets are kept when the value is left out.",
        fields={name: "needs a value"},
    )


def environment_address(environment: Environment, field: str) -> Address:
    """What a sealed value is bound to: `variable:<name>` or `file:<path>`."""
    return Address(environment.organization_id, environment.id, field)


def _close(environment: Environment, field: str, value: str) -> str:
    return base64.b64encode(seal(environment_address(environment, field), value)).decode()


def _open(environment: Environment, field: str, entry: Mapping[str, Any]) -> str:
    return unseal(environment_address(environment, field), base64.b64decode(entry["sealed"]))
