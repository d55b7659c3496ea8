"""Starting jobs: what is refused at once, in which words, and what is queued."""

import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, update

from stillroom_core.databases.models import Database
from stillroom_core.jobs.queue import RUN_JOB
from stillroom_testing.commits import add_commit

OWNER = "owner@own.example"
MOVE = {"project": "shop", "environment": "dev"}


@pytest.fixture
async def shop(api: Any) -> Any:
    """The project `own/shop` with a history of two branches and a merge, its database at aaa1."""
    await add_commit(
        api.app.state.context.database,
        "own",
        {
            "aaa1": (),
            "bbb2": ("aaa1",),
            "ccc3": ("aaa1",),
            "ddd4": ("bbb2", "ccc3"),
            "ddd5": ("ddd4",),
            "eee6": ("ddd4",),
        },
    )
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Database).where(Database.name == "db-mine").values(heads=["aaa1"]))
    api.queue.rings.clear()
    return api


async def start(api: Any, kind: str, revision: str | None, **more: Any) -> Any:
    return await api.call(OWNER, "POST", f"/api/migrations/{kind}", json={**MOVE, "revision": revision, **more})


async def test_a_move_is_queued_with_its_commit_and_rung_after_the_commit(shop: Any) -> None:
    answer = await start(shop, "upgrade", "ddd4")
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (job["state"], job["number"], job["waiting"]["position"]) == ("queued", 1, 1)
    assert len(job["commit"]) == 40
    assert [(ring.task, str(ring.key)) for ring in shop.queue.rings] == [(RUN_JOB, job["id"])]


@pytest.mark.parametrize(
    ("kind", "revision", "code", "words"),
    [
        ("upgrade", "nosuch", "unknown_revision", "nosuch"),
        ("upgrade", "ddd", "ambiguous_revision", "ddd5"),
        ("upgrade", "head", "multiple_heads", "heads"),
        ("upgrade", "ddd5+9", "relative_out_of_range", ""),
        ("downgrade", "-5", "relative_out_of_range", ""),
        ("upgrade", None, "revision_missing", "head"),
        ("upgrade", "x@head", "unknown_revision", "x"),
    ],
)
async def test_a_target_that_cannot_be_is_refused_with_cause_and_fix(
    shop: Any, kind: str, revision: str | None, code: str, words: str
) -> None:
    answer = await start(shop, kind, revision)
    problem = answer.json()
    assert answer.status_code in (409, 422), answer.text
    assert problem["code"] == code
    assert problem["fix"]
    assert words in answer.text
    assert shop.queue.rings == []


async def test_several_heads_can_be_meant_together(shop: Any) -> None:
    assert (await start(shop, "upgrade", "heads")).status_code == 202


async def test_a_database_at_a_revision_without_code_is_named(shop: Any) -> None:
    async with shop.app.state.context.database.everything() as session:
        await session.execute(update(Database).where(Database.name == "db-mine").values(heads=["zzz9"]))
    answer = await start(shop, "upgrade", "heads")
    assert answer.json()["code"] == "database_unknown_revision"
    assert "zzz9" in answer.text


async def test_the_same_idempotency_key_gives_the_same_job_and_another_request_a_conflict(shop: Any) -> None:
    first = await start(shop, "upgrade", "bbb2", idempotency_key="run-7")
    again = await start(shop, "upgrade", "bbb2", idempotency_key="run-7")
    assert first.json()["id"] == again.json()["id"]
    other = await start(shop, "upgrade", "ccc3", idempotency_key="run-7")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_a_project_can_be_named_in_three_ways_and_an_unknown_one_is_404(shop: Any) -> None:
    project = (await shop.call(OWNER, "GET", "/api/orgs/own/projects/shop")).json()
    for name in ("shop", "own/shop", project["id"]):
        answer = await shop.call(OWNER, "GET", "/api/migrations/current", params={"project": name})
        assert answer.status_code == 200, name
    for name in ("other/shop", "nope", "own/nope", "/", "a/b/c"):
        answer = await shop.call(OWNER, "GET", "/api/migrations/current", params={"project": name})
        assert answer.status_code == 404, name


async def test_current_tells_how_far_behind_and_what_runs(shop: Any) -> None:
    await start(shop, "upgrade", "heads")
    current = (await shop.call(OWNER, "GET", "/api/migrations/current", params={"project": "shop"})).json()
    database = current["environments"][0]["databases"][0]
    assert (database["behind"], database["at_head"], database["heads"]) == (5, False, ["aaa1"])
    assert database["job"]["state"] == "queued"


async def test_history_is_newest_first_cached_by_commit_and_served_compressed(shop: Any) -> None:
    answer = await shop.call(OWNER, "GET", "/api/migrations/history", params={"project": "shop"})
    ids = [revision["id"] for revision in answer.json()["revisions"]]
    assert set(ids[:2]) == {"ddd5", "eee6"}
    assert ids[-1] == "aaa1"
    assert answer.headers["content-encoding"] == "gzip"
    headers = {**await shop.sign_in(OWNER), "If-None-Match": answer.headers["etag"]}
    again = await shop.client.get("/api/migrations/history", params={"project": "shop"}, headers=headers)
    assert (again.status_code, again.content) == (304, b"")


async def test_a_waiting_job_is_cancelled_at_once_and_only_once(shop: Any) -> None:
    job = (await start(shop, "upgrade", "heads")).json()
    cancelled = await shop.call(OWNER, "POST", f"/api/jobs/{job['id']}/cancel")
    assert cancelled.json()["state"] == "cancelled"
    assert cancelled.json()["outcome"]["code"] == "cancelled_before_start"
    again = await shop.call(OWNER, "POST", f"/api/jobs/{job['id']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "job_ended")


async def test_jobs_come_in_pages_newest_first_without_gap_or_repeat(shop: Any) -> None:
    made = [(await start(shop, "check", None)).json()["id"] for _ in range(7)]
    seen: list[str] = []
    cursor = None
    while True:
        query = {"org": "own", "limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await shop.call(OWNER, "GET", "/api/jobs", params=query)).json()
        seen += [job["id"] for job in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


async def test_the_jobs_of_a_project_are_found_however_its_organization_is_named(shop: Any) -> None:
    made = (await start(shop, "check", None)).json()["id"]
    for query in ({"project": "shop"}, {"project": "own/shop"}, {"org": "own", "project": "own/shop"}):
        answer = await shop.call(OWNER, "GET", "/api/jobs", params={**query, "environment": "dev"})
        assert [job["id"] for job in answer.json()["items"]] == [made], query
    for query in ({"org": "other", "project": "own/shop"}, {"org": "own", "project": "other/shop"}):
        assert (await shop.call(OWNER, "GET", "/api/jobs", params=query)).status_code == 404, query
    elsewhere = await shop.call(OWNER, "GET", "/api/jobs", params={"project": "own/shop", "environment": "prod"})
    assert elsewhere.json()["items"] == []


async def test_no_answer_of_any_reading_route_holds_a_secret(shop: Any) -> None:
    job = (await start(shop, "upgrade", "heads")).json()["id"]
    for path in (
        "/api/me",
        "/api/orgs/own/projects",
        "/api/orgs/own/projects/shop",
        "/api/orgs/own/projects/shop/environments",
        "/api/migrations/current?project=shop",
        "/api/migrations/history?project=shop",
        "/api/jobs?org=own",
        f"/api/jobs/{job}",
        f"/api/jobs/{job}/events",
    ):
        answer = await shop.call(OWNER, "GET", path)
        assert answer.status_code == 200, path
        assert "canary" not in answer.text, path


async def test_a_stored_secret_stays_when_its_value_is_left_out(shop: Any) -> None:
    path = "/api/orgs/own/projects/shop/environments/dev"
    kept = [{"name": "KEY", "secret": True}, {"name": "NEW", "value": "{{url}}"}]
    assert (await shop.call(OWNER, "PATCH", path, json={"variables": kept})).status_code == 200
    unknown = [{"name": "OTHER", "secret": True}]
    refused = await shop.call(OWNER, "PATCH", path, json={"variables": unknown})
    assert (refused.status_code, refused.json()["code"]) == (422, "secret_without_value")
    async with shop.app.state.context.database.everything() as session:
        from stillroom_core.environments.models import Environment
        from stillroom_core.environments.service import run_settings

        rows = (await session.scalars(select(Environment))).all()
        mine = next(row for row in rows if row.name == "Dev mine")
        assert run_settings(mine).variables == {"KEY": "canary-7f3a-variable-mine", "NEW": "{{url}}"}


@pytest.mark.parametrize(
    "host", ["/var/run/postgresql", "a,b", "localhost", "127.0.0.1", "::1", "169.254.169.254", "a b"]
)
async def test_a_host_that_is_not_one_outside_machine_is_refused(api: Any, host: str) -> None:
    content = {"name": "n", "host": host, "database": "d", "username": "u"}
    path = "/api/orgs/own/projects/shop/environments/dev/databases"
    answer = await api.call(OWNER, "POST", path, json=content)
    assert answer.status_code == 422, answer.text


async def test_our_own_servers_are_refused_like_every_place_that_is_not_for_databases(
    api: Any, installation: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """N05: by where a name leads, at the door of a database and at that of a setup's test; one sentence for all."""
    by_system = socket.getaddrinfo

    def answer(host: Any, *more: Any, **named: Any) -> Any:
        return by_system("127.0.0.1" if host == "db.customer.test" else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    path = "/api/orgs/own/projects/shop/environments/dev/databases"
    content = {"name": "n", "host": "localhost", "database": "d", "username": "u"}
    uniform = (await api.call(OWNER, "POST", path, json=content)).json()
    for url in ("DATABASE_URL", "REDIS_URL"):
        ours = {**content, "host": "db.customer.test", "port": urlsplit(installation[url]).port}
        refused = await api.call(OWNER, "POST", path, json=ours)
        assert refused.status_code == 422, refused.text
        same = ("code", "title", "detail", "fix", "fields")
        assert [refused.json().get(name) for name in same] == [uniform.get(name) for name in same]
    fine = await api.call(OWNER, "POST", path, json={**content, "host": "db.customer.test", "port": 5999})
    assert fine.status_code == 201, fine.text
    moved = {"port": urlsplit(installation["DATABASE_URL"]).port}
    assert (await api.call(OWNER, "PATCH", f"{path}/n", json=moved)).status_code == 422
