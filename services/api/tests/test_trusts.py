"""Pipelines that keep no secret: their own system's identity token is exchanged, once, for a token of minutes."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from sqlalchemy import func, select, update

from stillroom_core.members.models import Membership, User
from stillroom_core.settings import get_settings
from stillroom_core.tables import now
from stillroom_core.tokens.models import ApiToken
from stillroom_core.trusts.claims import matches
from stillroom_core.trusts.exchange import forget_exchanged
from stillroom_core.trusts.keys import AGAIN, FRESH, OUTAGE
from stillroom_core.trusts.models import Trust
from stillroom_testing.commits import add_commit
from stillroom_testing.identity_issuer import AUDIENCE, Issuer, issuing

OWNER = "owner@own.example"
TRUSTS = "/api/orgs/own/trusts"
EXCHANGE = "/api/auth/exchange"
REFUSAL = "identity_refused"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as made:
        yield made


@pytest.fixture
async def shop(api: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`own/shop` with a commit and the service account `pipeline`, operator there; this machine may be reached."""
    monkeypatch.setattr(get_settings(), "allowed_networks", "127.0.0.0/8")
    await add_commit(api.app.state.context.database, "own", {"aaa1": ()})
    roles = [{"project": "shop", "role": "operator"}]
    made = await api.call(OWNER, "POST", "/api/orgs/own/service-accounts", json={"name": "pipeline", "roles": roles})
    api.account = made.json()["id"]
    return api


def content(shop: Any, by: Issuer, **changes: Any) -> dict[str, Any]:
    return {
        "name": "GitHub",
        "account": shop.account,
        "issuer": by.url,
        "audience": AUDIENCE,
        "claims": [{"name": "repository", "pattern": "acme/shop"}, {"name": "ref", "pattern": "refs/heads/*"}],
        "permissions": ["job.upgrade", "job.read"],
        "projects": ["shop"],
        "environments": ["dev"],
        "life_minutes": 15,
        **changes,
    }


async def trust(shop: Any, issuer: Issuer, **changes: Any) -> dict[str, Any]:
    answer = await shop.call(OWNER, "POST", TRUSTS, json=content(shop, issuer, **changes))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def exchange(shop: Any, made: dict[str, Any] | str, token: str) -> httpx.Response:
    key = made if isinstance(made, str) else made["id"]
    answer: httpx.Response = await shop.client.post(EXCHANGE, json={"trust": key, "token": token})
    return answer


async def use(shop: Any, answer: httpx.Response, method: str, path: str, **more: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    found: httpx.Response = await shop.client.request(method, path, headers=headers, **more)
    return found


async def later(shop: Any, by: timedelta) -> None:
    """As if so much time had passed since the keys were fetched."""
    async with shop.app.state.context.database.everything() as session:
        ago = {"jwks_fetched_at": Trust.jwks_fetched_at - by, "jwks_asked_at": Trust.jwks_asked_at - by}
        await session.execute(update(Trust).values(**ago))


async def test_a_stranger_sees_no_trust_and_cannot_end_one(shop: Any, issuer: Issuer) -> None:
    made = await trust(shop, issuer)
    for method, path in (("GET", ""), ("DELETE", f"/{made['id']}")):
        assert (await shop.call(None, method, TRUSTS + path)).status_code == 401
        assert (await shop.call("owner@other.example", method, TRUSTS + path)).status_code == 404
    foreign = f"/api/orgs/other/trusts/{made['id']}"
    assert (await shop.call("owner@other.example", "DELETE", foreign)).status_code == 404
    assert len((await shop.call(OWNER, "GET", TRUSTS)).json()["items"]) == 1


async def test_a_pipeline_with_the_right_claims_gets_a_token_for_what_the_trust_allows(
    shop: Any, issuer: Issuer
) -> None:
    made = await trust(shop, issuer)
    answer = await exchange(shop, made, issuer.token())
    assert answer.status_code == 200, answer.text
    assert 14 * 60 < answer.json()["expires_in"] <= 15 * 60
    assert answer.json()["access_token"].startswith("stillroom_svc_")
    job = await use(shop, answer, "POST", "/api/migrations/upgrade", json={"revision": "head"})
    assert job.status_code == 202
    assert job.json()["actor"] == {"name": "pipeline", "token": "GitHub · 4711"}
    for path in (TRUSTS, "/api/orgs/own/tokens", "/api/orgs/own/audit", "/api/orgs/other/projects"):
        assert (await use(shop, answer, "GET", path)).status_code in (403, 404)
    log = (await shop.call(OWNER, "GET", "/api/orgs/own/audit/export", params={"form": "jsonl"})).text
    entry = next(json.loads(line) for line in log.splitlines() if '"token.exchange"' in line)
    assert (entry["actor_name"], entry["after"]["trust"]) == ("pipeline", "GitHub")
    assert entry["after"]["claims"]["repository"] == "acme/shop"
    assert answer.json()["access_token"] not in log
    # It is none of those that people keep.
    assert (await shop.call(OWNER, "GET", "/api/orgs/own/tokens")).json()["items"] == []


async def test_an_identity_token_counts_once(shop: Any, issuer: Issuer) -> None:
    made = await trust(shop, issuer)
    for token in (issuer.token(), issuer.token(jti=None)):
        assert (await exchange(shop, made, token)).status_code == 200
        again = await exchange(shop, made, token)
        assert (again.status_code, again.json()["code"]) == (401, REFUSAL)


@pytest.mark.parametrize(
    "changes",
    [
        {"repository": "mallory/shop"},
        {"repository": "acme/shop2"},
        {"repository": None},
        {"repository": ["acme/shop"]},
        {"ref": "refs/tags/v1"},
        {"aud": "https://elsewhere.example"},
        {"aud": None},
        {"iss": "https://token.actions.githubusercontent.com"},
        {"iss": None},
        {"sub": None},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"iat": None},
        {"iat": 4_000_000_000, "exp": 4_000_000_300},
        {"nbf": 4_000_000_000},
        {"exp": 4_000_000_000},
    ],
    ids=lambda changes: "-".join(f"{name}={value}" for name, value in changes.items()),
)
async def test_a_token_that_is_not_wholly_right_is_refused_in_the_same_words(
    shop: Any, issuer: Issuer, changes: dict[str, Any]
) -> None:
    made = await trust(shop, issuer)
    answer = await exchange(shop, made, issuer.token(**changes))
    stranger = await exchange(shop, "00000000-0000-7000-8000-000000000000", issuer.token())
    assert answer.status_code == stranger.status_code == 401
    differing = {"instance", "request_id"}
    told = [{k: v for k, v in one.json().items() if k not in differing} for one in (answer, stranger)]
    assert told[0] == told[1] and told[0]["code"] == REFUSAL
    async with shop.app.state.context.database.everything() as session:
        assert await session.scalar(select(func.count()).select_from(ApiToken)) == 0


def unsigned(issuer: Issuer, header: dict[str, Any], key: bytes = b"") -> str:
    parts = [json.dumps(part).encode() for part in (header, issuer.claims())]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mark = base64.urlsafe_b64encode(hmac.digest(key, text, hashlib.sha256)).rstrip(b"=") if key else b""
    return (text + b"." + mark).decode()


async def test_no_algorithm_but_the_keys_own_is_taken(shop: Any, issuer: Issuer) -> None:
    made = await trust(shop, issuer)
    kid = next(iter(issuer.keys))
    for token in (
        unsigned(issuer, {"alg": "none", "kid": kid}),
        unsigned(issuer, {"alg": "HS256", "kid": kid}, issuer.public_pem(kid)),
        unsigned(issuer, {"alg": "HS256", "kid": kid, "jwk": {"kty": "oct", "k": "AA"}}, b"\0"),
        issuer.token(algorithm="RS256")[:-4] + "AAAA",
        unsigned(issuer, {"alg": ["RS256"], "kid": kid}),
        unsigned(issuer, {"alg": "RS256"}),
        jwt.encode(issuer.claims(), rsa.generate_private_key(65537, 2048), "RS256", headers={"kid": kid}),
        jwt.encode(issuer.claims(), issuer.keys[kid], "RS256", headers={"kid": "other", "jku": f"{issuer.url}/evil"}),
        "not.a.token",
        "a" * 16_000,
    ):
        answer = await exchange(shop, made, token)
        assert (answer.status_code, answer.json()["code"]) == (401, REFUSAL), token[:80]
    assert "/evil" not in issuer.requests


async def test_small_keys_are_not_believed_and_elliptic_ones_are(shop: Any, issuer: Issuer) -> None:
    small = issuer.rotate(rsa.generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505
    curve = issuer.rotate(ec.generate_private_key(ec.SECP256R1()))
    made = await trust(shop, issuer)
    assert (await exchange(shop, made, issuer.token(kid=curve))).status_code == 200
    assert (await exchange(shop, made, issuer.token(kid=small))).status_code == 401


async def test_keys_are_fetched_once_and_a_new_one_is_found_but_not_asked_for_at_every_try(
    shop: Any, issuer: Issuer
) -> None:
    made = await trust(shop, issuer)
    for _ in range(3):
        assert (await exchange(shop, made, issuer.token())).status_code == 200
    assert issuer.requests == ["/.well-known/openid-configuration", "/keys"]
    old = next(iter(issuer.keys))
    new = issuer.rotate()
    for _ in range(3):
        assert (await exchange(shop, made, issuer.token(kid=new))).status_code == 401
    assert len(issuer.requests) == 2
    await later(shop, AGAIN * 2)
    assert (await exchange(shop, made, issuer.token(kid=new))).status_code == 200
    assert len(issuer.requests) == 4
    # A key that was withdrawn is believed no longer than an hour.
    former = issuer.token(kid=old)
    issuer.withdraw(old)
    await later(shop, FRESH * 2)
    assert (await exchange(shop, made, former)).status_code == 401


async def test_an_issuer_that_is_away_for_a_while_stops_nobody(shop: Any, issuer: Issuer) -> None:
    made = await trust(shop, issuer)
    assert (await exchange(shop, made, issuer.token())).status_code == 200
    issuer.away = True
    await later(shop, FRESH * 2)
    assert (await exchange(shop, made, issuer.token())).status_code == 200
    await later(shop, OUTAGE * 2)
    assert (await exchange(shop, made, issuer.token())).status_code == 401


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/.well-known/openid-configuration", b'{"issuer": "https://other.example", "jwks_uri": "x"}'),
        ("/.well-known/openid-configuration", b"x" * 70_000),
        ("/.well-known/openid-configuration", b"[" * 50_000),
        ("/keys", b" " * 300_000),
        ("/keys", b'{"keys": 7}'),
        ("/keys", b'{"keys": [7, {}, {"kty": "oct", "kid": "x", "k": "AA"}]}'),
    ],
)
async def test_documents_that_are_wrong_or_without_end_are_refused(
    shop: Any, issuer: Issuer, path: str, document: bytes
) -> None:
    made = await trust(shop, issuer)
    issuer.says[path] = document
    assert (await exchange(shop, made, issuer.token())).status_code == 401


async def test_discovery_cannot_lead_to_a_private_address(
    shop: Any, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await trust(shop, issuer)
    with issuing() as inside:
        # The issuer may be reached; the keys would lie elsewhere in the operator's network.
        discovery = {"issuer": issuer.url, "jwks_uri": inside.url.replace("127.0.0.1", "127.0.0.2") + "/keys"}
        issuer.says["/.well-known/openid-configuration"] = json.dumps(discovery).encode()
        monkeypatch.setattr(get_settings(), "allowed_networks", "127.0.0.1/32")
        assert (await exchange(shop, made, issuer.token())).status_code == 401
        assert inside.requests == []


async def test_the_token_ends_with_its_time_its_trust_and_its_account(shop: Any, issuer: Issuer) -> None:
    made = await trust(shop, issuer)
    answers = [await exchange(shop, made, issuer.token()) for _ in range(3)]
    project = "/api/orgs/own/projects/shop"
    assert [(await use(shop, one, "GET", project)).status_code for one in answers] == [200] * 3
    database = shop.app.state.context.database
    async with database.everything() as session:
        first = await session.scalar(select(ApiToken).order_by(ApiToken.id).limit(1))
        first.expires_at = now() - timedelta(seconds=1)
    assert (await use(shop, answers[0], "GET", project)).status_code == 401
    # What the account may not do any more, its tokens may not do.
    async with database.everything() as session:
        await session.execute(update(User).where(User.kind == "service").values(disabled_at=now()))
    assert (await use(shop, answers[1], "GET", project)).status_code == 401
    assert (await exchange(shop, made, issuer.token())).status_code == 401
    async with database.everything() as session:
        await session.execute(update(User).where(User.kind == "service").values(disabled_at=None))
    assert (await shop.call(OWNER, "DELETE", f"{TRUSTS}/{made['id']}")).status_code == 204
    assert (await use(shop, answers[2], "GET", project)).status_code == 401
    assert (await exchange(shop, made, issuer.token())).status_code == 401


async def test_a_trust_reaches_no_further_than_whoever_makes_it(shop: Any, issuer: Issuer) -> None:
    foreign = (await shop.call("owner@other.example", "GET", "/api/orgs/other/projects")).json()["items"][0]["id"]
    person = (await shop.call(OWNER, "GET", "/api/me")).json()["id"]
    for changes, status in (
        ({"projects": [foreign]}, 404),
        ({"account": person}, 404),
        ({"permissions": ["job.approve"]}, 422),
        ({"permissions": ["secret.write"]}, 422),
        ({"life_minutes": 61}, 422),
        ({"issuer": "https://127.0.0.1:1@evil.example"}, 422),
        ({"claims": []}, 422),
        ({"claims": [{"name": "repository", "pattern": "*"}]}, 422),
        ({"claims": [{"name": "jti", "pattern": "x"}]}, 422),
        ({"claims": [{"name": "a b", "pattern": "x"}]}, 422),
        ({"claims": [{"name": "ref", "pattern": "x"}] * 2}, 422),
    ):
        answer = await shop.call(OWNER, "POST", TRUSTS, json=content(shop, issuer, **changes))
        assert answer.status_code == status, (changes, answer.text)


async def test_another_issuer_forgets_the_keys_of_the_former(shop: Any, issuer: Issuer) -> None:
    made = await trust(shop, issuer)
    assert (await exchange(shop, made, issuer.token())).status_code == 200
    with issuing() as other:
        changed = await shop.call(OWNER, "PUT", f"{TRUSTS}/{made['id']}", json=content(shop, other, name="GitLab"))
        assert (changed.status_code, changed.json()["name"]) == (200, "GitLab")
        assert (await exchange(shop, made, issuer.token())).status_code == 401
        assert (await exchange(shop, made, issuer.token(iss=other.url))).status_code == 401
        await later(shop, AGAIN * 2)
        assert (await exchange(shop, made, other.token())).status_code == 200


async def test_exchanged_tokens_are_forgotten_two_days_after_their_end(shop: Any, issuer: Issuer) -> None:
    made = await trust(shop, issuer)
    await exchange(shop, made, issuer.token())
    database = shop.app.state.context.database
    for age, left in ((timedelta(days=1), 1), (timedelta(days=3), 0)):
        async with database.everything() as session:
            await session.execute(update(ApiToken).values(expires_at=now() - age))
            await forget_exchanged(session)
            assert await session.scalar(select(func.count()).select_from(ApiToken)) == left


async def test_removing_the_account_removes_its_trusts(shop: Any, issuer: Issuer) -> None:
    await trust(shop, issuer)
    await shop.call(OWNER, "DELETE", f"/api/orgs/own/service-accounts/{shop.account}")
    assert (await shop.call(OWNER, "GET", TRUSTS)).json()["items"] == []
    async with shop.app.state.context.database.everything() as session:
        assert await session.scalar(select(func.count()).select_from(Membership)) == 2


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("acme/shop", "acme/shop", True),
        ("acme/*", "acme/shop", True),
        ("acme/*", "acme-evil/shop", False),
        ("*", "", True),
        ("repo:acme/*:ref:refs/heads/*", "repo:acme/shop:ref:refs/heads/main", True),
        ("a*a", "a", False),
        ("a*b*c", "axxbyyc", True),
        ("a*b*c", "acb", False),
        ("true", True, True),
        ("42", 42, True),
        ("acme/shop", None, False),
        ("acme/[a-z]*", "acme/shop", False),
        ("a.c", "abc", False),
    ],
)
def test_a_pattern_means_itself_but_for_stars(pattern: str, value: Any, fits: bool) -> None:
    assert matches([{"name": "c", "pattern": pattern}], {"c": value}) is fits
