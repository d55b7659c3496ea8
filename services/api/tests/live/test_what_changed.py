"""Lists, columns and badges: whatever changes through one replica or a worker is heard at the other one."""

from typing import Any
from uuid import UUID

from stillroom_core.jobs.models import Job
from stillroom_core.live.notices import About, Notice, send_notices

PROJECT = "/api/orgs/own/projects/shop"
OWNER = "owner@own.example"


async def test_each_change_is_heard_at_another_replica_under_its_name(
    api: Any, replicas: Any, token: str, job: str, helpers: Any, worker: Any
) -> None:
    async with replicas[1].open(token) as client:
        for topic in ("organization:own", "project:own/shop"):
            await client.subscribe(topic)

        async def heard(about: str) -> None:
            for topic in ("organization:own", "project:own/shop"):
                while about not in (await client.take("changed", topic=topic))["about"]:
                    pass

        async def call(method: str, path: str, **content: Any) -> Any:
            answer = await api.call(OWNER, method, path, **content)
            assert answer.is_success, answer.text
            return answer.json() if answer.content else None

        await helpers.start(api)
        await heard("jobs")
        await call("POST", f"/api/jobs/{job}/cancel")
        await heard("jobs")
        [environment] = (await call("GET", f"{PROJECT}/environments"))["items"]
        database = environment["databases"][0]["id"]
        await call("POST", f"{PROJECT}/environments/dev/databases/{database}/read")
        await heard("databases")
        await call("PATCH", f"{PROJECT}/environments/dev/databases/{database}", json={"name": "renamed"})
        await heard("databases")
        await call("PATCH", f"{PROJECT}/environments/dev", json={"name": "Renamed"})
        await heard("databases")
        await call("POST", f"{PROJECT}/environments", json={"slug": "qa", "name": "QA"})
        await heard("databases")
        await call("DELETE", f"{PROJECT}/environments/qa")
        await heard("databases")
        await call("PATCH", PROJECT, json={"name": "Renamed"})
        await heard("project")
        await call("POST", f"{PROJECT}/fetch")
        await heard("project")
        new = {"slug": "next", "name": "Next", "git_url": "https://git.example/next.git"}
        await call("POST", "/api/orgs/own/projects", json=new)
        await client.quiet()  # what the changes before still said
        await call("PATCH", "/api/orgs/own/projects/next", json={"name": "After"})
        assert "project" in (await client.take("changed", topic="organization:own"))["about"]
        assert {message["topic"] for message in await client.quiet()} <= {"organization:own"}


async def test_many_notices_of_one_moment_are_few_messages(api: Any, replicas: Any, token: str, job: str) -> None:
    context = replicas[0].app.state.context
    async with context.database.everything() as session:
        row = await session.get_one(Job, UUID(job))
    async with replicas[0].open(token) as client:
        await client.subscribe("organization:own")
        await send_notices(context.redis, [Notice(row.organization_id, row.project_id, About.JOBS)] * 200)
        assert (await client.take("changed"))["about"] == ["jobs"]
        assert len(await client.quiet()) <= 200 // 4


async def test_a_refused_request_is_heard_by_nobody(api: Any, replicas: Any, token: str, job: str) -> None:
    async with replicas[0].open(token) as client:
        await client.subscribe("organization:own")
        taken = {"slug": "shop", "name": "Shop", "git_url": "https://git.example/x.git"}
        assert (await api.call(OWNER, "POST", "/api/orgs/own/projects", json=taken)).status_code == 409
        assert await client.quiet() == []
