"""The SSH server of a project to be: its key made before the test, kept sealed, handed to the project at the end."""

from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from sqlalchemy import select, text, update

from stillroom_core.environments.models import Environment
from stillroom_core.environments.tunnel import key_pair, tunnel_key_of
from stillroom_core.projects.models import Project
from stillroom_core.setups.models import Setup
from stillroom_core.setups.tunnel import tunnel_key_of_setup

OWNER, OTHER = "owner@own.example", "owner@other.example"
SETUPS = "/api/orgs/own/setups"
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
FINGERPRINT = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"
TUNNEL = {
    "host": "bastion.example",
    "port": 2222,
    "user": "stillroom",
    "host_key": f"[bastion.example]:2222 {HOST_KEY}",
}
DATABASE = {"host": "localhost", "database": "billing", "username": "billing", "password": "p"}
FINDINGS = {
    "commit": {"sha": "a" * 40, "ref": "trunk", "author": "Ann", "authored_at": "2026-01-01T00:00:00Z", "subject": "x"},
    "chains": [],
}
FINISH = {"project": {"slug": "billing", "name": "Billing"}, "environment": {"slug": "dev", "name": "Dev"}}
PLACE = {name: TUNNEL[name] for name in ("host", "port", "user")}


async def begin(api: Any) -> str:
    made = await api.call(OWNER, "POST", SETUPS, json={"git_url": "https://git.example/team/billing.git"})
    key = made.json()["id"]
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Setup).where(Setup.id == key).values(findings=FINDINGS, look_state="idle"))
    return f"{SETUPS}/{key}"


async def send(api: Any, setup: str, tunnel: Any, **database: Any) -> Any:
    return await api.call(OWNER, "POST", f"{setup}/test", json={**DATABASE, **database, "tunnel": tunnel})


async def row(api: Any, setup: str) -> Setup:
    async with api.app.state.context.database.everything() as session:
        return await session.get_one(Setup, setup.rpartition("/")[2])


async def environment_of(api: Any) -> Environment:
    async with api.app.state.context.database.everything() as session:
        wanted = select(Environment).join(Project, Project.id == Environment.project_id)
        found: Environment = (await session.scalars(wanted.where(Project.slug == "billing"))).one()
        return found


async def test_a_stranger_and_a_colleague_make_no_key_and_have_nothing_asked(api: Any) -> None:
    setup = await begin(api)
    await api.person("ada@own.example", "own", "admin")
    for path, body in (("key", None), ("host-keys", {"host": "bastion.example"})):
        assert (await api.call(OTHER, "POST", f"{setup}/{path}", json=body)).status_code == 404
        assert (await api.call("ada@own.example", "POST", f"{setup}/{path}", json=body)).status_code == 404
        assert (await api.call(None, "POST", f"{setup}/{path}", json=body)).status_code == 401


async def test_a_key_is_made_before_the_test_and_the_project_signs_in_with_that_very_key(api: Any) -> None:
    setup = await begin(api)
    shown = (await api.call(OWNER, "POST", f"{setup}/key")).json()["tunnel_public_key"]
    assert shown.startswith("ssh-ed25519 AAAA")
    sent = await send(api, setup, TUNNEL)
    assert sent.status_code == 202, sent.text
    assert sent.json()["tunnel"] == {**PLACE, "host_key": HOST_KEY, "fingerprints": [FINGERPRINT]}
    assert sent.json()["tunnel_public_key"] == shown
    private = tunnel_key_of_setup(await row(api, setup))
    assert private.splitlines()[2] not in sent.text
    made = await api.call(OWNER, "POST", f"{setup}/finish", json={**FINISH, "database": "main"})
    assert made.status_code == 201, made.text
    environment = await environment_of(api)
    assert environment.tunnel == {**PLACE, "host_key": HOST_KEY, "public_key": shown}
    own = tunnel_key_of(environment)
    assert key_pair(own)[1] == shown
    # The project has its own copy now, and the key is in clear nowhere.
    assert (await row(api, setup)).tunnel_key_sealed is None
    async with api.app.state.context.database.everything() as session:
        for table in ("setups", "environments", "audit_entries"):
            rows = await session.scalar(text(f"select string_agg(t::text, '|') from {table} t"))
            assert not [text for text in (private, own) if text.splitlines()[2] in rows]


async def test_a_test_without_any_key_is_refused_where_one_is_made(api: Any) -> None:
    setup = await begin(api)
    answer = await send(api, setup, TUNNEL)
    assert (answer.status_code, answer.json()["code"]) == (422, "tunnel_without_key")
    assert [error["field"] for error in answer.json()["errors"]] == ["tunnel.private_key"]
    assert (await row(api, setup)).tunnel is None
    assert (await row(api, setup)).database is None


async def test_what_cannot_work_is_refused_and_what_was_sent_before_stays(api: Any) -> None:
    setup = await begin(api)
    await api.call(OWNER, "POST", f"{setup}/key")
    await send(api, setup, TUNNEL)
    for changes, code in [
        ({"host_key": "none"}, "tunnel_host_key_bad"),
        ({"host": "a,b"}, "bad_host"),
        ({"private_key": "none"}, "tunnel_key_unusable"),
    ]:
        answer = await send(api, setup, {**TUNNEL, **changes}, database="other")
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    kept = (await api.call(OWNER, "GET", setup)).json()
    assert (kept["tunnel"]["host"], kept["database"]["database"]) == ("bastion.example", "billing")


async def test_a_key_that_is_brought_takes_the_place_of_the_one_that_was_made(api: Any) -> None:
    setup = await begin(api)
    first = (await api.call(OWNER, "POST", f"{setup}/key")).json()["tunnel_public_key"]
    own = ed25519.Ed25519PrivateKey.generate()
    openssh = serialization.PrivateFormat.OpenSSH
    pem = own.private_bytes(serialization.Encoding.PEM, openssh, serialization.NoEncryption()).decode()
    sent = (await send(api, setup, {**TUNNEL, "private_key": pem})).json()
    assert sent["tunnel_public_key"] != first
    assert key_pair(tunnel_key_of_setup(await row(api, setup)))[1] == key_pair(pem)[1] == sent["tunnel_public_key"]


async def test_a_database_that_was_tested_directly_gets_no_tunnel_and_this_machine_is_refused_again(api: Any) -> None:
    setup = await begin(api)
    await api.call(OWNER, "POST", f"{setup}/key")
    await send(api, setup, TUNNEL)
    direct = await send(api, setup, None)
    assert (direct.status_code, direct.json()["code"]) == (422, "host_refused")
    assert (await send(api, setup, None, host="db.example")).json()["tunnel"] is None
    made = await api.call(OWNER, "POST", f"{setup}/finish", json={**FINISH, "database": "main"})
    assert made.status_code == 201, made.text
    assert (await environment_of(api)).tunnel is None


async def test_without_a_database_the_project_still_gets_the_ssh_server_and_the_key_that_was_made(api: Any) -> None:
    setup = await begin(api)
    shown = (await api.call(OWNER, "POST", f"{setup}/key")).json()["tunnel_public_key"]
    body = {**FINISH, "environment": {**FINISH["environment"], "tunnel": TUNNEL}}
    made = await api.call(OWNER, "POST", f"{setup}/finish", json=body)
    assert made.status_code == 201, made.text
    environment = await environment_of(api)
    assert environment.tunnel == {**PLACE, "host_key": HOST_KEY, "public_key": shown}


async def test_another_key_takes_back_what_was_found_with_the_former(api: Any) -> None:
    setup = await begin(api)
    await api.call(OWNER, "POST", f"{setup}/key")
    await send(api, setup, TUNNEL)
    made = (await api.call(OWNER, "POST", f"{setup}/key")).json()
    assert (made["test"]["state"], made["server"]) == ("idle", None)
