"""Signing in, staying signed in, signing out."""

import json
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import update

from stillroom_core.members.models import User
from stillroom_core.sessions import passwords
from stillroom_core.sessions.models import RefreshToken
from stillroom_core.settings import get_settings
from stillroom_core.tables import now

OWNER = "owner@own.example"
PASSWORD = "correct horse battery"


async def sign_in(api: Any, email: str = OWNER, password: str = PASSWORD) -> Any:
    return await api.client.post("/api/auth/sign-in", json={"email": email, "password": password})


async def test_the_refresh_cookie_is_for_this_path_only_and_out_of_reach_of_scripts(api: Any) -> None:
    answer = await sign_in(api)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/api/auth" in cookie
    assert set(answer.json()) == {"access_token", "expires_in"}


async def test_unknown_and_known_people_get_the_same_answer_to_a_wrong_password(api: Any) -> None:
    known, unknown = await sign_in(api, password="wrong"), await sign_in(api, "nobody@own.example", "wrong")
    assert known.status_code == unknown.status_code == 401
    hidden = {"request_id"}
    assert {k: v for k, v in known.json().items() if k not in hidden} == {
        k: v for k, v in unknown.json().items() if k not in hidden
    }


async def refresh(api: Any, token: str) -> httpx.Response:
    """A browser that has this token and no other."""
    api.client.cookies.clear()
    api.client.cookies.set("stillroom_refresh", token)
    answer: httpx.Response = await api.client.post("/api/auth/refresh")
    return answer


async def test_the_case_of_an_address_does_not_matter(api: Any) -> None:
    assert (await sign_in(api, " OWNER@own.example")).status_code == 200


async def test_a_password_of_ten_megabytes_is_refused_before_it_is_hashed(api: Any) -> None:
    assert (await sign_in(api, password="x" * 200)).status_code == 422
    assert (await sign_in(api, password="x" * 10_000_000)).status_code == 413


async def test_guessing_is_slowed_down_and_signed_in_people_go_on(api: Any) -> None:
    headers = await api.sign_in(OWNER)
    codes = [(await sign_in(api, password="wrong")).status_code for _ in range(25)]
    assert codes[0] == 401
    assert codes[-1] == 429
    assert (await api.client.get("/api/me", headers=headers)).status_code == 200


async def test_a_refresh_gives_a_new_pair_and_an_old_token_used_late_ends_the_sign_in(api: Any) -> None:
    first = (await sign_in(api)).cookies["stillroom_refresh"]
    refreshed = await refresh(api, first)
    assert refreshed.status_code == 200
    second = refreshed.cookies["stillroom_refresh"]
    assert second != first
    async with api.app.state.context.database.everything() as session:
        await session.execute(
            update(RefreshToken).where(RefreshToken.used_at.is_not(None)).values(used_at=now() - timedelta(hours=1))
        )
    assert (await refresh(api, first)).status_code == 401
    assert (await refresh(api, second)).status_code == 401
    token = refreshed.json()["access_token"]
    assert (await api.client.get("/api/me", headers={"Authorization": f"Bearer {token}"})).status_code == 401


async def test_two_tabs_that_refresh_at_once_both_stay_signed_in(api: Any) -> None:
    token = (await sign_in(api)).cookies["stillroom_refresh"]
    assert (await refresh(api, token)).status_code == 200
    assert (await refresh(api, token)).status_code == 200


async def test_signing_out_ends_the_access_token_too(api: Any) -> None:
    answer = await sign_in(api)
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await api.client.get("/api/me", headers=headers)).status_code == 200
    assert (await api.client.post("/api/auth/sign-out")).status_code == 204
    assert (await api.client.get("/api/me", headers=headers)).status_code == 401


async def test_a_disabled_person_is_out_at_once(api: Any) -> None:
    headers = await api.sign_in(OWNER)
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(User).where(User.email == OWNER).values(disabled_at=now()))
    assert (await api.client.get("/api/me", headers=headers)).status_code == 401
    assert (await sign_in(api)).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"exp": None},
        {"aud": None},
        {"jti": None},
        {"iss": "stillroom2"},
        {"aud": "other"},
        {"exp": 1},
        {"ver": 99},
        {"sub": "x"},
    ],
)
async def test_a_token_with_one_wrong_claim_is_no_token(api: Any, change: dict[str, Any]) -> None:
    await api.sign_in(OWNER)
    key = get_settings().secret_key.get_secret_value()
    claims = jwt.decode(api.tokens[OWNER], key, algorithms=["HS256"], audience="stillroom-api")
    claims = {name: value for name, value in (claims | change).items() if value is not None}
    forged = jwt.encode(claims, key, algorithm="HS256")
    answer = await api.client.get("/api/me", headers={"Authorization": f"Bearer {forged}"})
    assert answer.status_code == 401


async def test_a_token_that_another_algorithm_or_key_signed_is_no_token(api: Any) -> None:
    await api.sign_in(OWNER)
    key = get_settings().secret_key.get_secret_value()
    claims = jwt.decode(api.tokens[OWNER], key, algorithms=["HS256"], audience="stillroom-api")
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(pair.public_key()))
    forged = [
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode(claims, key, algorithm="HS512"),
        jwt.encode(claims, key, algorithm="HS384"),
        jwt.encode(claims, "x" * 48, algorithm="HS256"),
        jwt.encode(claims, private, algorithm="RS256"),
        jwt.encode(claims, private, algorithm="RS256", headers={"jwk": jwk, "kid": "1", "jku": "https://evil.example"}),
        api.tokens[OWNER].rpartition(".")[0] + ".",
        jwt.encode(claims, key, algorithm="HS256", headers={"typ": "JWT"}),
    ]
    codes = [
        (await api.client.get("/api/me", headers={"Authorization": f"Bearer {token}"})).status_code for token in forged
    ]
    assert codes == [401] * (len(forged) - 1) + [200]  # the last one is ours: it shows that the claims were good


async def test_an_unknown_person_costs_as_many_hashes_as_a_known_one(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    hashes: list[str] = []
    for name in ("verify_and_update", "dummy_verify"):
        real = getattr(passwords._context, name)

        def counting(*given: Any, name: str = name, real: Any = real) -> Any:
            hashes.append(name)
            return real(*given)

        monkeypatch.setattr(passwords._context, name, counting)
    await sign_in(api, password="wrong")
    await sign_in(api, "nobody@own.example", "wrong")
    assert hashes == ["verify_and_update", "dummy_verify"]


async def test_a_page_of_another_origin_cannot_use_the_cookie(api: Any) -> None:
    await sign_in(api)
    foreign = [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
    for headers in (*foreign, {"Origin": "http://testserver.evil.example"}):
        for path in ("sign-in", "refresh", "sign-out"):
            answer = await api.client.post(f"/api/auth/{path}", headers=headers, json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin"), (headers, path)
    assert (await api.client.post("/api/auth/refresh", headers={"Origin": "http://testserver"})).status_code == 200


async def test_another_host_name_is_not_served(api: Any) -> None:
    assert (await api.client.get("/livez", headers={"Host": "evil.example"})).status_code == 400
