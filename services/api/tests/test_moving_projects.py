"""A project goes to another organization with its history, and nobody and nothing of the former one comes along."""

from typing import Any

from sqlalchemy import ForeignKeyConstraint, func, select, text, update

import stillroom_core.models  # noqa: F401 - registers every table
from stillroom_core.approvals.models import ApprovalRequest
from stillroom_core.audit.models import AuditEntry
from stillroom_core.catalogues.models import Catalogue, CatalogueObject
from stillroom_core.databases.client_certificate import take_client_certificate
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.environments.tunnel import take_tunnel
from stillroom_core.jobs.models import Job, JobEvent
from stillroom_core.organizations.models import Organization
from stillroom_core.plans.models import Plan
from stillroom_core.projects.models import Project
from stillroom_core.projects.moving import ENDS, GOES_ALONG
from stillroom_core.tables import Table, now
from stillroom_core.tokens.models import ApiToken
from stillroom_core.trusts.models import Trust
from stillroom_core.webhooks.models import Webhook
from stillroom_testing import matrix
from stillroom_testing.certificates import Authority
from stillroom_testing.commits import add_commit

OWNER = "owner@own.example"
STRANGER = "owner@other.example"
SHOP = "/api/orgs/own/projects/shop"
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
MOVE = {"organization": "second", "slug": "shop"}
# What happened in an organization stays in its log, whatever became of what it happened to.
STAYS = {"audit_entries"}


async def second(api: Any) -> None:
    """Another organization of the owner, with a member who is no member of the first."""
    assert (await api.call(OWNER, "POST", "/api/orgs", json={"slug": "second", "name": "Second"})).status_code == 201


async def organizations(api: Any) -> dict[str, Any]:
    async with api.app.state.context.database.everything() as session:
        return {row.slug: row.id for row in await session.scalars(select(Organization))}


async def stage(api: Any) -> dict[str, Any]:
    """A project with something in every table that refers to it; the ids of what tests look for."""
    database = api.app.state.context.database
    await second(api)
    await add_commit(database, "own", {"aaa1": (), "bbb2": ("aaa1",)})
    for email, role in (
        ("p@own.example", "operator"),
        ("v@own.example", "viewer"),
        ("t@own.example", "maintainer"),
    ):
        await api.person(email, "own", "member", role)
    async with database.everything() as session:
        await session.execute(update(Database).values(heads=[], heads_read_at=now(), version_tables=[]))
    group = (await api.call(OWNER, "POST", "/api/orgs/own/groups", json={"name": "DBA"})).json()
    assert (await api.call(OWNER, "PUT", f"{SHOP}/groups/{group['id']}", json={"role": "viewer"})).status_code < 300
    person = (await api.call("v@own.example", "GET", "/api/me")).json()["id"]
    role = {"role": "operator", "environment": "dev"}
    assert (await api.call(OWNER, "PUT", f"{SHOP}/members/{person}", json=role)).status_code < 300
    token = (await api.call(OWNER, "POST", "/api/orgs/own/tokens", json=matrix.TOKEN)).json()
    move = {"project": "own/shop", "environment": "dev", "revision": "head", "idempotency_key": "once"}
    job = (await api.call(OWNER, "POST", "/api/migrations/upgrade", json=move)).json()
    assert "id" in job, job
    return {"job": job["id"], "token": token["token"], "group": group["id"], "number": job["number"]}


async def end_jobs(api: Any) -> None:
    async with api.app.state.context.database.everything() as session:
        moment = now()
        await session.execute(update(Job).values(state="succeeded", started_at=moment, finished_at=moment))
        job = (await session.scalars(select(Job))).first()
        session.add(
            JobEvent(
                organization_id=job.organization_id,
                job_id=job.id,
                seq=1,
                at=moment,
                type="output",
                data={"line": "x"},
            )
        )


def dependent_tables() -> dict[str, ForeignKeyConstraint]:
    """Every table from which references lead to a project, however far."""
    found = {"projects"}
    while True:
        more = {
            table.name
            for table in Table.metadata.sorted_tables
            if table.name not in found
            and any(constraint.referred_table.name in found for constraint in table.foreign_key_constraints)
        }
        if not more:
            return {name: Table.metadata.tables[name] for name in found}
        found |= more


async def test_a_stranger_moves_nothing_and_a_member_needs_the_permission_in_both(api: Any) -> None:
    await stage(api)
    await end_jobs(api)
    assert (await api.call(None, "POST", f"{SHOP}/move", json=MOVE)).status_code == 401
    assert (await api.call(STRANGER, "POST", f"{SHOP}/move", json=MOVE)).status_code == 404
    refused = await api.call("t@own.example", "POST", f"{SHOP}/move", json=MOVE)
    assert (refused.status_code, refused.json()["params"]["permission"]) == (403, "project.delete")
    # The owner of this one is nobody in the other, and then a member who may not add projects.
    assert (await api.call(OWNER, "POST", f"{SHOP}/move", json={**MOVE, "organization": "other"})).status_code == 404
    async with api.app.state.context.database.everything() as session:
        await session.execute(
            text(
                "update memberships set role = 'member' "
                "where organization_id = (select id from organizations where slug = 'second')"
            )
        )
    refused = await api.call(OWNER, "POST", f"{SHOP}/move", json=MOVE)
    assert (refused.status_code, refused.json()["params"]["permission"]) == (403, "project.create")
    assert (await api.call(OWNER, "GET", SHOP)).status_code == 200


async def test_an_api_token_moves_nothing(api: Any) -> None:
    made = await stage(api)
    headers = {"Authorization": f"Bearer {made['token']}"}
    answer = await api.client.post(f"{SHOP}/move", json=MOVE, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "person_needed")


async def test_what_does_not_fit_is_refused_with_its_cause_and_nothing_is_half_moved(api: Any) -> None:
    await stage(api)
    for body, status, code in (
        ({**MOVE, "slug": "shoe"}, 422, "confirmation_wrong"),
        ({**MOVE, "organization": "own"}, 422, "same_organization"),
        ({**MOVE, "organization": "nowhere"}, 404, "not_found"),
        (MOVE, 409, "jobs_open"),
    ):
        answer = await api.call(OWNER, "POST", f"{SHOP}/move", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    await end_jobs(api)
    await set_everywhere(api, Project, fetch_state="running")
    assert (await api.call(OWNER, "POST", f"{SHOP}/move", json=MOVE)).json()["code"] == "project_busy"
    await set_everywhere(api, Project, fetch_state="idle")
    taken = {"slug": "shop", "name": "Another", "git_url": "https://git.example/x.git"}
    assert (await api.call(OWNER, "POST", "/api/orgs/second/projects", json=taken)).status_code == 201
    answer = await api.call(OWNER, "POST", f"{SHOP}/move", json=MOVE)
    assert (answer.status_code, answer.json()["code"]) == (409, "slug_taken")
    assert (await api.call("v@own.example", "GET", SHOP)).status_code == 200
    assert (await api.call(OWNER, "GET", f"{SHOP}/environments")).json()["items"][0]["databases"]


async def set_everywhere(api: Any, table: Any, **values: Any) -> None:
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(table).values(**values))


def test_every_table_that_hangs_on_a_project_goes_along_or_ends() -> None:
    decided = {table.__tablename__ for table in (*GOES_ALONG, *ENDS)} | {"jobs"}
    assert set(dependent_tables()) == decided
    named = {
        table.name
        for table in Table.metadata.sorted_tables
        if "organization_id" in table.c
        and {"project_id", "environment_id", "database_id", "job_id"} & set(table.c.keys())
    }
    assert named - decided == STAYS


async def test_no_row_of_it_stays_behind_and_its_history_is_whole(api: Any) -> None:
    made = await stage(api)
    await end_jobs(api)
    known = await organizations(api)
    database = api.app.state.context.database
    async with database.everything() as session:
        before = await rows_of_organization(session, known["own"])
        project = await session.scalar(select(Project.id).where(Project.organization_id == known["own"]))
    moved = await api.call(OWNER, "POST", f"{SHOP}/move", json=MOVE)
    assert moved.status_code == 200, moved.text
    assert moved.json()["organization"]["slug"] == "second"
    assert moved.json()["id"] == str(project)
    async with database.everything() as session:
        left, there = (
            await rows_of_organization(session, known["own"]),
            await rows_of_organization(session, known["second"]),
        )
        going = [table.__tablename__ for table in GOES_ALONG] + ["jobs"]
        assert {name: left[name] for name in going} == dict.fromkeys(going, 0)
        assert {name: there[name] for name in going} == {name: before[name] for name in going}
        assert {table.__tablename__: left[table.__tablename__] for table in ENDS} == {
            table.__tablename__: 0 for table in ENDS
        }
        # References are judged as ever, for whoever comes next.
        await session.execute(text("set constraints all immediate"))
    job = await api.call(OWNER, "GET", f"/api/jobs/{made['job']}")
    assert job.status_code == 200, job.text
    assert job.json()["number"] == 1
    assert (await api.call(OWNER, "GET", f"/api/jobs/{made['job']}/log")).status_code == 200


async def rows_of_organization(session: Any, key: Any) -> dict[str, int]:
    return {
        table.name: await session.scalar(select(func.count()).select_from(table).where(table.c.organization_id == key))
        for table in Table.metadata.sorted_tables
        if "organization_id" in table.c
    }


async def test_old_members_lose_it_at_once_and_new_ones_see_its_history(api: Any) -> None:
    made = await stage(api)
    await end_jobs(api)
    await api.person("w@own.example", "own", "admin")
    assert (await api.call(OWNER, "POST", f"{SHOP}/move", json=MOVE)).status_code == 200
    # Of the former: its owner under the former address, administrators, roles in the project, the token.
    for email in (OWNER, "w@own.example", "p@own.example", "v@own.example", "t@own.example"):
        assert (await api.call(email, "GET", SHOP)).status_code == 404, email
    for email in ("w@own.example", "p@own.example", "v@own.example", "t@own.example"):
        assert (await api.call(email, "GET", f"/api/jobs/{made['job']}")).status_code == 404, email
        assert (await api.call(email, "GET", "/api/orgs/second/projects/shop")).status_code == 404, email
        assert (await api.call(email, "GET", "/api/migrations/history", params={"project": "shop"})).status_code == 404
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert (await api.client.get(f"/api/jobs/{made['job']}", headers=headers)).status_code == 401
    jobs = (await api.call(OWNER, "GET", "/api/jobs", params={"org": "second"})).json()["items"]
    assert [job["id"] for job in jobs] == [made["job"]]
    assert (await api.call(OWNER, "GET", "/api/jobs", params={"org": "own"})).json()["items"] == []


async def test_secrets_are_gone_addresses_stay_and_other_things_of_the_former_organization_are_left_to_it(
    api: Any,
) -> None:
    made = await stage(api)
    await end_jobs(api)
    other = {"slug": "stays", "name": "Stays", "git_url": "https://git.example/y.git"}
    assert (await api.call(OWNER, "POST", "/api/orgs/own/projects", json=other)).status_code == 201
    wide = await api.call(OWNER, "POST", "/api/orgs/own/tokens", json={**matrix.TOKEN, "projects": ["shop", "stays"]})
    for projects in (["shop"], ["shop", "stays"]):
        hook = {**matrix.WEBHOOK, "projects": projects}
        assert (await api.call(OWNER, "POST", "/api/orgs/own/webhooks", json=hook)).status_code == 201
    policy = {"approver_group_id": made["group"], "approvals_needed": 1, "auto_upgrade": True}
    assert (await api.call(OWNER, "PATCH", f"{SHOP}/environments/dev", json=policy)).status_code == 200
    assert (await api.call(OWNER, "POST", f"{SHOP}/move", json=MOVE)).status_code == 200
    async with api.app.state.context.database.everything() as session:
        project = await session.scalar(select(Project).where(Project.slug == "shop", Project.name == "Shop mine"))
        place = await session.scalar(select(Environment).where(Environment.project_id == project.id))
        kept = await session.scalar(select(Database).where(Database.project_id == project.id))
        assert project.credential_sealed is None and project.git_url
        assert (place.variables, place.files, place.approver_group_id) == ([], [], None)
        assert (place.approvals_needed, place.auto_upgrade, place.auto_upgrade_by) == (1, False, None)
        assert (kept.host, kept.username, kept.password_sealed) == ("db.example", "shop", None)
        for table in (ApiToken, Trust, Webhook):
            assert not [
                row for row in await session.scalars(select(table)) if str(project.id) in (row.project_ids or [])
            ]
        ended = await session.scalars(select(ApiToken).where(ApiToken.revoked_at.is_not(None)))
        assert [row.project_ids for row in ended] == [[]]
        hooks = (await session.scalars(select(Webhook))).all()
        assert len(hooks) == 1 and len(hooks[0].project_ids) == 1
    headers = {"Authorization": f"Bearer {wide.json()['token']}"}
    seen = await api.client.get("/api/orgs/own/projects", headers=headers)
    assert [one["slug"] for one in seen.json()["items"]] == ["stays"]
    # There and back: what was struck out does not come to life again.
    assert (
        await api.call(OWNER, "POST", "/api/orgs/second/projects/shop/move", json={**MOVE, "organization": "own"})
    ).status_code == 200
    seen = await api.client.get("/api/orgs/own/projects", headers=headers)
    assert [one["slug"] for one in seen.json()["items"]] == ["stays"]
    assert (await api.call("v@own.example", "GET", SHOP)).status_code == 404


async def test_no_sealed_value_goes_along_whichever_columns_there_are(api: Any) -> None:
    await stage(api)
    await end_jobs(api)
    known = await organizations(api)
    sealed = [
        (table.__table__, column)
        for table in GOES_ALONG
        for column in table.__table__.c
        if column.name.endswith("_sealed")
    ]
    assert len(sealed) >= 4
    async with api.app.state.context.database.everything() as session:
        for table, column in sealed:
            own = update(table).where(table.c.organization_id == known["own"])
            await session.execute(own.values({column.name: b"\x01\x01k"}))
    assert (await api.call(OWNER, "POST", f"{SHOP}/move", json=MOVE)).status_code == 200
    async with api.app.state.context.database.everything() as session:
        for table, column in sealed:
            mine = select(column).where(table.c.organization_id == known["second"])
            found = (await session.scalars(mine)).all()
            assert found and set(found) == {None}, column


async def test_requests_end_plans_run_out_and_both_logs_tell_of_it(api: Any) -> None:
    await stage(api)
    await end_jobs(api)
    assert (await api.call(OWNER, "PATCH", f"{SHOP}/environments/dev", json={"approvals_needed": 1})).status_code == 200
    asked = await api.call(
        "p@own.example",
        "POST",
        "/api/migrations/upgrade",
        json={"project": "own/shop", "environment": "dev", "revision": "aaa1"},
    )
    assert asked.json()["code"] == "approval_needed", asked.text
    certificate, key = Authority().issue("shop")
    async with api.app.state.context.database.everything() as session:
        (row,) = await session.scalars(select(Database).where(Database.name == "db-mine"))
        row.sslmode = "require"
        take_client_certificate(row, {"client_certificate": certificate, "client_key": key})
        place = await session.get_one(Environment, row.environment_id)
        take_tunnel(place, {"host": "bastion.example", "port": 22, "user": "us", "host_key": HOST_KEY})
    assert (await api.call(OWNER, "POST", f"{SHOP}/move", json=MOVE)).status_code == 200
    known = await organizations(api)
    async with api.app.state.context.database.everything() as session:
        request = await session.scalar(select(ApprovalRequest))
        (row,) = await session.scalars(select(Database).where(Database.name == "db-mine"))
        assert (row.client_certificate, row.client_key_sealed) == (None, None)
        place = await session.get_one(Environment, row.environment_id)
        assert (place.tunnel["host"], place.tunnel["public_key"]) == ("bastion.example", None)
        assert place.tunnel_key_sealed is None
        assert (request.state, request.ended["code"], request.organization_id) == (
            "void",
            "project_moved",
            known["second"],
        )
        assert not [
            plan for plan in await session.scalars(select(Plan)) if not plan.applied and plan.expires_at > now()
        ]
        # Of these two: entries of organizations that were deleted stay.
        of_both = AuditEntry.organization_id.in_([known["own"], known["second"]])
        found = await session.scalars(select(AuditEntry).where(of_both, AuditEntry.action.like("project.%")))
        told = {entry.action: entry for entry in found}
    assert told["project.move"].organization_id == known["own"]
    assert told["project.receive"].organization_id == known["second"]
    for entry in told.values():
        if entry.action in ("project.move", "project.receive"):
            assert (entry.before["organization"], entry.after["organization"]) == ("own", "second")
    left = told["project.move"].after["left"]
    assert left["tokens"] == ["CI"] and left["requests"] == 1 and left["roles"] == 5
    assert set(left["to_enter_again"]) == {
        "git",
        "dev: variable KEY",
        "dev: file settings.json",
        "dev: password of db-mine",
        "dev: client certificate of db-mine",
        "dev: key for the SSH server",
    }
    shown = await api.call(OWNER, "GET", f"/api/approvals/{request.id}")
    assert shown.status_code == 200 and shown.json()["state"] == "void"
    for org in ("own", "second"):
        assert (await api.call(OWNER, "GET", f"/api/orgs/{org}/audit/verification")).json()["holds"]


async def test_what_was_read_of_its_databases_goes_along_and_what_both_have_stays_with_both(api: Any) -> None:
    await stage(api)
    await end_jobs(api)
    known = await organizations(api)
    other = {"slug": "stays", "name": "Stays", "git_url": "https://git.example/y.git"}
    await api.call(OWNER, "POST", "/api/orgs/own/projects", json=other)
    await api.call(OWNER, "POST", "/api/orgs/own/projects/stays/environments", json={"slug": "dev", "name": "Dev"})
    await api.call(OWNER, "POST", "/api/orgs/own/projects/stays/environments/dev/databases", json=matrix.DATABASE)
    async with api.app.state.context.database.everything() as session:
        for row in await session.scalars(select(Database).where(Database.organization_id == known["own"])):
            own = b"\x01" if row.name == "db-mine" else b"\x02"
            listing = [["table", "public", name, one.hex(), ""] for name, one in (("a", own), ("b", b"\x03"))]
            session.add(
                Catalogue(
                    organization_id=known["own"],
                    database_id=row.id,
                    read_at=now(),
                    server_version="18",
                    digest=own,
                    listing=listing,
                    figures=[],
                )
            )
        for digest in (b"\x01", b"\x02", b"\x03"):
            session.add(CatalogueObject(organization_id=known["own"], digest=digest, content={"n": digest.hex()}))
    assert (await api.call(OWNER, "POST", f"{SHOP}/move", json=MOVE)).status_code == 200
    async with api.app.state.context.database.everything() as session:
        found = {
            slug: set(
                await session.scalars(
                    select(CatalogueObject.digest).where(CatalogueObject.organization_id == known[slug])
                )
            )
            for slug in ("own", "second")
        }
    assert found == {"own": {b"\x02", b"\x03"}, "second": {b"\x01", b"\x03"}}


async def test_jobs_follow_the_numbers_of_the_organization_that_takes_them(api: Any) -> None:
    await stage(api)
    await end_jobs(api)
    key = (await organizations(api))["second"]
    await set_everywhere(api, Organization, last_job_number=40)
    assert (await api.call(OWNER, "POST", f"{SHOP}/move", json=MOVE)).status_code == 200
    async with api.app.state.context.database.everything() as session:
        numbers = (
            await session.scalars(select(Job.number).where(Job.organization_id == key).order_by(Job.number))
        ).all()
        assert list(numbers) == [41]
        assert (await session.get_one(Organization, key)).last_job_number == 41
