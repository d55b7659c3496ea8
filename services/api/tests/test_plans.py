"""Plans over the API: what is promised, what makes a plan worthless, and that it is applied once."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.jobs.models import Job
from stillroom_core.plans import basis
from stillroom_core.plans.models import Plan
from stillroom_core.plans.repository import forget_expired
from stillroom_core.projects.models import Project
from stillroom_core.tables import now
from stillroom_testing.commits import add_commit

OWNER = "owner@own.example"
MOVE = {"project": "shop", "environment": "dev"}
HISTORY: Mapping[str, tuple[str, ...]] = {
    "aaa1": (),
    "bbb2": ("aaa1",),
    "ccc3": ("aaa1",),
    "ddd4": ("bbb2", "ccc3"),
}


@pytest.fixture
async def shop(api: Any) -> Any:
    """The project `own/shop` with a branch and a merge, its database at aaa1."""
    await add_commit(api.app.state.context.database, "own", HISTORY)
    await change(
        api, Database, Database.name == "db-mine", heads=["aaa1"], version_tables=[{"table": "alembic_version"}]
    )
    api.queue.rings.clear()
    return api


async def change(api: Any, table: Any, condition: Any, **values: Any) -> None:
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(table).where(condition).values(**values))


async def plan(api: Any, kind: str, revision: str | None, person: str | None = OWNER, **more: Any) -> Any:
    content = {**MOVE, "kind": kind, "revision": revision, **more}
    return await api.call(person, "POST", "/api/migrations/plan", json=content)


async def apply(api: Any, made: Any, kind: str = "upgrade", **more: Any) -> Any:
    content = {**MOVE, "plan": made["id"], **more}
    return await api.call(OWNER, "POST", f"/api/migrations/{kind}", json=content)


async def test_a_stranger_neither_makes_nor_sees_a_plan(shop: Any) -> None:
    made = (await plan(shop, "upgrade", "heads")).json()
    assert (await plan(shop, "upgrade", "heads", person=None)).status_code == 401
    assert (await plan(shop, "upgrade", "heads", person="owner@other.example", project="own/shop")).status_code == 404
    assert (await shop.call(None, "GET", f"/api/plans/{made['id']}")).status_code == 401
    assert (await shop.call("owner@other.example", "GET", f"/api/plans/{made['id']}")).status_code == 404


async def test_a_viewer_sees_plans_but_makes_none(shop: Any) -> None:
    await shop.person("viewer@own.example", "own", "member", "viewer")
    made = (await plan(shop, "upgrade", "heads")).json()
    assert (await shop.call("viewer@own.example", "GET", f"/api/plans/{made['id']}")).status_code == 200
    refused = await plan(shop, "upgrade", "heads", person="viewer@own.example")
    assert (refused.status_code, "job.plan" in refused.text) == (403, True)


async def test_a_plan_holds_what_alembic_would_run_and_where_it_leads(shop: Any) -> None:
    answer = await plan(shop, "upgrade", "head")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert [step["revision"] for step in made["steps"]][-1] == "ddd4"
    assert {step["revision"] for step in made["steps"]} == {"bbb2", "ccc3", "ddd4"}
    assert (made["heads"], made["heads_after"], made["nothing"], made["job"]) == (["aaa1"], ["ddd4"], None, None)
    assert (await shop.call(OWNER, "GET", f"/api/plans/{made['id']}")).json() == made
    assert shop.queue.rings == []


async def test_the_same_promise_has_the_same_digest_and_another_one_another(shop: Any) -> None:
    first, again = [(await plan(shop, "upgrade", "head")).json() for _ in range(2)]
    other = (await plan(shop, "upgrade", "bbb2")).json()
    assert first["id"] != again["id"]
    assert first["digest"] == again["digest"] != other["digest"]
    assert len(first["digest"]) == 64


async def test_nothing_to_do_is_a_plan_that_says_why(shop: Any) -> None:
    made = (await plan(shop, "upgrade", "aaa1")).json()
    assert (made["steps"], made["nothing"]["code"]) == ([], "already_there")


async def test_a_plan_for_a_database_that_was_never_read_is_refused(shop: Any) -> None:
    await change(shop, Database, Database.name == "db-mine", heads=None)
    refused = await plan(shop, "upgrade", "head")
    assert (refused.status_code, refused.json()["code"]) == (409, "database_not_read")
    await change(shop, Database, Database.name == "db-mine", heads=["aaa1"], trusted=False)
    assert (await plan(shop, "upgrade", "head")).json()["code"] == "database_not_read"


async def test_a_job_applies_the_plan_that_was_confirmed_once(shop: Any) -> None:
    made = (await plan(shop, "upgrade", "head")).json()
    job = (await apply(shop, made)).json()
    assert (job["plan_id"], job["plan_confirmed"], job["revision"]) == (made["id"], True, "head")
    again = await apply(shop, made)
    assert (again.status_code, again.json()["code"]) == (409, "plan_applied")
    assert again.json()["params"]["number"] == job["number"]
    seen = (await shop.call(OWNER, "GET", f"/api/plans/{made['id']}")).json()
    assert seen["job"] == {"id": job["id"], "number": job["number"]}


async def test_two_requests_at_once_apply_a_plan_once(shop: Any) -> None:
    made = (await plan(shop, "upgrade", "head")).json()
    answers = await asyncio.gather(*(apply(shop, made) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 5


async def test_the_same_idempotency_key_gives_the_job_of_an_applied_plan(shop: Any) -> None:
    made = (await plan(shop, "upgrade", "head")).json()
    first, again = [(await apply(shop, made, idempotency_key="deploy-9")) for _ in range(2)]
    assert first.json()["id"] == again.json()["id"]


async def test_a_move_without_a_plan_makes_one_and_applies_it(shop: Any) -> None:
    job = (await shop.call(OWNER, "POST", "/api/migrations/upgrade", json={**MOVE, "revision": "head"})).json()
    made = (await shop.call(OWNER, "GET", f"/api/plans/{job['plan_id']}")).json()
    assert (made["job"]["id"], job["plan_confirmed"], made["heads_after"]) == (job["id"], False, ["ddd4"])
    checked = await shop.call(OWNER, "POST", "/api/migrations/check", json=MOVE)
    assert (checked.status_code, checked.json()["plan_id"]) == (202, None)


async def test_heads_that_moved_make_a_plan_stale_and_the_difference_is_told(shop: Any) -> None:
    made = (await plan(shop, "upgrade", "head")).json()
    await change(shop, Database, Database.name == "db-mine", heads=["bbb2"])
    refused = (await apply(shop, made)).json()
    assert (refused["status"], refused["code"]) == (409, "plan_stale")
    assert refused["params"]["differences"] == [{"what": "heads", "from": ["aaa1"], "to": ["bbb2"]}]
    assert "from aaa1 to bbb2" in refused["detail"]
    assert shop.queue.rings == []


async def test_version_rows_in_another_order_are_the_same_place(shop: Any) -> None:
    await change(shop, Database, Database.name == "db-mine", heads=["ccc3", "bbb2"])
    made = (await plan(shop, "upgrade", "head")).json()
    await change(shop, Database, Database.name == "db-mine", heads=["bbb2", "ccc3"])
    assert (await apply(shop, made)).status_code == 202


async def test_a_newer_commit_makes_a_plan_stale(shop: Any) -> None:
    made = (await plan(shop, "upgrade", "head")).json()
    await add_commit(shop.app.state.context.database, "own", {**HISTORY, "eee5": ("ddd4",)})
    refused = (await apply(shop, made)).json()
    assert refused["code"] == "plan_stale"
    assert [difference["what"] for difference in refused["params"]["differences"]] == ["commit"]


async def test_changed_settings_or_another_address_make_a_plan_stale(shop: Any) -> None:
    made = (await plan(shop, "upgrade", "head")).json()
    await change(shop, Environment, Environment.slug == "dev", x_arguments=["tenant=2"])
    await change(shop, Database, Database.name == "db-mine", host="elsewhere.example")
    refused = (await apply(shop, made)).json()
    assert [difference["what"] for difference in refused["params"]["differences"]] == ["database", "settings"]
    assert "elsewhere.example" in refused["detail"]


async def test_an_expired_plan_is_refused_and_later_forgotten_unless_a_job_applied_it(shop: Any) -> None:
    applied, old = [(await plan(shop, "upgrade", "head")).json() for _ in range(2)]
    assert (await apply(shop, applied)).status_code == 202
    await change(shop, Plan, Plan.id.is_not(None), expires_at=now() - timedelta(seconds=1))
    assert (await apply(shop, old)).json()["code"] == "plan_expired"
    async with shop.app.state.context.database.everything() as session:
        await forget_expired(session)
        kept = list(await session.scalars(select(Plan.id)))
    assert [str(key) for key in kept] == [applied["id"]]


async def test_a_plan_for_another_move_is_refused_by_the_names_that_differ(shop: Any) -> None:
    made = (await plan(shop, "upgrade", "head")).json()
    refused = (await apply(shop, made, "downgrade", revision="base")).json()
    assert (refused["status"], refused["code"]) == (422, "plan_mismatch")
    assert [error["field"] for error in refused["errors"]] == ["kind", "revision"]
    nonsense = await shop.call(OWNER, "POST", "/api/migrations/upgrade", json={**MOVE, "plan": "not-an-id"})
    assert nonsense.status_code == 422
    unknown = {"id": "01234567-89ab-7def-8123-456789abcdef"}
    assert (await apply(shop, unknown)).status_code == 404


async def test_a_target_that_cannot_be_is_refused_when_it_is_planned(shop: Any) -> None:
    assert (await plan(shop, "upgrade", "nosuch")).json()["code"] == "unknown_revision"
    assert (await plan(shop, "upgrade", None)).json()["code"] == "revision_missing"
    assert (await plan(shop, "downgrade", "-5")).json()["code"] == "relative_out_of_range"
    async with shop.app.state.context.database.everything() as session:
        assert list(await session.scalars(select(Plan.id))) == []
        assert list(await session.scalars(select(Job.id))) == []


async def test_a_project_with_plans_and_jobs_can_be_deleted(shop: Any) -> None:
    made = (await plan(shop, "upgrade", "head")).json()
    job = (await apply(shop, made)).json()
    await shop.call(OWNER, "POST", f"/api/jobs/{job['id']}/cancel")
    assert (await shop.call(OWNER, "DELETE", "/api/orgs/own/projects/shop")).status_code == 204
    assert (await shop.call(OWNER, "GET", f"/api/plans/{made['id']}")).status_code == 404


async def test_spaces_around_a_revision_mean_nothing(shop: Any) -> None:
    made = (await plan(shop, "upgrade", "  head ")).json()
    assert made["revision"] == "head"
    assert (await apply(shop, made, revision=" head")).json()["revision"] == "head"


CHANGES: list[tuple[Any, dict[str, Any]]] = [
    (Project, {"config_section": "other"}),
    (Project, {"config_file": "other.ini"}),
    (Project, {"subdirectory": "other"}),
    (Project, {"python": "3.12"}),
    (Project, {"requirements_file": "other.txt"}),
    (Project, {"extra_packages": ["psycopg"]}),
    (Project, {"groups": ["dev"]}),
    (Project, {"extras": ["pg"]}),
    (Project, {"install_project": True}),
    (Environment, {"lock_timeout_ms": 1}),
    (Environment, {"statement_timeout_ms": 1}),
    (Environment, {"idle_timeout_s": 1}),
    (Environment, {"blocking_limit_s": 1}),
    (Environment, {"retries": 9}),
    (Environment, {"time_limit_s": 1}),
    (Environment, {"transaction_per_migration": True}),
    (Environment, {"variables": [{"name": "A", "value": "b", "secret": False}]}),
    (Environment, {"files": [{"path": "a", "content": "b"}]}),
    (Environment, {"ini_overrides": [{"name": "a", "value": "b"}]}),
    (Environment, {"attributes": [{"name": "a", "value": "b"}]}),
]


async def test_whatever_changes_what_runs_makes_a_plan_stale_and_another_digest(shop: Any) -> None:
    made = (await plan(shop, "upgrade", "head")).json()
    for table, changed in CHANGES:
        await change(shop, table, table.slug == ("shop" if table is Project else "dev"), **changed)
        refused = (await apply(shop, made)).json()
        assert (refused["code"], changed) == ("plan_stale", changed)
        assert [difference["what"] for difference in refused["params"]["differences"]] == ["settings"]
        again = (await plan(shop, "upgrade", "head")).json()
        assert again["digest"] != made["digest"]
        made = again


async def test_another_way_to_the_database_makes_a_plan_stale_as_another_place(shop: Any) -> None:
    made = (await plan(shop, "upgrade", "head")).json()
    bastion = {"host": "bastion.example", "port": 22, "user": "us", "host_key": "k", "public_key": "k"}
    await change(shop, Environment, Environment.slug == "dev", tunnel=bastion)
    refused = (await apply(shop, made)).json()
    assert refused["code"] == "plan_stale"
    assert "us@bastion.example:22" in refused["detail"]


def test_every_setting_either_makes_plans_stale_or_is_known_to_change_nothing_that_runs() -> None:
    told = {"id", "created_at", "organization_id", "project_id", "slug", "name", "position"}
    names = {column.key for column in Environment.__table__.columns} - told - set(basis._OF_ENVIRONMENT)
    # Who may have a job, and when; not what it runs.
    assert names == {
        "protected",
        "approvals_needed",
        "approver_role",
        "approver_group_id",
        "approval_hours",
        "windows",
        "windows_zone",
        "predecessor_id",
        "auto_upgrade",
        "auto_upgrade_by",
        # Of the place, beside the database's own address.
        "tunnel",
        "tunnel_key_sealed",
    }
    names = {column.key for column in Project.__table__.columns} - told - set(basis._OF_PROJECT)
    # Where the code comes from; what was fetched is the commit, which a plan pins. And where drafts may go.
    left = {
        name for name in names if not name.startswith(("git_", "credential_", "fetch", "commit_", "hook_", "poll_"))
    }
    assert left == {"direct_push"}


async def test_a_plan_of_somebody_else_is_applied_in_the_name_of_who_applies_it(shop: Any) -> None:
    await shop.person("operator@own.example", "own", "member", "operator")
    made = (await plan(shop, "upgrade", "head")).json()
    content = {**MOVE, "plan": made["id"]}
    stranger = await shop.call(
        "owner@other.example", "POST", "/api/migrations/upgrade", json={**content, "project": "own/shop"}
    )
    assert stranger.status_code == 404
    applied = await shop.call("operator@own.example", "POST", "/api/migrations/upgrade", json=content)
    assert applied.status_code == 202, applied.text
    job = (await shop.call(OWNER, "GET", f"/api/jobs/{applied.json()['id']}")).json()
    assert job["actor"]["name"] == "operator@own.example"
