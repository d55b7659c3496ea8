"""A git host tells that something was pushed: the project is fetched at once instead of when somebody looks.

The host signs with a secret of the project, each in its own way. Whatever does not fit gets one answer, whether there
is such a project or not. What a host says beside the ref is not read: the fetch finds the truth by itself.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func

from stillroom_core.database import Session
from stillroom_core.errors import Unauthenticated
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import request_fetch
from stillroom_core.sealing import Address, seal, unseal
from stillroom_core.tables import now
from stillroom_core.tenancy import everything, narrow

Said = Literal["fetching", "other_ref", "no_push", "ping"]

# The hosts that sign: the name of the header, and what stands before the digest of the body (HMAC-SHA256, hex).
_SIGNED = (
    ("x-hub-signature-256", "sha256="),  # GitHub, and Gitea beside its own
    ("x-gitea-signature", ""),
    ("x-hub-signature", "sha256="),  # Bitbucket
    ("x-stillroom-signature", "sha256="),  # whoever else
)
_TOKEN = "x-gitlab-token"  # noqa: S105 - the name of a header; GitLab sends the secret itself
_EVENTS = ("x-github-event", "x-gitea-event", "x-gitlab-event", "x-event-key")
_PUSHES = frozenset({"push", "push hook", "tag push hook", "system hook", "repo:push", "create", "delete"})
# A host that pushes often has the project fetched every few seconds, by the sweeper, and not at each push.
_CALM = timedelta(seconds=10)


def give_secret(project: Project) -> str:
    """A new secret for the project's hook; the former one counts no more."""
    secret = secrets.token_urlsafe(32)
    project.hook_sealed, project.hook_set_at = seal(hook_address(project), secret), now()
    project.hook_came_at = project.hook_said = None
    return secret


def take_secret_away(project: Project) -> None:
    """From now on nobody tells this project of pushes."""
    project.hook_sealed = project.hook_set_at = project.hook_came_at = project.hook_said = None


async def take_push(session: Session, key: UUID, headers: Mapping[str, str], body: bytes) -> Said:
    """Takes what a git host tells about a project; raises Unauthenticated for whatever it did not sign."""
    async with everything(session):
        project = await session.get(Project, key)
    sealed = project.hook_sealed if project else None
    secret = unseal(hook_address(project), sealed) if project and sealed else secrets.token_hex()
    if not _signed(secret, headers, body) or project is None:
        raise Unauthenticated(
            "hook_refused",
            "This is not signed with the secret of the project's hook.",
            fix="Check the address and the secret in the settings of the git host, and those of the project.",
        )
    await narrow(session, project.organization_id)
    said = _meaning(project, headers, body)
    project.hook_came_at, project.hook_said = now(), said
    notice_after_commit(session, project.organization_id, project.id, About.PROJECT)
    if said == "fetching":
        _fetch(session, project)
    return said


def _fetch(session: Session, project: Project) -> None:
    if project.fetch_state == "waiting":
        return
    if project.fetched_at is not None and now() - project.fetched_at < _CALM and project.fetch_state != "running":
        project.fetch_state, project.fetch_requested_at = "waiting", func.clock_timestamp()
        return
    request_fetch(session, project)


def _signed(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    given = headers.get(_TOKEN)
    if given is not None:
        return hmac.compare_digest(given.encode(), secret.encode())
    mark = hmac.digest(secret.encode(), body, hashlib.sha256).hex()
    return any(
        hmac.compare_digest(f"{before}{mark}".encode(), headers[name].encode())
        for name, before in _SIGNED
        if name in headers
    )


def _meaning(project: Project, headers: Mapping[str, str], body: bytes) -> Said:
    event = next((headers[name].lower() for name in _EVENTS if name in headers), "push")
    if event == "ping":
        return "ping"
    if event not in _PUSHES:
        return "no_push"
    refs = _refs(body)
    return "fetching" if not refs or any(_is_ours(project.git_ref, ref) for ref in refs) else "other_ref"


def _refs(body: bytes) -> list[str]:
    """The refs that were pushed; none where the host does not say, so that it is looked at."""
    try:
        content: Any = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return []
    if not isinstance(content, dict):
        return []
    found = [content.get("ref")]
    pushed = content.get("push")
    changes = pushed.get("changes") if isinstance(pushed, dict) else None
    for change in changes if isinstance(changes, list) else []:
        new = change.get("new") if isinstance(change, dict) else None
        found.append(new.get("name") if isinstance(new, dict) else None)
    return [ref for ref in found if isinstance(ref, str)]


def _is_ours(git_ref: str, pushed: str) -> bool:
    if git_ref == "HEAD":
        return True
    names = {pushed, *(pushed.removeprefix(before) for before in ("refs/heads/", "refs/tags/"))}
    return git_ref in names or git_ref.removeprefix("refs/heads/") in names


def hook_address(project: Project) -> Address:
    """What the secret of a project's hook is bound to."""
    return Address(project.organization_id, project.id, "hook")
