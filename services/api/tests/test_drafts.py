"""The list of a project's drafts: whose it is, in which order, page by page."""

from typing import Any

import pytest

from stillroom_testing.commits import add_commit

OWNER = "owner@own.example"
DRAFTS = "/api/orgs/own/projects/shop/drafts"


@pytest.fixture
async def shop(api: Any) -> Any:
    """The project `own/shop` with one revision."""
    await add_commit(api.app.state.context.database, "own", {"aaa1": ()})
    return api


async def ask(api: Any, message: str) -> str:
    made = await api.call(OWNER, "POST", DRAFTS, json={"kind": "empty", "message": message})
    assert made.status_code == 202, made.text
    return str(made.json()["id"])


async def page(api: Any, **query: Any) -> Any:
    answer = await api.call(OWNER, "GET", DRAFTS, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_stranger_gets_no_list_and_a_viewer_does(shop: Any) -> None:
    key = await ask(shop, "one")
    assert (await shop.call(None, "GET", DRAFTS)).status_code == 401
    assert (await shop.call("owner@other.example", "GET", DRAFTS)).status_code == 404
    await shop.person("viewer@own.example", "own", "member", "viewer")
    seen = (await shop.call("viewer@own.example", "GET", DRAFTS)).json()["items"]
    assert [(one["id"], one["actor"], one["state"], one["content"]) for one in seen] == [
        (key, "Owner mine", "waiting", None)
    ]


async def test_a_project_without_drafts_has_an_empty_page(shop: Any) -> None:
    assert await page(shop) == {"items": [], "next_cursor": None}


async def test_drafts_come_latest_first_page_by_page_each_once(shop: Any) -> None:
    keys = [await ask(shop, f"number {number}") for number in range(5)]
    found, cursor = [], None
    for size in (2, 2, 1):
        answer = await page(shop, limit=2, **({"cursor": cursor} if cursor else {}))
        assert len(answer["items"]) == size
        found += [one["id"] for one in answer["items"]]
        cursor = answer["next_cursor"]
    assert (found, cursor) == (keys[::-1], None)


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"cursor": "not-an-id"}])
async def test_a_page_that_makes_no_sense_is_refused(shop: Any, query: dict[str, Any]) -> None:
    assert (await shop.call(OWNER, "GET", DRAFTS, params=query)).status_code == 422
