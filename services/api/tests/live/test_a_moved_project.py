"""Open pages of the former organization hear that a project has gone, and nothing of it afterwards."""

from typing import Any

from stillroom_core.live.notices import About, Notice, send_notices

OWNER = "owner@own.example"
VIEWER = "viewer@own.example"
ADMIN = "admin@own.example"
TOPICS = ("project:own/shop", "organization:own")
# What whose rights have changed are told to look at, which may come late.
EVERYTHING = sorted(About)


async def test_pages_of_the_former_organization_are_told_once_and_hear_nothing_of_it_more(
    api: Any, replicas: Any, token: str, job: str, worker: Any, helpers: Any
) -> None:
    await api.call(OWNER, "POST", "/api/orgs", json={"slug": "second", "name": "Second"})
    await api.person(VIEWER, "own", "member", "viewer")
    await api.person(ADMIN, "own", "admin")
    await api.call(OWNER, "POST", f"/api/jobs/{job}/cancel")
    viewer_token, admin_token = await helpers.token_of(api, VIEWER), await helpers.token_of(api, ADMIN)
    async with replicas[0].open(viewer_token) as viewer, replicas[1].open(admin_token) as admin:
        for client in (viewer, admin):
            for topic in TOPICS:
                assert (await client.subscribe(topic))["type"] == "subscribed"
            await client.quiet()
        body = {"organization": "second", "slug": "shop"}
        moved = await api.call(OWNER, "POST", "/api/orgs/own/projects/shop/move", json=body)
        assert moved.status_code == 200, moved.text
        # A role in the project has ended, and with it the topic; an administrator asks again and finds nothing.
        assert (await viewer.take("refused", topic="project:own/shop"))["status"] == 404
        assert "project" in (await admin.take("changed", topic="project:own/shop"))["about"]
        assert (await api.call(ADMIN, "GET", "/api/orgs/own/projects/shop")).status_code == 404
        placed = (await api.call(OWNER, "GET", "/api/orgs/second/projects/shop")).json()
        notice = Notice(await key_of(api, "second"), placed["id"], About.JOBS)
        for replica, client in ((replicas[0], viewer), (replicas[1], admin)):
            await client.quiet()
            async with replica.open(token) as owner:
                assert (await owner.subscribe("project:second/shop"))["type"] == "subscribed"
                await send_notices(api.app.state.context.redis, [notice])
                assert (await owner.take("changed", topic="project:second/shop"))["about"] == ["jobs"]
            assert [one for one in await client.quiet() if one["about"] != EVERYTHING] == []
        for client in (viewer, admin):
            for topic in ("project:own/shop", "project:second/shop", f"job:{job}"):
                assert (await client.subscribe(topic))["status"] == 404
    async with replicas[0].open(token) as owner:
        assert (await owner.subscribe("project:second/shop"))["type"] == "subscribed"
        assert (await owner.subscribe(f"job:{job}"))["type"] == "subscribed"


async def key_of(api: Any, slug: str) -> Any:
    mine = (await api.call(OWNER, "GET", "/api/me")).json()["organizations"]
    return next(one["id"] for one in mine if one["slug"] == slug)
