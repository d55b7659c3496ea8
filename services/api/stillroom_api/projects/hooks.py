"""Hooks of git hosts: a project's secret, and the door at which pushes are told."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from stillroom_api.authorization import InProject, in_project
from stillroom_api.context import ContextOf, Transaction
from stillroom_core.actors.permissions import Permission
from stillroom_core.projects import hooks

router = APIRouter(prefix="/api/orgs/{org}/projects/{project}/hook", tags=["projects"])
told = APIRouter(prefix="/api/hooks/git", tags=["projects"])

Setter = Annotated[InProject, in_project(Permission.SECRET_WRITE)]


class HookMade(BaseModel):
    """What to enter at the git host; the secret is shown this once."""

    url: str
    secret: str


class HookAnswer(BaseModel):
    """What came of it."""

    said: hooks.Said = Field(description="fetching, other_ref (not the project's), no_push, or ping")


@router.put("")
async def renew_hook(session: Transaction, context: ContextOf, where: Setter) -> HookMade:
    """Makes the project's hook, or gives it another secret."""
    secret = hooks.give_secret(where.project)
    await session.flush()
    url = f"{context.settings.public_url.rstrip('/')}/api/hooks/git/{where.project.id}"
    return HookMade(url=url, secret=secret)


@router.delete("", status_code=204)
async def delete_hook(session: Transaction, where: Setter) -> None:
    """Ends the project's hook."""
    hooks.take_secret_away(where.project)


@told.post("/{project}", status_code=202)
async def tell_push(project: UUID, request: Request, session: Transaction) -> HookAnswer:
    """A push, as GitHub, GitLab, Gitea, Bitbucket or a script of yours tells it; the project is fetched."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    return HookAnswer(said=await hooks.take_push(session, project, headers, await request.body()))
