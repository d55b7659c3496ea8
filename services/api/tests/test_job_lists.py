"""Which jobs a list and its CSV file hold."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from stillroom_api.jobs import export
from stillroom_core.databases.models import Database
from stillroom_core.jobs.models import Job, JobStep
from stillroom_core.keys import first_key_at, new_key
from stillroom_testing.commits import add_commit

OWNER = "owner@own.example"
REVISIONS = {"aaaa1111": (), "bbbb2222": ("aaaa1111",), "007": ("bbbb2222",)}


@pytest.fixture
async def shop(api: Any) -> Any:
    """The project `own/shop` with three revisions."""
    await add_commit(api.app.state.context.database, "own", REVISIONS)
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Database).where(Database.name == "db-mine").values(heads=[]))
    return api


async def job(
    api: Any, *, by: str = "Ann", at: datetime | None = None, ran: tuple[str, ...] = (), **changes: Any
) -> str:
    """An upgrade as it would have been asked for then, by that name."""
    body = {"project": "shop", "environment": "dev", "revision": "head"}
    made = UUID((await api.call(OWNER, "POST", "/api/migrations/upgrade", json=body)).json()["id"])
    key = UUID(int=first_key_at(at).int | (new_key().int & 0xFFFF)) if at else made
    async with api.app.state.context.database.everything() as session:
        values = {"id": key, "actor_name": by, **({"created_at": at} if at else {}), **changes}
        await session.execute(update(Job).where(Job.id == made).values(values))
        organization = await session.scalar(select(Job.organization_id).where(Job.id == key))
        for position, revision in enumerate(ran):
            step = {"job_id": key, "position": position, "organization_id": organization, "kind": "revision"}
            session.add(JobStep(**step, revision=revision, title=revision, state="done"))
    return str(key)


async def listed(api: Any, query: str, person: str = OWNER) -> list[str]:
    answer = await api.call(person, "GET", f"/api/jobs?org=own&{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


@pytest.mark.parametrize("path", ["/api/jobs", "/api/jobs/export", "/api/jobs/choices"])
async def test_a_stranger_gets_no_list_no_file_and_no_names(shop: Any, path: str) -> None:
    await job(shop)
    assert (await shop.call(None, "GET", f"{path}?org=own")).status_code == 401
    assert (await shop.call("owner@other.example", "GET", f"{path}?org=own")).status_code == 404
    assert (await shop.call("owner@other.example", "GET", f"{path}?org=other&project=own/shop")).status_code == 404


async def test_jobs_are_found_by_who_asked(shop: Any) -> None:
    ann, bob = await job(shop, by="Ann"), await job(shop, by="Bob 100%")
    assert await listed(shop, "actor=Ann") == [ann]
    assert await listed(shop, "actor=Bob%20100%25") == [bob]
    assert await listed(shop, "actor=Nobody") == []
    names = (await shop.call(OWNER, "GET", "/api/jobs/choices?org=own")).json()["actors"]
    assert [name for name in names if name in ("Ann", "Bob 100%", "Nobody")] == ["Ann", "Bob 100%"]


async def test_environments_are_offered_once_each_to_those_who_see_them(shop: Any) -> None:
    there = [{"slug": "dev", "name": "Dev mine"}]
    for query in ("org=own", "project=own/shop"):
        assert (await shop.call(OWNER, "GET", f"/api/jobs/choices?{query}")).json()["environments"] == there
    await shop.person("nobody@own.example", "own", "member")
    answer = await shop.call("nobody@own.example", "GET", "/api/jobs/choices?org=own")
    assert answer.json() == {"actors": [], "environments": []}


async def test_names_come_only_from_jobs_that_one_may_see(shop: Any) -> None:
    await job(shop, by="Secret Ann")
    await shop.person("outside@own.example", "own", "member")
    names = (await shop.call("outside@own.example", "GET", "/api/jobs/choices?org=own")).json()["actors"]
    assert names == []
    await shop.person("viewer@own.example", "own", "member", "viewer")
    names = (await shop.call("viewer@own.example", "GET", "/api/jobs/choices?org=own")).json()["actors"]
    assert "Secret Ann" in names


async def test_jobs_are_found_by_a_revision_they_ran_or_aimed_at_and_by_its_first_letters(shop: Any) -> None:
    ran = await job(shop, ran=("aaaa1111", "bbbb2222"))
    aimed = await job(shop, revision="bbbb2222")
    short = await job(shop, ran=("007",))
    assert await listed(shop, "revision=aaaa1111") == [ran]
    assert await listed(shop, "revision=bbbb") == [aimed, ran]
    assert await listed(shop, "revision=007") == [short]
    assert await listed(shop, "revision=bbb") == []  # an id of its own, too short to stand for others
    assert await listed(shop, "revision=bbb%25") == []
    assert await listed(shop, "revision=aaa_1111") == []


async def test_jobs_are_found_by_date_page_by_page(shop: Any) -> None:
    day = datetime(2024, 3, 10, tzinfo=UTC)
    before, first, second, after = [await job(shop, at=day + timedelta(hours=hours)) for hours in (-1, 0, 23, 24)]
    of_the_day = "since=2024-03-10T00:00:00Z&until=2024-03-11T00:00:00Z"
    assert await listed(shop, of_the_day) == [second, first]
    assert await listed(shop, "until=2024-03-10T00:00:00Z") == [before]
    assert after in await listed(shop, "since=2024-03-11T00:00:00%2B00:00")
    page = (await shop.call(OWNER, "GET", f"/api/jobs?org=own&{of_the_day}&limit=1")).json()
    assert await listed(shop, f"{of_the_day}&limit=1&cursor={page['next_cursor']}") == [first]


async def test_a_moment_without_a_zone_is_refused(shop: Any) -> None:
    answer = await shop.call(OWNER, "GET", "/api/jobs?org=own&since=2024-03-10T00:00:00")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].endswith("since")


async def test_the_file_holds_the_filtered_jobs_of_every_page(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_PAGE", 2)
    mine = [await job(shop, by="Csv Ann") for _ in range(5)]
    await job(shop, by="Csv Bob")
    answer = await shop.call(OWNER, "GET", "/api/jobs/export?org=own&actor=Csv%20Ann")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="own-jobs-')
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["id"] for row in rows] == mine[::-1]
    assert {(row["project"], row["environment"], row["database"], row["state"]) for row in rows} == {
        ("shop", "dev", "db-mine", "queued")
    }


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", " =1", "\r=1"])
async def test_a_name_that_is_a_formula_is_only_text_in_the_file(shop: Any, name: str) -> None:
    key = await job(shop, by=name)
    answer = await shop.call(OWNER, "GET", "/api/jobs/export?org=own")
    rows = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline=""))
    assert next(row["actor"] for row in rows if row["id"] == key) == f"'{name}"


async def test_one_job_is_found_by_its_number_within_its_organization(shop: Any) -> None:
    first, second = await job(shop), await job(shop)
    numbers = {key: (await shop.call(OWNER, "GET", f"/api/jobs/{key}")).json()["number"] for key in (first, second)}
    for key, number in numbers.items():
        assert await listed(shop, f"number={number}") == [key]
        assert await listed(shop, f"number={number}&project=shop") == [key]
    assert await listed(shop, "number=4711") == []
    assert (await shop.call(OWNER, "GET", "/api/jobs?org=own&number=0")).status_code == 422
    theirs = await shop.call("owner@other.example", "GET", f"/api/jobs?org=other&number={numbers[first]}")
    assert theirs.json()["items"] == []


async def test_a_number_does_not_show_a_job_of_a_project_that_one_does_not_see(shop: Any) -> None:
    number = (await shop.call(OWNER, "GET", f"/api/jobs/{await job(shop)}")).json()["number"]
    await shop.person("mel@own.example", "own", "member")
    assert await listed(shop, f"number={number}", "mel@own.example") == []
