"""A database's client certificate: taken with its key, shown without it, and refused where it could not work."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select, text

from stillroom_core.databases.client_certificate import client_key_of
from stillroom_core.databases.models import Database
from stillroom_testing.certificates import Authority, key_pem

OWNER, OTHER = "owner@own.example", "owner@other.example"
PLACES = "/api/orgs/own/projects/shop/environments/dev/databases"
NEW = {"name": "new", "host": "db2.example", "database": "shop", "username": "shop", "sslmode": "verify-full"}


@pytest.fixture(scope="module")
def pair() -> dict[str, str]:
    return pair_of(*Authority().issue("shop"))


def pair_of(certificate: str, key: str) -> dict[str, str]:
    return {"client_certificate": certificate, "client_key": key}


async def stored(api: Any) -> Database:
    async with api.app.state.context.database.everything() as session:
        found = await session.scalars(select(Database).where(Database.name == "new"))
        row: Database = found.one()
        return row


async def test_a_stranger_gives_a_database_no_certificate(api: Any, pair: dict[str, str]) -> None:
    made = (await api.call(OWNER, "POST", PLACES, json=NEW)).json()
    for method, path, body in (("POST", PLACES, {**NEW, **pair}), ("PATCH", f"{PLACES}/{made['id']}", pair)):
        assert (await api.call(OTHER, method, path, json=body)).status_code == 404
        assert (await api.call(None, method, path, json=body)).status_code == 401
    assert (await stored(api)).client_certificate is None


async def test_a_certificate_is_taken_with_its_key_and_shown_without_it(api: Any, pair: dict[str, str]) -> None:
    answer = await api.call(OWNER, "POST", PLACES, json={**NEW, **pair})
    assert answer.status_code == 201, answer.text
    shown = answer.json()["client_certificate"]
    assert shown["subject"] == "CN=shop"
    row = await stored(api)
    assert row.client_certificate_expires_at is not None
    assert client_key_of(row) == pair["client_key"]
    secret = pair["client_key"].splitlines()[1]
    assert secret not in answer.text
    async with api.app.state.context.database.everything() as session:
        for table in ("databases", "audit_entries"):
            rows = await session.scalar(text(f"select string_agg(t::text, '|') from {table} t"))
            assert secret not in rows


async def test_a_renewed_certificate_may_come_without_the_key_that_it_keeps(api: Any) -> None:
    authority = Authority()
    certificate, key = authority.issue("shop", ends_h=5)
    made = await api.call(OWNER, "POST", PLACES, json={**NEW, **pair_of(certificate, key)})
    first = made.json()["client_certificate"]["expires_at"]
    again = await api.call(OWNER, "PATCH", f"{PLACES}/{made.json()['id']}", json={"client_certificate": certificate})
    assert (again.status_code, again.json()["client_certificate"]["expires_at"]) == (200, first)
    other = {"client_certificate": authority.issue("shop")[0]}
    refused = await api.call(OWNER, "PATCH", f"{PLACES}/{made.json()['id']}", json=other)
    assert (refused.status_code, refused.json()["code"]) == (422, "client_key_other")


async def test_a_certificate_that_is_taken_away_takes_its_key_along(api: Any, pair: dict[str, str]) -> None:
    made = (await api.call(OWNER, "POST", PLACES, json={**NEW, **pair})).json()
    answer = await api.call(OWNER, "PATCH", f"{PLACES}/{made['id']}", json={"client_certificate": None})
    assert answer.json()["client_certificate"] is None
    row = await stored(api)
    assert (row.client_key_sealed, row.client_certificate_expires_at) == (None, None)


CERTIFICATE, KEY = Authority().issue("shop")
UNUSABLE = {
    "client_certificate_bad": pair_of("no certificate", KEY),
    "client_certificate_expired": pair_of(*Authority().issue("shop", begins_h=-3, ends_h=-1)),
    "client_certificate_early": pair_of(*Authority().issue("shop", begins_h=1)),
    "client_key_missing": {"client_certificate": CERTIFICATE},
    "client_key_bad": pair_of(CERTIFICATE, "no key"),
    "client_key_encrypted": pair_of(CERTIFICATE, key_pem(ec.generate_private_key(ec.SECP256R1()), b"passphrase")),
    "client_key_other": pair_of(CERTIFICATE, key_pem(ec.generate_private_key(ec.SECP256R1()))),
    "client_certificate_in_clear": {**pair_of(CERTIFICATE, KEY), "sslmode": "prefer"},
}


@pytest.mark.parametrize("code", UNUSABLE)
async def test_what_could_not_work_is_refused_with_the_fix_and_nothing_is_made(api: Any, code: str) -> None:
    answer = await api.call(OWNER, "POST", PLACES, json={**NEW, **UNUSABLE[code]})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["fix"]
    assert KEY.splitlines()[1] not in answer.text
    async with api.app.state.context.database.everything() as session:
        assert (await session.scalars(select(Database.name).where(Database.name == "new"))).all() == []


async def test_a_mode_without_tls_is_refused_while_a_certificate_is_stored(api: Any, pair: dict[str, str]) -> None:
    made = (await api.call(OWNER, "POST", PLACES, json={**NEW, **pair})).json()
    answer = await api.call(OWNER, "PATCH", f"{PLACES}/{made['id']}", json={"sslmode": "disable"})
    assert (answer.status_code, answer.json()["code"]) == (422, "client_certificate_in_clear")
    assert (await stored(api)).sslmode == "verify-full"
