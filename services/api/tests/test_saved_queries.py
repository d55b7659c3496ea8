"""Queries that are kept: who finds which, who may change them, and that pages give each once."""

from typing import Any

import pytest
from sqlalchemy import text

from stillroom_testing.explained import explained

OWNER = "owner@own.example"
PATH = "/api/orgs/own/projects/shop/environments/dev/queries"


@pytest.fixture
async def people(api: Any) -> Any:
    """Two who may run SQL on dev, and one who may only look."""
    for letter, role in (("p", "operator"), ("q", "operator"), ("v", "viewer")):
        await api.person(f"{letter}@own.example", "own", "member", role)
        await api.sign_in(f"{letter}@own.example")
    return api


async def keep(api: Any, who: str, **content: Any) -> dict[str, Any]:
    answer = await api.call(who, "POST", PATH, json={"name": "Clients", "sql": "select 1", **content})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def names(api: Any, who: str, **query: Any) -> list[str]:
    answer = await api.call(who, "GET", PATH, params=query)
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["items"]]


async def test_a_stranger_finds_no_queries_and_a_viewer_lacks_the_permission(people: Any) -> None:
    assert (await people.call("owner@other.example", "GET", PATH)).status_code == 404
    refused = await people.call("v@own.example", "GET", PATH)
    assert (refused.status_code, refused.json()["params"]["permission"]) == (403, "sql.read")


async def test_a_query_is_ones_own_until_it_is_shared(people: Any) -> None:
    made = await keep(people, "p@own.example", description="all of them")
    assert (made["mine"], made["may_change"], made["shared"]) == (True, True, False)
    assert await names(people, "q@own.example") == []
    assert await names(people, OWNER) == []
    gone = await people.call("q@own.example", "PATCH", f"{PATH}/{made['id']}", json={"name": "Mine"})
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    shared = await people.call("p@own.example", "PATCH", f"{PATH}/{made['id']}", json={"shared": True})
    assert shared.json()["shared"] is True
    seen = (await people.call("q@own.example", "GET", PATH)).json()["items"][0]
    assert (seen["mine"], seen["may_change"], seen["sql"]) == (False, False, "select 1")
    refused = await people.call("q@own.example", "DELETE", f"{PATH}/{made['id']}")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_your_query")
    assert (await people.call(OWNER, "DELETE", f"{PATH}/{made['id']}")).status_code == 204
    assert await names(people, "p@own.example") == []


async def test_queries_are_found_by_their_words_and_by_the_database_that_they_are_for(people: Any) -> None:
    await keep(people, OWNER, name="Orders of today", sql="select * from orders", database_name="main")
    await keep(people, OWNER, name="Sizes", sql="select 100% 7", database_name="archive")
    await keep(people, OWNER, name="Anything", description="of ORDERS")
    assert await names(people, OWNER, search="orders") == ["Anything", "Orders of today"]
    assert await names(people, OWNER, search="%") == ["Sizes"]
    assert await names(people, OWNER, database="main") == ["Anything", "Orders of today"]


async def test_pages_give_every_query_once(people: Any) -> None:
    for number in range(7):
        await keep(people, OWNER, name=f"Q{number}")
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await people.call(OWNER, "GET", PATH, params={"limit": 3, **cursor})).json()
        found += [one["name"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == [f"Q{number}" for number in reversed(range(7))]


async def test_the_audit_log_tells_that_a_query_was_kept_and_not_its_text(people: Any) -> None:
    await keep(people, OWNER, name="Secret", sql="select 'hunter22'")
    entries = (await people.call(OWNER, "GET", "/api/orgs/own/audit")).text
    assert "saved_query.create" in entries
    assert "hunter22" not in entries


async def test_empty_names_and_texts_are_refused(people: Any) -> None:
    for content in ({"name": " "}, {"sql": ""}, {"name": "a\nb"}, {"sql": "a\0b"}, {"unknown": 1}):
        answer = await people.call(OWNER, "POST", PATH, json={"name": "n", "sql": "select 1", **content})
        assert answer.status_code == 422, content


async def test_a_page_of_queries_is_read_by_an_index(people: Any) -> None:
    context = people.app.state.context
    await keep(people, OWNER)
    async with context.database.everything() as session:
        await session.execute(
            text(
                "insert into saved_queries (id, organization_id, project_id, user_name, name, content, shared)"
                " select gen_random_uuid(), q.organization_id, q.project_id, 'n', 'n', 's', true"
                " from saved_queries q, generate_series(1, 20000)"
            )
        )
    found = await explained(context.database.engine, lambda: names(people, OWNER), {"saved_queries"})
    assert found.faults() == []
