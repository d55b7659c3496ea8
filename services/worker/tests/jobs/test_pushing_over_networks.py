"""Drafts pushed to real git servers, over https and ssh: by who may write, and refused by name to who may not."""

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from stillroom_core.actors.repository import actor_in
from stillroom_core.members.models import User
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import update_project
from stillroom_testing.drafts import prepared, pushed, two_heads, written
from stillroom_testing.git_server import GitServer, serving
from stillroom_testing.ssh_server import SSHD, needs_sshd, serving_ssh

TOKEN = "canary-5b21-may-write"
READING = "canary-5b21-may-read"
# As GitHub says it, as GitLab says it, and as a host that says nothing.
REFUSALS = (
    "Write access to repository not granted.",
    "You are not allowed to upload code for this project.",
    "",
)


@dataclass
class Origin:
    """The repository on a server, with the credentials of who may write and of who may only read."""

    folder: Path
    url: str
    writer: dict[str, str]
    reader: dict[str, str]
    https: GitServer | None = None

    def git(self, *words: str) -> str:
        ran = subprocess.run(["git", "-C", str(self.folder), *words], check=True, capture_output=True, text=True)
        return ran.stdout.strip()

    def branches(self) -> list[str]:
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()


@pytest.fixture(params=["https", pytest.param("ssh", marks=needs_sshd)])
async def origin(
    scene: Any, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Origin]:
    """The scene's repository with two heads, on a server of its own, and the project that follows it there."""
    await prepared(scene, two_heads())
    root = tmp_path / "served"
    root.mkdir()
    folder = root / "shop.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(scene.repository), str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "config", "uploadpack.allowFilter", "true"], check=True)
    # Whoever reaches for the folder itself finds nothing.
    shutil.rmtree(scene.repository)
    with ExitStack() as servers:
        if request.param == "https":
            server = servers.enter_context(serving(root))
            monkeypatch.setenv("GIT_SSL_CAINFO", str(server.authority))
            server.login, server.reader = ("git", TOKEN), ("git", READING)
            made = Origin(
                folder,
                server.url("shop.git", "127.0.0.1"),
                {"username": "git", "password": TOKEN},
                {"username": "git", "password": READING},
                server,
            )
        else:
            assert SSHD
            ssh = servers.enter_context(serving_ssh(tmp_path / "sshd"))
            known = {"known_hosts": f"[127.0.0.1]:{ssh.port} {ssh.host_key}"}
            made = Origin(
                folder,
                f"ssh://{ssh.user}@127.0.0.1:{ssh.port}{folder}",
                {"ssh_private_key": ssh.private_key, **known},
                {"ssh_private_key": ssh.reading_key, **known},
            )
        await follow(scene, made, made.writer)
        await scene.fetch()
        yield made


async def follow(scene: Any, origin: Origin, credential: dict[str, str]) -> None:
    """Sets the project's address and credential as a person would."""
    async with scene.room.database.everything() as session:
        person = (await session.scalars(select(User))).one()
        actor = await actor_in(session, person, slug="demo")
        project = (await session.scalars(select(Project))).one()
        await update_project(session, actor, project, {"git_url": origin.url, "credential": credential})


async def change(scene: Any, **columns: Any) -> None:
    async with scene.room.database.everything() as session:
        await session.execute(update(Project).values(**columns))


async def test_a_branch_is_pushed_by_a_credential_that_may_write(scene: Any, origin: Origin) -> None:
    draft = await written(scene, "merge", "Merge the heads")
    assert draft.state == "ready", draft.error
    done = await pushed(scene, draft, "revisions/merge")
    assert done.state == "pushed", done.error
    assert origin.git("rev-parse", "revisions/merge") == done.pushed_sha
    assert origin.git("rev-parse", "revisions/merge^") == draft.commit_sha
    assert origin.git("log", "-1", "--format=%an <%ae>|%cn", "revisions/merge") == "Ann <ann@example.com>|Stillroom"
    assert origin.git("diff", "--name-status", "main", "revisions/merge") == f"A\t{draft.path}"


async def test_a_credential_that_may_only_read_is_named_as_the_cause_with_what_to_do(
    scene: Any, origin: Origin
) -> None:
    await follow(scene, origin, origin.reader)
    project = await scene.fetch()
    assert project.fetch_error is None
    draft = await written(scene, "merge", "Merge the heads")
    for words in REFUSALS if origin.https else ("marked as read only",):
        if origin.https:
            origin.https.refusal = words
        refused = await pushed(scene, draft, "revisions/merge")
        assert refused.error is not None
        assert (refused.state, refused.error["code"]) == ("ready", "push_refused")
        assert words in refused.error["detail"]
        assert "that may push: a token with write access" in refused.error["fix"]
        assert words or "may read the repository and not write" in refused.error["title"]
        assert READING not in str(refused.error)
    assert origin.branches() == ["main"]

    # The draft is there still: with a better credential the same one goes.
    await follow(scene, origin, origin.writer)
    assert (await pushed(scene, draft, "revisions/merge")).state == "pushed"


async def test_the_servers_default_branch_is_never_pushed_to_unless_the_project_allows_it(
    scene: Any, origin: Origin
) -> None:
    before = origin.git("rev-parse", "main")
    draft = await written(scene, "merge", "Merge the heads")
    # Jobs run from another branch, so that only the server can say which one is its default.
    await change(scene, git_ref="release")
    refused = await pushed(scene, draft, "main")
    assert refused.error is not None and refused.error["code"] == "push_refused"
    assert "default branch" in refused.error["title"]
    assert origin.git("rev-parse", "main") == before

    await change(scene, git_ref="main", direct_push=True)
    done = await pushed(scene, draft, "main")
    assert done.state == "pushed", done.error
    assert origin.git("rev-parse", "main") == done.pushed_sha
    assert origin.git("rev-parse", "main^") == before


async def test_a_branch_of_somebody_else_is_neither_moved_nor_overwritten(scene: Any, origin: Origin) -> None:
    draft = await written(scene, "merge", "Merge the heads")
    tree = origin.git("rev-parse", "main^{tree}")
    people = ["-c", "user.name=Bo", "-c", "user.email=bo@example.com"]
    theirs = origin.git(*people, "commit-tree", tree, "-p", "main", "-m", "ours already")
    origin.git("update-ref", "refs/heads/revisions/merge", theirs)
    refused = await pushed(scene, draft, "revisions/merge")
    assert refused.error is not None and refused.error["code"] == "branch_taken"
    assert origin.git("rev-parse", "revisions/merge") == theirs

    # Allowed to push to main, but somebody was there first: nothing is forced.
    await change(scene, direct_push=True)
    ahead = origin.git(*people, "commit-tree", tree, "-p", "main", "-m", "went on")
    origin.git("update-ref", "refs/heads/main", ahead)
    refused = await pushed(scene, draft, "main")
    assert refused.error is not None and refused.error["code"] == "branch_taken"
    assert origin.git("rev-parse", "main") == ahead


async def test_a_hook_of_the_server_that_refuses_is_heard(scene: Any, origin: Origin) -> None:
    hook = origin.folder / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'GL-HOOK-ERR: branch names begin with a ticket number' >&2\nexit 1\n")
    hook.chmod(0o755)
    draft = await written(scene, "merge", "Merge the heads")
    refused = await pushed(scene, draft, "revisions/merge")
    assert refused.error is not None and refused.error["code"] == "push_refused"
    assert "branch names begin with a ticket number" in refused.error["detail"]
    assert origin.branches() == ["main"]
