"""The gate: is a database where a program needs it, and how fresh is that answer."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from stillroom_core.databases.models import Database
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.queue import READ_DATABASE
from stillroom_core.keys import new_key
from stillroom_core.organizations.models import Organization
from stillroom_core.tables import now
from stillroom_testing.commits import add_commit

OWNER = "owner@own.example"
GATE = "/api/migrations/gate"
HERE = {"project": "own/shop", "environment": "dev"}
CHAIN: dict[str, tuple[str, ...]] = {"aaa1": (), "bbb2": ("aaa1",), "ccc3": ("bbb2",)}


async def stands(api: Any, heads: list[str], *, age: timedelta = timedelta(), **more: Any) -> None:
    async with api.app.state.context.database.everything() as session:
        own = select(Organization.id).where(Organization.slug == "own").scalar_subquery()
        values = {"heads": heads, "heads_read_at": now() - age, "read_state": "idle", "read_error": None, **more}
        await session.execute(update(Database).where(Database.organization_id == own).values(**values))


async def running(api: Any, kind: str, *, heads_before: list[str] | None) -> None:
    body = {**HERE, "revision": "ccc3" if kind == "upgrade" else "base"}
    started = await api.call(OWNER, "POST", f"/api/migrations/{kind}", json=body)
    assert started.status_code == 202, started.text
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Job).values(state="running", attempt=new_key(), heads_before=heads_before))


async def ask(api: Any, **query: Any) -> dict[str, Any]:
    answer = await api.call(OWNER, "GET", GATE, params={**HERE, **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
async def shop(api: Any) -> Any:
    await add_commit(api.app.state.context.database, "own", CHAIN)
    return api


async def test_a_stranger_learns_nothing(shop: Any) -> None:
    assert (await shop.call(None, "GET", GATE, params=HERE)).status_code == 401
    assert (await shop.call("owner@other.example", "GET", GATE, params=HERE)).status_code == 404


@pytest.mark.parametrize(
    ("heads", "query", "is_open"),
    [
        (["ccc3"], {}, True),
        (["bbb2"], {}, False),
        (["bbb2"], {"revision": "aaa1"}, True),
        (["bbb2"], {"revision": "bbb2"}, True),
        (["bbb2"], {"revision": "ccc3"}, False),
        (["bbb2"], {"revision": "aaa1", "exact": True}, False),
        (["bbb2"], {"revision": "bbb2", "exact": True}, True),
        ([], {"revision": "aaa1"}, False),
        (["zzz9"], {"revision": "aaa1"}, False),  # nobody knows what is below it
        (["zzz9"], {"revision": "zzz9"}, True),  # but it stands there
    ],
)
async def test_it_is_open_at_or_after_the_revision(
    shop: Any, heads: list[str], query: dict[str, Any], is_open: bool
) -> None:
    await stands(shop, heads)
    found = await ask(shop, **query)
    assert (found["open"], found["fresh"], found["heads"]) == (is_open, True, heads)
    assert found["code"] == ("there" if is_open else "not_there")
    assert found["age_s"] < 60 and not found["pending"]


async def test_the_heads_of_a_commit_are_meant_by_its_sha_also_when_the_database_is_ahead(shop: Any) -> None:
    context = shop.app.state.context
    older = await add_commit(context.database, "own", {"aaa1": (), "bbb2": ("aaa1",)})
    await add_commit(context.database, "own", CHAIN)
    await stands(shop, ["ccc3"])
    assert (await ask(shop, commit=older.sha))["open"]
    assert (await ask(shop, commit=older.sha[:9]))["wanted"] == ["bbb2"]
    assert not (await ask(shop, commit=older.sha, exact=True))["open"]
    assert (await ask(shop, commit="0123456789"))["code"] == "commit_unknown"
    assert (await ask(shop, revision="unheard0f"))["code"] == "revision_unknown"


async def test_a_database_ahead_of_every_present_commit_is_judged_by_the_one_that_moved_it(shop: Any) -> None:
    await add_commit(shop.app.state.context.database, "own", {"aaa1": (), "bbb2": ("aaa1",)})  # an older image is back
    await stands(shop, ["ccc3"])
    assert (await ask(shop))["open"]
    assert (await ask(shop, revision="bbb2"))["open"]


async def test_an_old_reading_opens_nothing_and_a_new_one_is_asked_for_once(shop: Any) -> None:
    await stands(shop, ["ccc3"], age=timedelta(minutes=5))
    shop.queue.rings.clear()
    first, second = await ask(shop), await ask(shop)
    assert [(a["open"], a["code"], a["fresh"], a["pending"]) for a in (first, second)] == [
        (False, "reading", False, True)
    ] * 2
    assert 299 < first["age_s"] < 400
    assert [ring.task for ring in shop.queue.rings] == [READ_DATABASE]
    assert (await ask(shop, max_age_s=3600))["open"]
    entries = (await shop.call(OWNER, "GET", "/api/orgs/own/audit")).json()["items"]
    assert not [entry for entry in entries if "gate" in entry["action"]]  # looking is no act


async def test_a_database_that_cannot_be_reached_is_told_and_tried_again_after_a_while(shop: Any) -> None:
    error = {"code": "refused", "title": "The server refuses.", "detail": "", "fix": ""}
    failed = {"read_state": "failed", "read_error": error, "read_requested_at": now()}
    await stands(shop, ["ccc3"], age=timedelta(minutes=5), **failed)
    found = await ask(shop)
    assert (found["open"], found["code"], found["pending"]) == (False, "unreachable", False)
    assert "The server refuses." in found["title"]
    await stands(
        shop, ["ccc3"], age=timedelta(minutes=5), **{**failed, "read_requested_at": now() - timedelta(minutes=1)}
    )
    assert (await ask(shop))["code"] == "reading"


async def test_a_running_upgrade_keeps_open_what_was_there_before_it(shop: Any) -> None:
    await stands(shop, ["bbb2"], age=timedelta(hours=1))
    await running(shop, "upgrade", heads_before=["bbb2"])
    assert (await ask(shop, revision="bbb2"))["open"]
    waits = await ask(shop, revision="ccc3")
    assert (waits["open"], waits["pending"], waits["job"]) == (False, True, 1)
    assert (await ask(shop, revision="bbb2", exact=True))["code"] == "moving"


async def test_a_running_downgrade_closes_it(shop: Any) -> None:
    await stands(shop, ["ccc3"])
    await running(shop, "downgrade", heads_before=["ccc3"])
    found = await ask(shop, revision="aaa1")
    assert (found["open"], found["code"], found["pending"]) == (False, "moving", True)


async def test_a_database_with_a_lost_job_is_closed(shop: Any) -> None:
    await stands(shop, ["ccc3"], trusted=False)
    found = await ask(shop)
    assert (found["open"], found["code"], found["pending"]) == (False, "untrusted", True)


async def test_a_token_for_one_environment_that_may_only_look_need_not_name_it(shop: Any) -> None:
    await stands(shop, ["ccc3"])
    body = {"name": "gate", "permissions": ["project.read"], "expires_in_days": 30}
    scope = {"projects": ["shop"], "environments": ["dev"]}
    made = (await shop.call(OWNER, "POST", "/api/orgs/own/tokens", json={**body, **scope})).json()

    async def use(**query: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {made['token']}"}
        answer: httpx.Response = await shop.client.get(GATE, params=query, headers=headers)
        return answer

    assert (await use()).json()["open"]
    assert (await use(project="other/shop", environment="dev")).status_code == 404
