"""Open pages of who lacks a demanded second factor end at once."""

from typing import Any

from sqlalchemy import update

from stillroom_core.members.models import User
from stillroom_core.tables import now

OWNER = "owner@own.example"
ADMIN = "admin@own.example"


async def test_whoever_lacks_it_hears_nothing_more_from_the_moment_that_it_is_demanded(
    api: Any, replicas: Any, token: str, job: str, helpers: Any
) -> None:
    await api.person(ADMIN, "own", "admin")
    async with replicas[0].open(await helpers.token_of(api, ADMIN)) as client:
        for topic in ("organization:own", "project:own/shop", f"job:{job}"):
            assert (await client.subscribe(topic))["type"] == "subscribed"
        await client.quiet()
        async with api.app.state.context.database.everything() as session:
            await session.execute(update(User).where(User.email == OWNER).values(totp_enabled_at=now()))
        answer = await api.call(OWNER, "PUT", "/api/orgs/own/second-factor", json={"demanded": True})
        assert answer.status_code == 200, answer.text
        ended = {(await client.take("refused", status=404))["topic"] for _ in range(3)}
        assert ended == {"organization:own", "project:own/shop", f"job:{job}"}
        assert (await client.subscribe("organization:own"))["status"] == 404
