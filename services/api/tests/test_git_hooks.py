"""Git hosts tell of pushes, each signed in its own way; the project is fetched, and nobody else can have it fetched."""

import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from stillroom_core.jobs.queue import FETCH_PROJECT
from stillroom_core.projects.models import Project

OWNER = "owner@own.example"
SHOP = "/api/orgs/own/projects/shop"

# As the hosts send them, shortened to what they have in common with others; the rest is not read.
GITHUB = {
    "ref": "refs/heads/main",
    "before": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
    "after": "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
    "created": False,
    "deleted": False,
    "forced": False,
    "repository": {"id": 186853002, "full_name": "acme/shop", "private": True},
    "pusher": {"name": "ann", "email": "ann@example.com"},
    "head_commit": {"id": "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c", "message": "orders"},
}
GITLAB = {
    "object_kind": "push",
    "event_name": "push",
    "before": "95790bf891e76fee5e1747ab589903a6a1f80f22",
    "after": "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
    "ref": "refs/heads/main",
    "ref_protected": True,
    "checkout_sha": "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
    "project": {"id": 15, "path_with_namespace": "acme/shop"},
    "total_commits_count": 4,
}
GITEA = {
    "ref": "refs/heads/main",
    "before": "28e1879d029cb852e4844d9c718537df08844e03",
    "after": "bffeb74224043ba2feb48d137756c8a9331c449a",
    "repository": {"id": 140, "full_name": "acme/shop"},
    "pusher": {"login": "ann"},
}
BITBUCKET = {"push": {"changes": [{"new": {"type": "branch", "name": "main"}, "old": None}]}, "actor": {}}


def digest(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def github(secret: str, body: bytes) -> dict[str, str]:
    return {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={digest(secret, body)}"}


def gitlab(secret: str, body: bytes) -> dict[str, str]:
    return {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": secret}


def gitea(secret: str, body: bytes) -> dict[str, str]:
    return {"X-Gitea-Event": "push", "X-Gitea-Signature": digest(secret, body)}


def bitbucket(secret: str, body: bytes) -> dict[str, str]:
    return {"X-Event-Key": "repo:push", "X-Hub-Signature": f"sha256={digest(secret, body)}"}


def script(secret: str, body: bytes) -> dict[str, str]:
    return {"X-Stillroom-Signature": f"sha256={digest(secret, body)}"}


HOSTS = [(github, GITHUB), (gitlab, GITLAB), (gitea, GITEA), (bitbucket, BITBUCKET), (script, {})]


@pytest.fixture
async def hook(api: Any) -> dict[str, str]:
    """The hook of own/shop, which has just been fetched."""
    made = await api.call(OWNER, "PUT", f"{SHOP}/hook")
    assert made.status_code == 200, made.text
    await idle(api)
    found: dict[str, str] = made.json()
    return found


async def idle(api: Any) -> None:
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Project).values(fetch_state="idle", fetched_at=None))
    api.queue.rings.clear()


async def tell(
    api: Any, hook: dict[str, str], sign: Any, content: Any, *, secret: str = "", **headers: str
) -> httpx.Response:
    body = json.dumps(content).encode()
    answer: httpx.Response = await api.client.post(
        httpx.URL(hook["url"]).path, content=body, headers={**sign(secret or hook["secret"], body), **headers}
    )
    return answer


async def test_a_stranger_can_neither_make_a_hook_nor_end_one(api: Any, hook: dict[str, str]) -> None:
    for method in ("PUT", "DELETE"):
        assert (await api.call(None, method, f"{SHOP}/hook")).status_code == 401
        assert (await api.call("owner@other.example", method, f"{SHOP}/hook")).status_code == 404


@pytest.mark.parametrize(("sign", "content"), HOSTS, ids=lambda one: getattr(one, "__name__", ""))
async def test_a_push_that_is_signed_has_the_project_fetched(
    api: Any, hook: dict[str, str], sign: Any, content: Any
) -> None:
    answer = await tell(api, hook, sign, content)
    assert (answer.status_code, answer.json()) == (202, {"said": "fetching"})
    read = (await api.call(OWNER, "GET", SHOP)).json()
    assert (read["fetch"]["state"], read["hook"]["said"]) == ("waiting", "fetching")
    assert [ring.task for ring in api.queue.rings] == [FETCH_PROJECT]


@pytest.mark.parametrize(("sign", "content"), HOSTS, ids=lambda one: getattr(one, "__name__", ""))
async def test_what_is_not_signed_with_the_secret_does_nothing_and_tells_nothing(
    api: Any, hook: dict[str, str], sign: Any, content: Any
) -> None:
    nobody = {**hook, "url": f"http://testserver/api/hooks/git/{UUID(int=7)}"}
    other = (await api.call("owner@other.example", "GET", "/api/orgs/other/projects/shop")).json()["id"]
    answers = [
        await tell(api, hook, sign, content, secret="wrong"),
        await tell(api, nobody, sign, content),
        await tell(api, {**hook, "url": f"http://testserver/api/hooks/git/{other}"}, sign, content),  # it has no hook
        await tell(api, hook, lambda _s, _b: {}, content),
        await tell(api, hook, lambda s, b: {"X-Hub-Signature-256": digest(s, b)}, content),
        await tell(api, hook, lambda s, b: {"X-Hub-Signature-256": f"sha256={digest(s, b + b' ')}"}, content),
        await tell(api, hook, lambda s, _b: {"Authorization": f"Bearer {s}"}, content),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(401, "hook_refused")}
    assert api.queue.rings == []
    assert (await api.call(OWNER, "GET", SHOP)).json()["hook"]["came_at"] is None


@pytest.mark.parametrize(
    ("content", "headers", "said"),
    [
        ({**GITHUB, "ref": "refs/heads/feature"}, {}, "other_ref"),
        ({**GITHUB, "ref": "refs/heads/feature/main"}, {}, "other_ref"),
        ({**GITHUB, "ref": "refs/tags/main"}, {}, "fetching"),
        ({"zen": "Design for failure."}, {"X-GitHub-Event": "ping"}, "ping"),
        ({"action": "opened"}, {"X-GitHub-Event": "pull_request"}, "no_push"),
        ({**GITHUB, "ref": 7}, {}, "fetching"),
        ([1, 2], {}, "fetching"),
    ],
)
async def test_only_pushes_to_the_projects_ref_have_it_fetched(
    api: Any, hook: dict[str, str], content: Any, headers: dict[str, str], said: str
) -> None:
    answer = await tell(api, hook, github, content, **headers)
    assert answer.json() == {"said": said}
    assert bool(api.queue.rings) is (said == "fetching")


async def test_many_pushes_are_one_fetch(api: Any, hook: dict[str, str]) -> None:
    for _ in range(5):
        assert (await tell(api, hook, github, GITHUB)).json() == {"said": "fetching"}
    assert len(api.queue.rings) == 1


async def test_a_new_secret_ends_the_former_and_without_one_nothing_is_taken(api: Any, hook: dict[str, str]) -> None:
    renewed = (await api.call(OWNER, "PUT", f"{SHOP}/hook")).json()
    assert renewed["url"] == hook["url"] and renewed["secret"] != hook["secret"]
    assert (await tell(api, hook, github, GITHUB)).status_code == 401
    assert (await tell(api, renewed, github, GITHUB)).status_code == 202
    read = (await api.call(OWNER, "GET", SHOP)).text
    assert renewed["secret"] not in read
    assert renewed["secret"] not in (await api.call(OWNER, "GET", "/api/orgs/own/audit")).text
    assert (await api.call(OWNER, "DELETE", f"{SHOP}/hook")).status_code == 204
    assert (await tell(api, renewed, github, GITHUB)).status_code == 401
    assert (await api.call(OWNER, "GET", SHOP)).json()["hook"]["set"] is False


async def test_how_often_a_project_is_fetched_by_itself_is_a_setting(api: Any) -> None:
    assert (await api.call(OWNER, "PATCH", SHOP, json={"poll_minutes": 5})).json()["poll_minutes"] == 5
    assert (await api.call(OWNER, "PATCH", SHOP, json={"poll_minutes": -1})).status_code == 422
    assert (await api.call(OWNER, "PATCH", SHOP, json={"poll_minutes": 2000})).status_code == 422
