"""An environment's SSH server: taken with its key, shown without it, and refused where it could not work."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from sqlalchemy import select, text

from stillroom_core.audit.models import AuditEntry
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.environments.tunnel import tunnel_key_of

OWNER, OTHER = "owner@own.example", "owner@other.example"
DEV = "/api/orgs/own/projects/shop/environments/dev"
# Published by GitHub, with its fingerprint.
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
FINGERPRINT = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"
TUNNEL = {"host": "bastion.example", "port": 2222, "user": "stillroom", "host_key": HOST_KEY}


def pem(key: Any, form: str = "OpenSSH") -> str:
    shape = getattr(serialization.PrivateFormat, form)
    return str(key.private_bytes(serialization.Encoding.PEM, shape, serialization.NoEncryption()).decode())


async def give(api: Any, **changes: Any) -> Any:
    return await api.call(OWNER, "PATCH", DEV, json={"tunnel": {**TUNNEL, **changes}})


async def stored(api: Any) -> Environment:
    async with api.app.state.context.database.everything() as session:
        wanted = select(Environment).where(Environment.slug == "dev", Environment.tunnel.is_not(None))
        row: Environment = (await session.scalars(wanted)).one()
        return row


async def test_a_stranger_gives_an_environment_no_tunnel(api: Any) -> None:
    body = {"tunnel": TUNNEL}
    assert (await api.call(OTHER, "PATCH", DEV, json=body)).status_code == 404
    assert (await api.call(None, "PATCH", DEV, json=body)).status_code == 401


async def test_without_a_key_one_is_made_and_only_its_public_half_is_shown(api: Any) -> None:
    answer = await give(api)
    assert answer.status_code == 200, answer.text
    shown = answer.json()["tunnel"]
    assert shown["public_key"].startswith("ssh-ed25519 AAAA")
    assert shown["fingerprints"] == [FINGERPRINT]
    row = await stored(api)
    key = tunnel_key_of(row)
    assert serialization.load_ssh_private_key(key.encode(), None)
    for line in key.splitlines()[1:-1]:
        assert line not in answer.text
    async with api.app.state.context.database.everything() as session:
        for table in ("environments", "audit_entries"):
            rows = await session.scalar(text(f"select string_agg(t::text, '|') from {table} t"))
            assert key.splitlines()[2] not in rows
        # Of this organization: each counts its own entries, and those of deleted ones stay.
        of_own = (AuditEntry.organization_id == row.organization_id, AuditEntry.action == "environment.change")
        entry = (await session.scalars(select(AuditEntry).where(*of_own))).one()
    assert entry.after["environment dev"]["tunnel"]["host"] == "bastion.example"
    assert entry.after["environment dev"]["tunnel_key_sealed"] == "set"


@pytest.mark.parametrize(
    "text_of",
    [
        lambda: pem(ed25519.Ed25519PrivateKey.generate()),
        lambda: pem(ed25519.Ed25519PrivateKey.generate(), form="PKCS8").replace("\n", "\r\n"),
        lambda: "  " + pem(rsa.generate_private_key(65537, 2048), form="TraditionalOpenSSL").rstrip(),
    ],
    ids=["openssh", "pkcs8", "rsa"],
)
async def test_a_key_is_taken_in_whatever_form_it_was_pasted(api: Any, text_of: Any) -> None:
    answer = await give(api, private_key=text_of())
    assert answer.status_code == 200, answer.text
    assert tunnel_key_of(await stored(api)).startswith("-----BEGIN OPENSSH PRIVATE KEY-----")


async def test_a_stored_key_is_kept_until_another_comes(api: Any) -> None:
    first = (await give(api)).json()["tunnel"]["public_key"]
    moved = (await give(api, host="other.example")).json()["tunnel"]
    assert (moved["host"], moved["public_key"]) == ("other.example", first)
    own = pem(ed25519.Ed25519PrivateKey.generate())
    assert (await give(api, private_key=own)).json()["tunnel"]["public_key"] != first


async def test_a_tunnel_that_is_taken_away_takes_its_key_along(api: Any) -> None:
    await give(api)
    key = (await stored(api)).id
    assert (await api.call(OWNER, "PATCH", DEV, json={"tunnel": None})).json()["tunnel"] is None
    async with api.app.state.context.database.everything() as session:
        row = await session.get_one(Environment, key)
    assert (row.tunnel, row.tunnel_key_sealed) == (None, None)


EC = pem(ec.generate_private_key(ec.SECP256R1()))
UNUSABLE = [
    ({"private_key": "no key"}, "tunnel_key_unusable", "tunnel.private_key"),
    ({"private_key": EC}, "tunnel_key_unusable", "tunnel.private_key"),
    ({"private_key": pem(rsa.generate_private_key(65537, 1024))}, "tunnel_key_unusable", "tunnel.private_key"),  # noqa: S505
    ({"host_key": ""}, "tunnel_host_key_bad", "tunnel.host_key"),
    ({"host_key": "ssh-ed25519"}, "tunnel_host_key_bad", "tunnel.host_key"),
    ({"host_key": "ssh-ed25519 !!!"}, "tunnel_host_key_bad", "tunnel.host_key"),
    ({"host_key": HOST_KEY.replace("ssh-ed25519", "ssh-rsa")}, "tunnel_host_key_bad", "tunnel.host_key"),
    ({"host": "-oProxyCommand=x"}, "bad_host", "tunnel.host"),
    ({"host": "a,b"}, "bad_host", "tunnel.host"),
]


@pytest.mark.parametrize(("changes", "code", "field"), UNUSABLE)
async def test_what_cannot_work_is_refused_where_it_was_typed(api: Any, changes: Any, code: str, field: str) -> None:
    answer = await give(api, **changes)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("form", ["RFC4716", "PKCS8"])
async def test_a_key_with_a_passphrase_is_refused_with_what_to_do(api: Any, form: str, tmp_path: Path) -> None:
    made = ["ssh-keygen", "-q", "-t", "rsa", "-m", form, "-N", "secret", "-f", str(tmp_path / "key")]
    subprocess.run(made, check=True)
    answer = await give(api, private_key=(tmp_path / "key").read_text())
    assert (answer.status_code, answer.json()["code"]) == (422, "tunnel_key_encrypted")
    assert "ssh-keygen -p" in answer.json()["fix"]


async def test_a_user_that_would_be_an_option_is_refused(api: Any) -> None:
    assert (await give(api, user="-oProxyCommand=x")).status_code == 422


@pytest.mark.parametrize(
    "given",
    [
        f"# bastion.example:2222 SSH-2.0-OpenSSH_9.2\n[bastion.example]:2222 {HOST_KEY}\n",
        f"{HOST_KEY} root@bastion\r\n",
        f"\n{HOST_KEY}\n{HOST_KEY}\n",
    ],
)
async def test_a_host_key_is_taken_from_keyscan_a_public_file_or_twice(api: Any, given: str) -> None:
    assert (await give(api, host_key=given)).json()["tunnel"]["host_key"] == HOST_KEY


async def test_another_way_has_the_databases_read_again_and_the_same_way_has_not(api: Any) -> None:
    async def waiting() -> set[str]:
        async with api.app.state.context.database.everything() as session:
            row = (await stored(api)).id
            found = await session.scalars(select(Database.read_state).where(Database.environment_id == row))
            return set(found)

    async def settle() -> None:
        async with api.app.state.context.database.everything() as session:
            await session.execute(text("update databases set read_state = 'idle'"))

    await give(api)
    assert await waiting() == {"waiting"}
    await settle()
    await give(api)
    assert await waiting() == {"idle"}


async def test_behind_a_tunnel_a_database_may_be_called_localhost(api: Any) -> None:
    place = {"name": "behind", "host": "localhost", "database": "shop", "username": "shop"}
    await give(api)
    assert (await api.call(OWNER, "POST", f"{DEV}/databases", json=place)).status_code == 201
