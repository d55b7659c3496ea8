"""The page that explains: why somebody may, why not, and what would help."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

PERSON = "operator@own.example"


@pytest.fixture
async def shop(api: Any) -> Any:
    """An operator of the project, which has a protected environment beside dev."""
    await api.person(PERSON, "own", "member", "operator")
    made = {"slug": "prod", "name": "Prod", "protected": True}
    await api.call("owner@own.example", "POST", "/api/orgs/own/projects/shop/environments", json=made)
    return api


async def rights(api: Any, who: str | None, **query: str) -> Any:
    answer = await api.call(who, "GET", "/api/orgs/own/rights", params=query)
    return answer, {item["permission"]: item for item in answer.json().get("items", [])}


async def test_a_stranger_learns_nothing(shop: Any) -> None:
    assert (await rights(shop, None))[0].status_code == 401
    assert (await rights(shop, "owner@other.example"))[0].status_code == 404


async def test_a_right_names_the_role_that_gives_it(shop: Any) -> None:
    _, found = await rights(shop, PERSON, project="shop", environment="dev")
    assert found["job.upgrade"]["allowed"] is True
    assert found["job.upgrade"]["because"] == [{"level": "project", "role": "operator", "group": None}]
    assert found["organization.read"]["because"] == [{"level": "organization", "role": "member", "group": None}]


async def test_a_missing_right_names_what_would_give_it_and_that_the_environment_is_protected(shop: Any) -> None:
    _, found = await rights(shop, PERSON, project="shop", environment="prod")
    upgrade = found["job.upgrade"]
    assert (upgrade["allowed"], upgrade["protected"]) == (False, True)
    assert {"level": "project", "role": "maintainer", "group": None} in upgrade["would_give"]
    assert {"level": "project", "role": "operator", "group": None} not in upgrade["would_give"]
    assert found["project.update"]["protected"] is False


async def test_the_refusal_on_a_protected_environment_says_that_it_is_protected(shop: Any) -> None:
    place = f"/api/orgs/own/projects/shop/environments/prod/databases/{uuid4()}"
    answer = await shop.call(PERSON, "POST", f"{place}/query", json={"sql": "select 1"})
    assert answer.status_code == 403
    assert answer.json()["params"] == {"permission": "sql.read", "environment": "prod"}
    assert "protected" in answer.json()["detail"]


async def test_a_manager_asks_about_a_member_and_not_about_people_of_elsewhere(shop: Any) -> None:
    me = (await shop.call(PERSON, "GET", "/api/me")).json()["id"]
    foreign = (await shop.call("owner@other.example", "GET", "/api/me")).json()["id"]
    _, found = await rights(shop, "owner@own.example", person=me, project="shop")
    assert found["job.downgrade"]["allowed"] is False
    answer, _ = await rights(shop, "owner@own.example", person=foreign)
    assert answer.status_code == 404


async def everywhere(shop: Any) -> None:
    """Roles of every kind for the operator: in the project, in an environment, in groups for the one and the other."""
    places = "/api/orgs/own/projects/shop"
    me = (await shop.call(PERSON, "GET", "/api/me")).json()["id"]
    own = {"role": "maintainer", "environment": "prod"}
    await shop.call("owner@own.example", "PUT", f"{places}/members/{me}", json=own)
    for name, given in (("Zoo", {"role": "viewer"}), ("Ark", {"role": "admin", "environment": "dev"})):
        made = await shop.call("owner@own.example", "POST", "/api/orgs/own/groups", json={"name": name})
        group = made.json()["id"]
        await shop.call("owner@own.example", "PUT", f"/api/orgs/own/groups/{group}/members/{me}")
        answer = await shop.call("owner@own.example", "PUT", f"{places}/groups/{group}", json=given)
        assert answer.status_code == 204, answer.text


async def test_roles_of_every_kind_add_to_each_other_and_ones_own_are_told_first(shop: Any) -> None:
    await everywhere(shop)
    _, found = await rights(shop, PERSON, project="shop", environment="prod")
    assert found["project.read"]["because"] == [
        {"level": "project", "role": "operator", "group": None},
        {"level": "environment", "role": "maintainer", "group": None},
        {"level": "environment", "role": "admin", "group": "Ark"},
        {"level": "project", "role": "viewer", "group": "Zoo"},
    ]
    assert found["job.upgrade"]["because"] == [{"level": "environment", "role": "maintainer", "group": None}]
    assert len((await shop.call(PERSON, "GET", "/api/me")).json()["organizations"]) == 1


async def test_who_asks_and_what_they_may_do_is_one_statement_each_whatever_their_roles(shop: Any) -> None:
    async def asked() -> list[str]:
        statements: list[str] = []
        engine = shop.app.state.context.database.engine.sync_engine

        def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            statements.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            assert (await shop.call(PERSON, "GET", "/api/orgs/own/projects")).status_code == 200
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return statements

    await shop.sign_in(PERSON)
    few = await asked()
    await everywhere(shop)
    person, door, theirs, narrowed, *about = await asked()
    assert few == [person, door, theirs, narrowed, *about]
    assert "FROM users" in person
    assert "FROM refresh_tokens" in person
    assert all(table in theirs for table in ("memberships", "project_memberships", "environment_memberships", "groups"))
    assert door == narrowed
    assert "set_config" in door
    assert not [one for one in about if "memberships" in one or "set_config" in one]
