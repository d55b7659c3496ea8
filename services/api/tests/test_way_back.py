"""A database at a revision that the newest commit does not have: which earlier commit brings it back, and how."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from stillroom_core.databases.models import Database
from stillroom_core.jobs.models import Job
from stillroom_core.projects.models import Project
from stillroom_core.tables import now
from stillroom_testing.commits import add_commit

OWNER = "owner@own.example"
MOVE = {"project": "own/shop", "environment": "dev"}
Parents = dict[str, tuple[str, ...]]
BEFORE: Parents = {"aaa1": (), "bbb2": ("aaa1",), "ccc3": ("bbb2",)}
AFTER: Parents = {"aaa1": ()}


class Shop:
    """The project `own/shop` with an earlier and a newest commit."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.earlier = ""

    async def read(self, before: Parents, after: Parents, heads: list[str]) -> None:
        database = self.api.app.state.context.database
        self.earlier = (await add_commit(database, "own", before)).sha
        await add_commit(database, "own", after)
        await self.stands(heads)

    async def stands(self, heads: list[str]) -> None:
        await self.change(Database, Database.name == "db-mine", heads=heads, version_tables=[{"table": "v"}])

    async def change(self, table: Any, condition: Any, **values: Any) -> None:
        async with self.api.app.state.context.database.everything() as session:
            await session.execute(update(table).where(condition).values(**values))

    async def key(self, name: str = "db-mine") -> str:
        async with self.api.app.state.context.database.everything() as session:
            return str((await session.scalars(select(Database.id).where(Database.name == name))).one())

    async def trace(self, revision: str, database: str | None = None, person: str | None = OWNER) -> Any:
        asked = {"project": "own/shop", **({"database": database} if database else {})}
        return await self.api.call(person, "GET", f"/api/migrations/revisions/{revision}/trace", params=asked)

    async def way(self, revision: str) -> Any:
        return (await self.trace(revision, await self.key())).json()["way_back"]

    async def plan(
        self, kind: str = "downgrade", revision: str = "aaa1", person: str | None = OWNER, **more: Any
    ) -> Any:
        content = {**MOVE, "kind": kind, "revision": revision, "commit": self.earlier, **more}
        return await self.api.call(person, "POST", "/api/migrations/plan", json=content)


@pytest.fixture
async def shop(api: Any) -> Shop:
    """Its newest commit lacks two revisions, and its database stands at the second of them."""
    made = Shop(api)
    await made.read(BEFORE, AFTER, ["ccc3"])
    return made


async def test_a_stranger_gets_neither_the_trace_nor_a_plan_of_an_earlier_commit(shop: Shop) -> None:
    key = await shop.key()
    assert (await shop.trace("ccc3", key, None)).status_code == 401
    assert (await shop.trace("ccc3", key, "owner@other.example")).status_code == 404
    assert (await shop.plan(person=None)).status_code == 401
    assert (await shop.plan(person="owner@other.example")).status_code == 404


async def test_a_database_of_somebody_else_is_not_found(shop: Shop) -> None:
    assert (await shop.trace("ccc3", await shop.key("db-foreign"))).status_code == 404
    assert (await shop.trace("ccc3", "not-an-id")).status_code == 422


async def test_the_trace_tells_the_downgrade_that_undoes_what_is_gone(shop: Shop) -> None:
    found = (await shop.trace("ccc3", await shop.key())).json()
    assert found["commit"]["sha"] == shop.earlier
    assert found["way_back"] == {"revision": "aaa1", "undoes": ["ccc3", "bbb2"]}
    assert (await shop.trace("ccc3")).json()["way_back"] is None


@pytest.mark.parametrize(
    ("before", "after", "heads", "expected"),
    [
        ({"aaa1": ()}, {"zzz9": ()}, ["aaa1"], ("base", {"aaa1"})),
        # A merge that went: both branches stay.
        (
            {"aaa1": (), "bbb2": ("aaa1",), "ccc3": ("aaa1",), "ddd4": ("bbb2", "ccc3")},
            {"aaa1": (), "bbb2": ("aaa1",), "ccc3": ("aaa1",)},
            ["ddd4"],
            ("bbb2", {"ddd4"}),
        ),
        # One of two branches went, and the other one must not be undone with it.
        (
            {"aaa1": (), "bbb2": ("aaa1",), "ccc3": ("aaa1",)},
            {"aaa1": (), "bbb2": ("aaa1",)},
            ["bbb2", "ccc3"],
            ("ccc3@aaa1", {"ccc3"}),
        ),
    ],
)
async def test_the_target_undoes_exactly_what_is_gone(
    shop: Shop, before: Parents, after: Parents, heads: list[str], expected: tuple[str, set[str]]
) -> None:
    await shop.read(before, after, heads)
    gone = next(iter(expected[1]))
    found = await shop.way(gone)
    assert (found["revision"], set(found["undoes"])) == expected
    made = await shop.plan(revision=found["revision"])
    assert {step["revision"] for step in made.json()["steps"]} == expected[1]


async def test_no_way_is_told_where_a_known_revision_would_go_too(shop: Shop) -> None:
    await shop.read({"aaa1": (), "bbb2": ("aaa1",), "ccc3": ("bbb2",)}, {"aaa1": (), "ccc3": ("aaa1",)}, ["ccc3"])
    assert await shop.way("bbb2") is None


async def test_no_way_is_told_while_nobody_knows_where_the_database_stands(shop: Shop) -> None:
    await shop.change(Database, Database.name == "db-mine", trusted=False)
    assert await shop.way("ccc3") is None
    await shop.change(Database, Database.name == "db-mine", trusted=True, heads=["ccc3", "qqq7"])
    assert await shop.way("ccc3") is None


async def test_no_way_is_told_with_code_that_was_read_with_another_configuration(shop: Shop) -> None:
    await shop.change(Project, Project.slug == "shop", config_section="other")
    assert await shop.way("ccc3") is None
    assert (await shop.plan()).json()["code"] == "commit_not_read"


async def test_a_plan_names_the_commit_that_was_chosen_and_is_not_made_stale_by_the_newest_one(shop: Shop) -> None:
    made = (await shop.plan()).json()
    assert (made["commit"], made["chosen"]["sha"], made["chosen"]["subject"]) == (shop.earlier, shop.earlier, "change")
    assert [step["revision"] for step in made["steps"]] == ["ccc3", "bbb2"]
    await add_commit(shop.api.app.state.context.database, "own", {**AFTER, "eee5": ("aaa1",)})
    body = {**MOVE, "plan": made["id"]}
    started = await shop.api.call(OWNER, "POST", "/api/migrations/downgrade", json=body)
    assert (started.status_code, started.json()["commit"]) == (202, shop.earlier), started.text


@pytest.mark.parametrize("looked", [True, False])
async def test_a_job_that_stopped_on_the_way_back_goes_on_with_the_commit_that_was_chosen(
    shop: Shop, looked: bool
) -> None:
    made = (await shop.plan()).json()
    body = {**MOVE, "plan": made["id"]}
    job = (await shop.api.call(OWNER, "POST", "/api/migrations/downgrade", json=body)).json()
    await shop.change(Job, Job.id == UUID(job["id"]), state="failed", finished_at=now())
    await shop.stands(["bbb2"])
    place, confirmed = f"/api/jobs/{job['id']}/resume", {}
    if looked:
        plan = (await shop.api.call(OWNER, "POST", f"{place}/plan")).json()
        assert (plan["commit"], [step["revision"] for step in plan["steps"]]) == (shop.earlier, ["bbb2"])
        confirmed = {"plan": plan["id"]}
    again = await shop.api.call(OWNER, "POST", place, json=confirmed)
    assert (again.status_code, again.json().get("commit")) == (202, shop.earlier), again.text


async def test_a_plan_with_a_chosen_commit_is_stale_when_the_database_or_the_settings_moved(shop: Shop) -> None:
    made = (await shop.plan()).json()
    await shop.stands(["bbb2"])
    body = {**MOVE, "plan": made["id"]}
    refused = (await shop.api.call(OWNER, "POST", "/api/migrations/downgrade", json=body)).json()
    assert refused["params"]["differences"] == [{"what": "heads", "from": ["ccc3"], "to": ["bbb2"]}]
    await shop.stands(["ccc3"])
    await shop.change(Project, Project.slug == "shop", config_section="other")
    refused = (await shop.api.call(OWNER, "POST", "/api/migrations/downgrade", json=body)).json()
    assert [one["what"] for one in refused["params"]["differences"]] == ["settings"]


async def test_naming_the_newest_commit_is_a_choice_too_and_another_promise(shop: Shop) -> None:
    await shop.stands(["aaa1"])
    newest = (await shop.api.call(OWNER, "GET", "/api/migrations/current", params={"project": "own/shop"})).json()
    sha = newest["commit"]["sha"]
    named = (await shop.plan(revision="base", commit=sha)).json()
    plain = (await shop.plan(revision="base", commit=None)).json()
    assert (named["chosen"]["sha"], plain["chosen"]) == (sha, None)
    assert named["digest"] != plain["digest"]


@pytest.mark.parametrize("kind", ["upgrade", "stamp"])
async def test_only_a_downgrade_takes_an_earlier_commit(shop: Shop, kind: str) -> None:
    refused = (await shop.plan(kind)).json()
    assert (refused["status"], refused["code"]) == (422, "commit_only_for_downgrade")


async def test_a_commit_that_was_never_read_or_is_another_projects_is_refused(shop: Shop) -> None:
    assert (await shop.plan(commit="0" * 40)).json()["code"] == "commit_not_read"
    assert (await shop.plan(commit="main")).status_code == 422
    theirs = await add_commit(shop.api.app.state.context.database, "other", BEFORE)
    assert (await shop.plan(commit=theirs.sha)).json()["code"] == "commit_not_read"
