"""Who may have new commits brought to an environment by themselves, and who sees what became of them."""

from typing import Any

import pytest

from stillroom_core.actors.scope import FOR_TOKENS

OWNER = "owner@own.example"
KEEPER = "keeper@own.example"
PLACE = "/api/orgs/own/projects/shop/environments/dev"


@pytest.fixture
async def shop(api: Any) -> Any:
    await api.person(KEEPER, "own", "member", "admin")
    await api.person("viewer@own.example", "own", "member", "viewer")
    return api


async def switch(api: Any, who: str | None, on: bool, place: str = PLACE) -> Any:
    return await api.call(who, "PATCH", place, json={"auto_upgrade": on})


async def test_a_stranger_neither_sets_the_rule_nor_sees_what_it_did(shop: Any) -> None:
    assert (await shop.call(None, "GET", f"{PLACE}/automatic")).status_code == 401
    assert (await shop.call("owner@other.example", "GET", f"{PLACE}/automatic")).status_code == 404
    assert (await switch(shop, "owner@other.example", on=True)).status_code == 404


async def test_a_viewer_sees_it_and_does_not_set_it(shop: Any) -> None:
    assert (await switch(shop, "viewer@own.example", on=True)).status_code == 403
    seen = await shop.call("viewer@own.example", "GET", f"{PLACE}/automatic")
    assert (seen.status_code, seen.json()) == (200, {"by": None, "items": []})


async def test_whoever_switches_it_on_answers_for_it_until_it_is_switched_off(shop: Any) -> None:
    assert (await switch(shop, KEEPER, on=True)).json()["auto_upgrade"] is True
    name = (await shop.call(KEEPER, "GET", "/api/me")).json()["name"]
    assert (await shop.call(OWNER, "GET", f"{PLACE}/automatic")).json()["by"] == name
    await switch(shop, OWNER, on=True)  # it is on already
    assert (await shop.call(OWNER, "GET", f"{PLACE}/automatic")).json()["by"] == name
    await switch(shop, OWNER, on=False)
    await switch(shop, OWNER, on=True)
    assert (await shop.call(OWNER, "GET", f"{PLACE}/automatic")).json()["by"] != name


async def test_an_api_token_sets_no_rule(shop: Any) -> None:
    wanted = {"name": "ci", "permissions": sorted(FOR_TOKENS), "expires_in_days": 1}
    made = await shop.call(OWNER, "POST", "/api/orgs/own/tokens", json=wanted)
    assert made.status_code == 201, made.text
    header = {"Authorization": f"Bearer {made.json()['token']}"}
    refused = await shop.client.patch(PLACE, json={"auto_upgrade": True}, headers=header)
    assert refused.status_code == 403
    seen = (await shop.call(OWNER, "GET", f"{PLACE.rpartition('/')[0]}")).json()["items"]
    assert [one["auto_upgrade"] for one in seen if one["slug"] == "dev"] == [False]
