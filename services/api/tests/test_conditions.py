"""Change windows, freezes, what must have run elsewhere first, and the ledger that tells afterwards."""

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from stillroom_core.audit.service import Subject, write_found
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.jobs.models import Job, JobStep
from stillroom_core.organizations.models import Organization
from stillroom_core.tables import now
from stillroom_testing.commits import add_commit

OWNER, ANN, VIEWER = "owner@own.example", "ann@own.example", "viewer@own.example"
PROJECT = "/api/orgs/own/projects/shop"
HISTORY: Mapping[str, tuple[str, ...]] = {"aaa1": (), "bbb2": ("aaa1",), "ccc3": ("bbb2",)}
CONTENTS = {"aaa1": "1", "bbb2": "2", "ccc3": "3"}
DATABASE = {"host": "h.example", "database": "d", "username": "u"}


@pytest.fixture
async def shop(api: Any) -> Any:
    """The project `own/shop` with staging (two databases) before dev, all at aaa1, and no policy yet."""
    await add_commit(api.app.state.context.database, "own", HISTORY, CONTENTS)
    await api.call(OWNER, "POST", f"{PROJECT}/environments", json={"slug": "staging", "name": "Staging"})
    for name in ("east", "west"):
        path = f"{PROJECT}/environments/staging/databases"
        made = await api.call(OWNER, "POST", path, json={**DATABASE, "name": name})
        assert made.status_code == 201, made.text
    tables = [{"schema": "public", "table": "alembic_version"}]
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Database).values(heads=["aaa1"], version_tables=tables))
    await api.person(ANN, "own", "member", "maintainer")
    return api


async def policy(api: Any, **values: Any) -> None:
    answer = await api.call(OWNER, "PATCH", f"{PROJECT}/environments/dev", json=values)
    assert answer.status_code == 200, answer.text


async def upgrade(api: Any, person: str = ANN, revision: str = "ccc3", on: str = "dev", **more: Any) -> Any:
    body = {"project": "own/shop", "environment": on, "revision": revision, **more}
    return await api.call(person, "POST", "/api/migrations/upgrade", json=body)


def window(opens_in: timedelta, lasts: timedelta = timedelta(hours=1)) -> dict[str, Any]:
    """A window of the day on which it opens, by the clocks of UTC."""
    opens = datetime.now(UTC) + opens_in
    return {"days": [opens.weekday()], "opens": f"{opens:%H:%M}", "closes": f"{opens + lasts:%H:%M}"}


async def test_outside_the_change_window_nothing_starts_and_the_next_opening_is_named(shop: Any) -> None:
    await policy(shop, windows=[window(timedelta(hours=2))])
    refused = (await upgrade(shop)).json()
    assert (refused["status"], refused["code"]) == (409, "window_closed")
    opens = datetime.fromisoformat(refused["params"]["until"])
    assert timedelta(hours=1, minutes=58) < opens - now() <= timedelta(hours=2)
    assert refused["params"]["until"] in refused["fix"]
    # Reading changes nothing, and may be done at any time.
    check = await shop.call(ANN, "POST", "/api/migrations/check", json={"project": "own/shop", "environment": "dev"})
    assert check.status_code == 202
    await policy(shop, windows=[window(timedelta(minutes=-30))])
    assert (await upgrade(shop)).status_code == 202


async def test_a_window_that_cannot_be_is_refused_where_it_is_typed(shop: Any) -> None:
    path = f"{PROJECT}/environments/dev"
    for wrong in (
        {"windows": [{"days": [], "opens": "09:00", "closes": "10:00"}]},
        {"windows": [{"days": [7], "opens": "09:00", "closes": "10:00"}]},
        {"windows": [{"days": [1], "opens": "24:00", "closes": "10:00"}]},
        {"windows_zone": "Mars/Olympus"},
        {"approvals_needed": 11},
        {"approvals_needed": -1},
        {"approver_role": "viewer"},
        {"approval_hours": 0},
    ):
        assert (await shop.call(OWNER, "PATCH", path, json=wrong)).status_code == 422, wrong


async def test_a_freeze_stops_one_environment_or_all_of_them_until_it_is_ended(shop: Any) -> None:
    until = (now() + timedelta(days=3)).isoformat()
    viewed = await shop.call(ANN, "POST", f"{PROJECT}/freezes", json={"ends_at": until, "reason": "Black Friday"})
    assert viewed.json()["params"]["permission"] == "environment.write"
    whole = await shop.call(OWNER, "POST", f"{PROJECT}/freezes", json={"ends_at": until, "reason": "Black Friday"})
    assert (whole.status_code, whole.json()["environment"]) == (201, None)
    for on in ("dev", "staging"):
        refused = (await upgrade(shop, on=on, database=None if on == "dev" else "east")).json()
        assert (refused["code"], refused["detail"]) == ("frozen", "Black Friday")
    assert (await shop.call(OWNER, "DELETE", f"{PROJECT}/freezes/{whole.json()['id']}")).status_code == 204
    one = {"ends_at": until, "reason": "Migration of the cluster", "environment": "staging"}
    await shop.call(OWNER, "POST", f"{PROJECT}/freezes", json=one)
    assert (await upgrade(shop, on="staging", database="east")).json()["code"] == "frozen"
    assert (await upgrade(shop)).status_code == 202
    listed = (await shop.call(ANN, "GET", f"{PROJECT}/freezes")).json()["items"]
    assert [(item["environment"]["slug"], item["reason"]) for item in listed] == [
        ("staging", "Migration of the cluster")
    ]


async def test_a_freeze_that_would_never_be_is_refused_and_foreign_ones_are_not_found(shop: Any) -> None:
    past = {"ends_at": (now() - timedelta(minutes=1)).isoformat(), "reason": "r"}
    assert (await shop.call(OWNER, "POST", f"{PROJECT}/freezes", json=past)).json()["code"] == "freeze_over"
    later = (now() + timedelta(days=2)).isoformat()
    turned = {"starts_at": later, "ends_at": (now() + timedelta(days=1)).isoformat(), "reason": "r"}
    assert (await shop.call(OWNER, "POST", f"{PROJECT}/freezes", json=turned)).json()["code"] == "freeze_over"
    foreign = await shop.call(
        "owner@other.example", "POST", "/api/orgs/other/projects/shop/freezes", json={"ends_at": later, "reason": "r"}
    )
    assert (await shop.call(OWNER, "DELETE", f"{PROJECT}/freezes/{foreign.json()['id']}")).status_code == 404


async def test_windows_and_freezes_are_overridden_with_a_reason_by_those_who_may(shop: Any) -> None:
    await policy(shop, windows=[window(timedelta(hours=2))])
    assert (await upgrade(shop, override="It burns")).json()["params"]["permission"] == "job.override"
    done = (await upgrade(shop, OWNER, override="It burns")).json()
    assert done["override"] == {"reason": "It burns", "conditions": ["window"]}


async def test_approvals_are_collected_while_the_window_is_closed_and_the_job_waits_for_it(shop: Any) -> None:
    await policy(shop, approvals_needed=1, windows=[window(timedelta(hours=2))])
    asked = (await upgrade(shop)).json()
    assert asked["code"] == "approval_needed"
    path = f"/api/approvals/{asked['params']['request']}"
    approved = (await shop.call(OWNER, "POST", f"{path}/approve", json={})).json()
    assert (approved["state"], approved["job"]) == ("approved", None)
    assert timedelta() < datetime.fromisoformat(approved["opens_at"]) - now() <= timedelta(hours=2)


async def ran(
    shop: Any, name: str, *revisions: str, kind: str = "upgrade", state: str = "done", commit: Any = None
) -> None:
    """A job that ran these revisions on a database of staging."""
    async with shop.app.state.context.database.everything() as session:
        database = await session.scalar(select(Database).where(Database.name == name))
        organization = await session.get_one(Organization, database.organization_id)
        organization.last_job_number += 1
        newest = commit or (await session.execute(_COMMIT.where(Database.id == database.id))).one()
        job = Job(
            organization_id=database.organization_id,
            project_id=database.project_id,
            environment_id=database.environment_id,
            database_id=database.id,
            number=organization.last_job_number,
            kind=kind,
            revision="head",
            state="succeeded" if state == "done" else "failed",
            actor_name="Ann",
            commit_id=newest.id,
            commit_sha=newest.sha,
            ref="main",
            started_at=now(),
            finished_at=now(),
            heads_before=["aaa1"],
            heads_after=list(revisions[-1:]),
            steps_done=0,
            last_seq=0,
        )
        session.add(job)
        await session.flush()
        for position, revision in enumerate(revisions):
            session.add(
                JobStep(
                    job_id=job.id,
                    position=position,
                    organization_id=job.organization_id,
                    kind="revision",
                    revision=revision,
                    title=f"Revision {revision}",
                    state=state,
                    duration_ms=12.5,
                    statements=3,
                )
            )


def _commit_query() -> Any:
    from stillroom_core.projects.models import Commit, Project

    return (
        select(Commit.id, Commit.sha)
        .join(Project, Project.commit_id == Commit.id)
        .join(Database, Database.project_id == Project.id)
    )


_COMMIT = _commit_query()


async def follow_staging(shop: Any) -> None:
    places = (await shop.call(OWNER, "GET", f"{PROJECT}/environments")).json()["items"]
    await policy(shop, predecessor_id=next(place["id"] for place in places if place["slug"] == "staging"))


async def missing(shop: Any) -> list[tuple[str, str, str]]:
    """What the plan page says is missing: (revision, database, reason)."""
    body = {"project": "own/shop", "environment": "dev", "kind": "upgrade", "revision": "ccc3"}
    plan = (await shop.call(ANN, "POST", "/api/migrations/plan", json=body)).json()
    found = plan["conditions"]["predecessor"]
    assert found["missing_count"] == len(found["missing"])
    return [(one["revision"], one["database"], one["reason"]) for one in found["missing"]]


async def test_an_environment_runs_only_what_every_database_of_its_predecessor_ran(shop: Any) -> None:
    await follow_staging(shop)
    refused = (await upgrade(shop)).json()
    assert (refused["code"], refused["params"]["predecessor"]) == ("predecessor_missing", "staging")
    await ran(shop, "east", "bbb2", "ccc3")
    await ran(shop, "west", "bbb2")
    assert await missing(shop) == [("ccc3", "west", "not_run")]
    assert (await upgrade(shop, revision="bbb2")).status_code == 202
    assert (await upgrade(shop)).json()["code"] == "predecessor_missing"
    await ran(shop, "west", "ccc3")
    assert await missing(shop) == []
    done = await upgrade(shop)
    assert (done.status_code, done.json()["plan_confirmed"]) == (202, True)  # exactly that, or nothing


async def test_what_failed_was_taken_back_or_ran_from_another_file_does_not_count(shop: Any) -> None:
    await follow_staging(shop)
    await ran(shop, "east", "bbb2", "ccc3")
    await ran(shop, "west", "bbb2", "ccc3", state="failed")
    assert await missing(shop) == [("bbb2", "west", "not_succeeded"), ("ccc3", "west", "not_succeeded")]
    await ran(shop, "west", "bbb2", "ccc3")
    await ran(shop, "west", "ccc3", kind="downgrade")
    assert await missing(shop) == [("ccc3", "west", "taken_back")]
    await ran(shop, "west", "ccc3")
    assert await missing(shop) == []
    # Another commit with the same files is the same; an edited file is another revision.
    database = shop.app.state.context.database
    await add_commit(database, "own", HISTORY, CONTENTS)
    assert await missing(shop) == []
    await add_commit(database, "own", HISTORY, {**CONTENTS, "ccc3": "edited"})
    assert await missing(shop) == [("ccc3", "east", "other_content"), ("ccc3", "west", "other_content")]


async def test_a_way_back_is_never_closed_by_the_predecessor_and_an_override_opens_it(shop: Any) -> None:
    await follow_staging(shop)
    body = {"project": "own/shop", "environment": "dev", "revision": "base"}
    assert (await shop.call(ANN, "POST", "/api/migrations/downgrade", json=body)).status_code == 202
    done = (await upgrade(shop, OWNER, override="Staging is broken")).json()
    assert done["override"]["conditions"] == ["predecessor"]


async def test_environments_do_not_wait_in_a_circle_and_one_that_goes_first_is_not_deleted(shop: Any) -> None:
    await follow_staging(shop)
    places = (await shop.call(OWNER, "GET", f"{PROJECT}/environments")).json()["items"]
    dev = next(place["id"] for place in places if place["slug"] == "dev")
    for slug in ("staging", "dev"):
        answer = await shop.call(OWNER, "PATCH", f"{PROJECT}/environments/{slug}", json={"predecessor_id": dev})
        assert (answer.status_code, answer.json()["code"]) == (422, "predecessor_circle")
    kept = await shop.call(OWNER, "DELETE", f"{PROJECT}/environments/staging")
    assert (kept.status_code, kept.json()["code"]) == (409, "environment_followed")
    assert (await shop.call(OWNER, "DELETE", PROJECT)).status_code == 204  # with all of them it goes


async def found_elsewhere(shop: Any, name: str) -> str:
    """A database that was found to have been moved; gives its id."""
    async with shop.app.state.context.database.everything() as session:
        database = await session.scalar(select(Database).where(Database.name == name))
        subject = Subject(kind="database", id=str(database.id), name=name, database_id=database.id)
        await write_found(
            session, database.organization_id, "database.moved", subject, {"heads": ["aaa1"]}, {"heads": ["zzz9"]}
        )
        return str(database.id)


async def test_the_ledger_tells_jobs_and_what_was_run_elsewhere_in_one_line(shop: Any) -> None:
    await ran(shop, "east", "bbb2", "ccc3")
    key = await found_elsewhere(shop, "east")
    await ran(shop, "east", "ccc3", kind="downgrade")
    await ran(shop, "west", "bbb2")
    path = f"{PROJECT}/environments/staging/databases/{key}/ledger"
    await shop.person(VIEWER, "own", "member", "viewer")
    page = (await shop.call(VIEWER, "GET", path)).json()
    assert [(item["kind"], item["job"] and item["job"]["kind"]) for item in page["items"]] == [
        ("job", "downgrade"),
        ("found", None),
        ("job", "upgrade"),
    ]
    assert (page["items"][1]["heads_before"], page["items"][1]["heads_after"]) == (["aaa1"], ["zzz9"])
    assert [(one["revision"], one["statements"]) for one in page["items"][2]["job"]["revisions"]] == [
        ("bbb2", 3),
        ("ccc3", 3),
    ]
    # Page by page the same, each once.
    seen, cursor = [], None
    while True:
        part = (
            await shop.call(VIEWER, "GET", path, params={"limit": 1, **({"cursor": cursor} if cursor else {})})
        ).json()
        seen += [item["id"] for item in part["items"]]
        if (cursor := part["next_cursor"]) is None:
            break
    assert seen == [item["id"] for item in page["items"]]
    assert (await shop.call(VIEWER, "GET", path, params={"cursor": "x"})).json()["code"] == "bad_cursor"
    for person, status in ((None, 401), ("owner@other.example", 404)):
        assert (await shop.call(person, "GET", path)).status_code == status


async def test_the_ledger_is_taken_away_with_a_line_for_each_revision(shop: Any) -> None:
    await ran(shop, "east", "bbb2", "ccc3")
    key = await found_elsewhere(shop, "east")
    answer = await shop.call(ANN, "GET", f"{PROJECT}/environments/staging/databases/{key}/ledger/export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(row["what"], row["revision"], row["from"], row["to"]) for row in rows] == [
        ("found", "", "aaa1", "zzz9"),
        ("job", "bbb2", "aaa1", "ccc3"),
        ("job", "ccc3", "aaa1", "ccc3"),
    ]


async def test_a_new_environment_asks_for_nothing(shop: Any) -> None:
    async with shop.app.state.context.database.everything() as session:
        rows = (await session.scalars(select(Environment))).all()
    assert {(row.approvals_needed, row.predecessor_id, tuple(row.windows)) for row in rows} == {(0, None, ())}
