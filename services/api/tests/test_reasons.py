"""A stamp says why: in the request, on the job, in the audit log."""

from typing import Any

import pytest

from stillroom_testing.commits import add_commit

OWNER = "owner@own.example"
STAMP = {"project": "own/shop", "environment": "dev", "revision": "bbb2"}
WHY = "Restored from the backup of Monday, which was at bbb2"


@pytest.fixture
async def shop(api: Any) -> Any:
    """The project `own/shop` with two revisions."""
    await add_commit(api.app.state.context.database, "own", {"aaa1": (), "bbb2": ("aaa1",)})
    return api


async def stamp(api: Any, person: str | None = OWNER, **more: Any) -> Any:
    return await api.call(person, "POST", "/api/migrations/stamp", json={**STAMP, **more})


async def test_a_stranger_learns_nothing_by_giving_a_reason(shop: Any) -> None:
    assert (await stamp(shop, None, reason=WHY)).status_code == 401
    assert (await stamp(shop, "owner@other.example", reason=WHY)).status_code == 404


@pytest.mark.parametrize("given", [{}, {"reason": None}, {"reason": ""}, {"reason": "   "}])
async def test_a_stamp_without_a_reason_is_refused_with_the_field(shop: Any, given: dict[str, Any]) -> None:
    refused = (await stamp(shop, **given)).json()
    assert (refused["status"], refused["code"], refused["title"]) == (
        422,
        "reason_missing",
        "A stamp needs a reason.",
    )
    assert [error["field"] for error in refused["errors"]] == ["reason"]
    assert (await shop.call(OWNER, "GET", "/api/jobs", params={"org": "own"})).json()["items"] == []


@pytest.mark.parametrize("given", ["two\nlines", "a\x00b", "x" * 501])
async def test_a_reason_is_one_line_of_at_most_500_letters(shop: Any, given: str) -> None:
    assert (await stamp(shop, reason=given)).status_code == 422


async def test_the_reason_stands_with_the_job_and_in_the_audit_log(shop: Any) -> None:
    started = await stamp(shop, reason=f"  {WHY} ")
    assert started.status_code == 202, started.text
    job = (await shop.call(OWNER, "GET", f"/api/jobs/{started.json()['id']}")).json()
    assert job["reason"] == WHY
    entries = (await shop.call(OWNER, "GET", "/api/orgs/own/audit", params={"action": "job.stamp"})).json()["items"]
    assert [row["reason"] for name, row in entries[0]["after"].items() if name.startswith("job ")] == [WHY]


async def test_another_move_may_have_a_reason_and_needs_none(shop: Any) -> None:
    upgrade = {"project": "own/shop", "environment": "dev", "revision": "head"}
    first = await shop.call(OWNER, "POST", "/api/migrations/upgrade", json=upgrade)
    second = await shop.call(OWNER, "POST", "/api/migrations/upgrade", json={**upgrade, "reason": "for 4711"})
    assert [answer.json()["reason"] for answer in (first, second)] == [None, "for 4711"]


async def test_the_same_key_with_another_reason_is_another_request(shop: Any) -> None:
    first = await stamp(shop, reason=WHY, idempotency_key="k")
    assert (await stamp(shop, reason=WHY, idempotency_key="k")).json()["id"] == first.json()["id"]
    assert (await stamp(shop, reason="something else", idempotency_key="k")).json()["code"] == "idempotency_key_reused"
