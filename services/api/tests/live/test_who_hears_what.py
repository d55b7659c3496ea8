"""Who may open a live connection, who may subscribe to what, and what happens when that changes."""

import json
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, text, update
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from stillroom_api.live import connection, rights
from stillroom_core.members.models import Membership, ProjectMembership, User
from stillroom_core.projects.models import Project
from stillroom_core.tables import now

STRANGER, MEMBER, VIEWER = "owner@other.example", "member@own.example", "viewer@own.example"


async def test_a_stranger_to_the_service_gets_no_connection(replicas: Any, helpers: Any) -> None:
    async with replicas[0].open("made-up") as client:
        assert await client.close_code() == 4401
    origin = replicas[0].url.replace("ws", "http", 1)
    for first in ({"ticket": "made-up"}, {"ticket": 7}, {"subscribe": "organization:own"}, []):
        async with connect(f"{replicas[0].url}/api/live", origin=origin, proxy=None, open_timeout=60) as socket:
            await socket.send(json.dumps(first))
            assert await helpers.client(socket).close_code() == 4401


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
async def test_a_foreign_page_gets_no_connection(replicas: Any, origin: Any) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{replicas[0].url}/api/live", origin=origin, proxy=None, open_timeout=60)
    assert refused.value.response.status_code == 403


async def test_a_page_comes_in_with_a_ticket_once_on_any_replica(api: Any, replicas: Any, helpers: Any) -> None:
    ticket = (await api.call("owner@own.example", "POST", "/api/live/ticket")).json()["ticket"]
    first, second = replicas
    origin = second.url.replace("ws", "http", 1)
    async with connect(f"{second.url}/api/live", origin=origin, proxy=None, open_timeout=60) as socket:
        client = helpers.client(socket)
        await client.send(ticket=ticket)
        await client.take("ready")
        assert (await client.subscribe("organization:own"))["type"] == "subscribed"
    origin = first.url.replace("ws", "http", 1)
    async with connect(f"{first.url}/api/live", origin=origin, proxy=None, open_timeout=60) as socket:
        await socket.send(json.dumps({"ticket": ticket}))
        assert await helpers.client(socket).close_code() == 4401


async def test_an_owner_of_another_organization_hears_nothing_and_learns_nothing(
    api: Any, replicas: Any, job: str, helpers: Any
) -> None:
    async with replicas[0].open(await helpers.token_of(api, STRANGER)) as client:
        absent = f"job:{uuid4()}"
        topics = ["organization:own", "organization:absent", "project:own/shop", "project:own/absent", f"job:{job}"]
        for topic in (*topics, absent, "job:x", "project:", "project:own", "organization:"):
            refused = await client.subscribe(topic)
            assert (refused["type"], refused["status"]) == ("refused", 404), topic
            assert "mine" not in json.dumps(refused)
        assert {**await client.subscribe(f"job:{job}"), "topic": ""} == {**await client.subscribe(absent), "topic": ""}
        assert (await client.subscribe("project:other/shop"))["type"] == "subscribed"
        await helpers.start(api)
        assert await client.quiet() == []


async def test_a_member_without_the_project_hears_of_the_organization_but_not_of_the_project(
    api: Any, replicas: Any, job: str, helpers: Any
) -> None:
    await api.person(MEMBER, "own", "member")
    async with replicas[0].open(await helpers.token_of(api, MEMBER)) as client:
        for topic in ("project:own/shop", f"job:{job}"):
            refused = await client.subscribe(topic)
            assert (refused["type"], refused["status"]) == ("refused", 404)
        assert (await client.subscribe("organization:own"))["type"] == "subscribed"
        async with replicas[0].open(await helpers.token_of(api, "owner@own.example")) as owner:
            await owner.subscribe("organization:own")
            await helpers.start(api)
            await owner.take("changed")
        assert await client.quiet() == []


async def test_a_removed_member_hears_nothing_more_from_that_moment(
    api: Any, replicas: Any, job: str, worker: Any, helpers: Any
) -> None:
    await api.person(VIEWER, "own", "member", "viewer")
    key = await worker.claim(job)
    async with replicas[0].open(await helpers.token_of(api, VIEWER)) as client:
        for topic in ("organization:own", "project:own/shop", f"job:{job}"):
            assert (await client.subscribe(topic))["type"] == "subscribed"
        await worker.tell(key, ("note", {"text": "while allowed"}))
        await client.take("events")
        async with api.app.state.context.database.everything() as session:
            viewer = await session.scalar(select(User.id).where(User.email == VIEWER))
            await session.execute(delete(Membership).where(Membership.user_id == viewer))
        ended = {(await client.take("refused", status=404))["topic"] for _ in range(3)}
        assert ended == {"organization:own", "project:own/shop", f"job:{job}"}
        await client.quiet()  # what was said while it was allowed
        await worker.tell(key, ("note", {"text": "secret"}))
        await helpers.start(api)
        assert await client.quiet() == []
        assert (await client.subscribe(f"job:{job}"))["status"] == 404


async def test_rights_are_looked_at_again_even_when_nobody_says_that_they_changed(
    api: Any, replicas: Any, job: str, helpers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rights._LOOK_EVERY.total_seconds() <= 30
    monkeypatch.setattr(rights, "_LOOK_EVERY", rights._LOOK_EVERY / 100)
    await api.person(VIEWER, "own", "member", "viewer")
    async with replicas[0].open(await helpers.token_of(api, VIEWER)) as client:
        assert (await client.subscribe("project:own/shop"))["type"] == "subscribed"
        assert (await client.subscribe("organization:own"))["type"] == "subscribed"
        async with api.app.state.context.database.everything() as session:
            await session.execute(text("delete from project_memberships"))  # as nobody of ours would: unseen
        assert (await client.take("refused"))["topic"] == "project:own/shop"
        await client.take("changed", topic="organization:own")  # the list of projects is another one now


async def test_a_role_that_is_given_opens_what_was_closed_without_a_new_connection(
    api: Any, replicas: Any, job: str, helpers: Any
) -> None:
    await api.person(MEMBER, "own", "member")
    async with replicas[0].open(await helpers.token_of(api, MEMBER)) as client:
        assert (await client.subscribe("organization:own"))["type"] == "subscribed"
        async with api.app.state.context.database.everything() as session:
            member = await session.scalar(select(User.id).where(User.email == MEMBER))
            project = (await session.scalars(select(Project).where(Project.name == "Shop mine"))).one()
            place = {"organization_id": project.organization_id, "project_id": project.id}
            session.add(ProjectMembership(**place, user_id=member, role="viewer"))
        await client.take("changed", topic="organization:own")
        assert (await client.subscribe("project:own/shop"))["type"] == "subscribed"


async def test_signing_out_closes_the_connection_on_every_replica(api: Any, replicas: Any) -> None:
    answer = await api.client.post(
        "/api/auth/sign-in", json={"email": "owner@own.example", "password": "correct horse battery"}
    )
    token = answer.json()["access_token"]
    async with replicas[0].open(token) as one, replicas[1].open(token) as other:
        await one.take("ready")
        await other.take("ready")
        assert (await api.client.post("/api/auth/sign-out")).status_code == 204
        assert [await one.close_code(), await other.close_code()] == [4401, 4401]


async def test_a_disabled_person_is_out(api: Any, replicas: Any, token: str) -> None:
    async with replicas[0].open(token) as client:
        await client.take("ready")
        async with api.app.state.context.database.everything() as session:
            await session.execute(update(User).where(User.email == "owner@own.example").values(disabled_at=now()))
        assert await client.close_code() == 4401


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", '{"unknown": 1}', '{"subscribe": "job:x", "after": "y"}', "x" * 5000]
)
async def test_what_is_no_message_ends_the_connection(replicas: Any, token: str, text: str) -> None:
    async with replicas[0].open(token) as client:
        await client.socket.send(text)
        assert await client.close_code() == 4400


async def test_bytes_are_no_message(replicas: Any, token: str) -> None:
    async with replicas[0].open(token) as client:
        await client.socket.send(b"{}")
        assert await client.close_code() == 4400


async def test_a_connection_has_so_many_topics_and_no_more(
    replicas: Any, token: str, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connection._MOST_TOPICS <= 100
    monkeypatch.setattr(connection, "_MOST_TOPICS", 2)
    async with replicas[0].open(token) as client:
        for topic in ("organization:own", f"job:{job}", f"job:{job}"):  # the same once more replaces the former
            assert (await client.subscribe(topic))["type"] == "subscribed"
        refused = await client.subscribe("project:own/shop")
        assert (refused["type"], refused["code"]) == ("refused", "too_many_topics")
        await client.send(unsubscribe="organization:own")
        assert (await client.subscribe("project:own/shop"))["type"] == "subscribed"


async def test_an_unknown_topic_is_refused_with_a_word(replicas: Any, token: str) -> None:
    async with replicas[0].open(token) as client:
        refused = await client.subscribe("weather:own")
        assert (refused["status"], refused["code"]) == (422, "unknown_topic")


async def test_an_api_token_hears_within_its_bounds_until_it_is_revoked(
    api: Any, replicas: Any, job: str, helpers: Any
) -> None:
    new = {"slug": "till", "name": "Till", "git_url": "https://git.example/till.git"}
    assert (await api.call("owner@own.example", "POST", "/api/orgs/own/projects", json=new)).status_code == 201
    wanted = {"name": "CI", "permissions": ["project.read", "job.read"], "expires_in_days": 1, "projects": ["till"]}
    made = (await api.call("owner@own.example", "POST", "/api/orgs/own/tokens", json=wanted)).json()
    async with replicas[0].open(made["token"]) as client:
        for topic in ("project:own/shop", f"job:{job}", "project:other/shop"):
            refused = await client.subscribe(topic)
            assert (refused["type"], refused["status"]) == ("refused", 404), topic
        assert (await client.subscribe("project:own/till"))["type"] == "subscribed"
        ended = await api.call("owner@own.example", "DELETE", f"/api/orgs/own/tokens/{made['id']}")
        assert ended.is_success
        assert await client.close_code() == 4401
