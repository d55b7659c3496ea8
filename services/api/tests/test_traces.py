"""What is wrong with a graph, and where a revision was that is not there any more."""

from typing import Any

from stillroom_testing.commits import add_commit

OWNER = "owner@own.example"


def trace(revision: str) -> str:
    return f"/api/migrations/revisions/{revision}/trace?project=own/shop"


async def test_a_stranger_learns_nothing_of_earlier_commits(api: Any) -> None:
    assert (await api.call(None, "GET", trace("aaa1"))).status_code == 401
    assert (await api.call("owner@other.example", "GET", trace("aaa1"))).status_code == 404


async def test_a_lost_revision_is_found_in_the_newest_commit_that_had_it(api: Any) -> None:
    database = api.app.state.context.database
    await add_commit(database, "own", {"aaa1": (), "bbb2": ("aaa1",)})
    await add_commit(database, "own", {"aaa1": (), "bbb2": ("aaa1",), "ccc3": ("bbb2",)})
    await add_commit(database, "own", {"aaa1": ()})
    found = (await api.call(OWNER, "GET", trace("bbb2"))).json()
    commits = (await api.call(OWNER, "GET", "/api/migrations/history?project=own/shop")).json()
    assert found["gone_in"]["sha"] == commits["commit"]["sha"]
    assert found["commit"]["sha"] != commits["commit"]["sha"]
    assert (await api.call(OWNER, "GET", trace("bb"))).json()["commit"] is None


async def test_the_history_names_a_missing_parent_and_several_heads(api: Any) -> None:
    database = api.app.state.context.database
    await add_commit(database, "own", {"aaa1": (), "bbb2": ("lost",), "ccc3": ("aaa1",)})
    problems = (await api.call(OWNER, "GET", "/api/migrations/history?project=own/shop")).json()["problems"]
    assert [(one["code"], one["fatal"]) for one in problems] == [("missing_parent", True), ("several_heads", False)]
    assert problems[0]["revisions"] == ["bbb2"]
    assert "lost" in problems[0]["detail"]
