"""Passkeys: a device with real keys and signatures adds them, signs in with them, and is refused what is wrong."""

from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from sqlalchemy import select, update

from stillroom_core.keys import new_key
from stillroom_core.members.models import User
from stillroom_core.organizations.models import Organization
from stillroom_core.passkeys.challenges import LIFE
from stillroom_core.passkeys.models import Passkey
from stillroom_core.passkeys.service import MOST
from stillroom_core.providers.models import IdentityProvider, ProviderDomain
from stillroom_core.settings import get_settings
from stillroom_core.tables import now
from stillroom_testing.authenticator import Authenticator, encoded

OWNER, STRANGER = "owner@own.example", "owner@other.example"
PASSWORD = "correct horse battery"
ORIGIN = "https://stillroom.example"
MINE = "/api/me/passkeys"


@pytest.fixture(autouse=True)
def public_address(api: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(get_settings(), "public_url", ORIGIN + "/")
    yield


@pytest.fixture
def device() -> Authenticator:
    return Authenticator(ORIGIN)


async def begin_adding(api: Any, who: str = OWNER) -> dict[str, Any]:
    answer = await api.call(who, "POST", f"{MINE}/begin", json={"current": PASSWORD})
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()["options"]
    return options


async def give(api: Any, credential: Any, name: str = "Key", who: str = OWNER) -> Any:
    return await api.call(who, "POST", MINE, json={"name": name, "credential": credential})


async def add(api: Any, device: Authenticator, name: str = "Key", who: str = OWNER) -> dict[str, Any]:
    answer = await give(api, device.create(await begin_adding(api, who)), name, who)
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json()
    return added


async def begin(api: Any) -> dict[str, Any]:
    answer = await api.client.post("/api/auth/passkeys/begin")
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()["options"]
    return options


async def enter(api: Any, credential: Any) -> Any:
    return await api.client.post("/api/auth/passkeys/sign-in", json={"credential": credential})


async def sign_in(api: Any, device: Authenticator, **how: Any) -> Any:
    return await enter(api, device.get(await begin(api), **how))


async def events(api: Any, who: str = OWNER) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.call(who, "GET", "/api/me/events")).json()["items"]
    return found


async def change_person(api: Any, **values: Any) -> None:
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(User).where(User.email == OWNER).values(**values))


def refused(answer: Any) -> tuple[int, str]:
    problem = answer.json()
    assert problem["title"] and problem["fix"]
    return answer.status_code, problem["code"]


async def test_a_stranger_sees_and_touches_nobody_elses(api: Any, device: Authenticator) -> None:
    assert (await api.client.get(MINE)).status_code == 401
    one = f"{MINE}/{(await add(api, device))['id']}"
    assert (await api.call(STRANGER, "GET", MINE)).json() == {"items": []}
    assert (await api.call(STRANGER, "PATCH", one, json={"name": "x"})).status_code == 404
    assert (await api.call(STRANGER, "POST", f"{one}/remove", json={"current": PASSWORD})).status_code == 404
    assert len((await api.call(OWNER, "GET", MINE)).json()["items"]) == 1


async def test_a_passkey_is_added_by_who_knows_the_password_named_used_and_removed(
    api: Any, device: Authenticator
) -> None:
    wrong = await api.call(OWNER, "POST", f"{MINE}/begin", json={"current": "wrong"})
    assert refused(wrong) == (403, "wrong_password")
    options = await begin_adding(api)
    assert options["rp"] == {"id": "stillroom.example", "name": "Stillroom"}
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    added = await add(api, device, "My key")
    assert (added["name"], added["last_used_at"], added["backed_up"]) == ("My key", None, False)
    assert added["transports"] == ["nfc", "usb"]
    assert (await api.letters(OWNER))[0][0] == "A passkey was added"
    one = f"{MINE}/{added['id']}"
    assert (await api.call(OWNER, "PATCH", one, json={"name": "Blue key"})).json()["name"] == "Blue key"

    came = await sign_in(api, device)
    assert came.status_code == 200, came.text
    headers = {"Authorization": f"Bearer {came.json()['access_token']}"}
    assert (await api.client.get("/api/me", headers=headers)).json()["email"] == OWNER
    assert "stillroom_refresh" in came.cookies
    (told,) = [one for one in await events(api) if one["details"].get("method") == "passkey"]
    assert told["details"] == {"method": "passkey", "second_factor": True, "passkey": "Blue key"}
    (shown,) = (await api.call(OWNER, "GET", MINE)).json()["items"]
    assert shown["last_used_at"] is not None

    assert refused(await api.call(OWNER, "POST", f"{one}/remove", json={"current": "x"})) == (403, "wrong_password")
    assert (await api.call(OWNER, "POST", f"{one}/remove", json={"current": PASSWORD})).status_code == 204
    assert (await api.letters(OWNER))[0][0] == "A passkey was removed"
    assert refused(await sign_in(api, device)) == (422, "passkey_unknown")
    # Whoever removed it knows the password: there is always a way in.
    body = {"email": OWNER, "password": PASSWORD}
    assert (await api.client.post("/api/auth/sign-in", json=body)).status_code == 200


async def test_several_passkeys_of_two_people_each_open_their_own_account(api: Any) -> None:
    laptop, phone, theirs = Authenticator(ORIGIN), Authenticator(ORIGIN, backed_up=True), Authenticator(ORIGIN)
    await add(api, laptop, "Laptop")
    await add(api, phone, "Phone")
    await add(api, theirs, "Theirs", STRANGER)
    listed = (await api.call(OWNER, "GET", MINE)).json()["items"]
    assert [(one["name"], one["backed_up"]) for one in listed] == [("Laptop", False), ("Phone", True)]
    for device, who in ((phone, OWNER), (theirs, STRANGER), (laptop, OWNER), (phone, OWNER)):
        token = (await sign_in(api, device)).json()["access_token"]
        me = await api.client.get("/api/me", headers={"Authorization": f"Bearer {token}"})
        assert me.json()["email"] == who


async def test_two_tabs_add_and_sign_in_beside_each_other(api: Any, device: Authenticator) -> None:
    first, second = await begin_adding(api), await begin_adding(api)
    assert (await give(api, device.create(second), "Second")).status_code == 201
    assert (await give(api, device.create(first), "First")).status_code == 201
    one, other = await begin(api), await begin(api)
    assert (await enter(api, device.get(other))).status_code == 200
    assert (await enter(api, device.get(one))).status_code == 200


async def test_a_passkey_that_never_counts_signs_in_again_and_again(api: Any) -> None:
    manager = Authenticator(ORIGIN, counts=False, backed_up=True)
    await add(api, manager)
    assert [(await sign_in(api, manager)).status_code for _ in range(3)] == [200, 200, 200]


async def test_a_challenge_for_adding_is_good_once_for_its_person_and_sign_in(api: Any, device: Authenticator) -> None:
    options = await begin_adding(api)
    made = device.create(options)
    assert refused(await give(api, made, who=STRANGER)) == (422, "passkey_ended")
    # Whoever tried it has used it up.
    assert refused(await give(api, made)) == (422, "passkey_ended")
    mine = await begin_adding(api)
    del api.tokens[OWNER]  # another sign-in of the same person
    assert refused(await give(api, device.create(mine))) == (422, "passkey_ended")
    made = device.create(await begin_adding(api))
    assert (await give(api, made)).status_code == 201
    assert refused(await give(api, made)) == (422, "passkey_ended")
    for_signing_in = await begin(api) | {"user": options["user"], "rp": options["rp"]}
    assert refused(await give(api, device.create(for_signing_in))) == (422, "passkey_ended")


async def test_a_replayed_answer_a_made_up_challenge_and_one_for_adding_sign_nobody_in(
    api: Any, device: Authenticator
) -> None:
    await add(api, device)
    used = device.get(await begin(api))
    assert (await enter(api, used)).status_code == 200
    assert refused(await enter(api, used)) == (422, "passkey_ended")
    for challenge in (encoded(bytes(32)), encoded(b"short"), (await begin_adding(api))["challenge"]):
        assert refused(await enter(api, device.get({"challenge": challenge}))) == (422, "passkey_ended")
    newest = (await events(api))[0]
    assert (newest["action"], newest["outcome"], newest["reason"]) == ("account.sign_in", "refused", "passkey_ended")


async def test_a_challenge_is_kept_for_every_process_and_ends_by_itself(api: Any) -> None:
    await begin(api)
    redis = api.app.state.context.redis
    (key,) = [key async for key in redis.scan_iter("passkey:*")]
    assert 0 < await redis.ttl(key) <= LIFE.total_seconds()


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"origin": "https://evil.example"}, "passkey_origin"),
        ({"origin": "http://stillroom.example"}, "passkey_origin"),
        ({"origin": "https://stillroom.example:8443"}, "passkey_origin"),
        ({"rp_id": "evil.example"}, "passkey_refused"),
        ({"handle": bytes(16)}, "passkey_unknown"),
    ],
)
async def test_an_answer_for_another_place_or_person_is_refused_and_told(
    api: Any, device: Authenticator, how: dict[str, Any], code: str
) -> None:
    await add(api, device)
    assert refused(await sign_in(api, device, **how)) == (422, code)
    newest = (await events(api))[0]
    assert (newest["action"], newest["outcome"], newest["reason"]) == ("account.sign_in", "refused", code)


async def test_a_signature_of_another_key_is_refused(api: Any, device: Authenticator) -> None:
    await add(api, device)
    other = Authenticator(ORIGIN)
    await add(api, other, who=STRANGER)
    posing = other.kept[0]
    posing.id, posing.handle = device.kept[0].id, device.kept[0].handle
    assert refused(await sign_in(api, other)) == (422, "passkey_refused")
    assert (await sign_in(api, device)).status_code == 200


async def test_a_new_passkey_for_another_place_is_refused(api: Any, device: Authenticator) -> None:
    elsewhere = device.create(await begin_adding(api), origin="https://evil.example")
    assert refused(await give(api, elsewhere)) == (422, "passkey_origin")
    for_another = device.create(await begin_adding(api), rp_id="evil.example")
    assert refused(await give(api, for_another)) == (422, "passkey_refused")
    assert (await api.call(OWNER, "GET", MINE)).json()["items"] == []


async def test_a_device_that_does_not_check_its_person_is_refused(api: Any, device: Authenticator) -> None:
    careless = Authenticator(ORIGIN, verifies=False)
    assert refused(await give(api, careless.create(await begin_adding(api)))) == (422, "passkey_unverified")
    await add(api, device)
    device.verifies = False
    assert refused(await sign_in(api, device)) == (422, "passkey_unverified")


async def test_a_count_that_goes_back_tells_of_a_copy(api: Any, device: Authenticator) -> None:
    await add(api, device)
    assert [(await sign_in(api, device)).status_code for _ in range(3)] == [200, 200, 200]
    device.kept[0].uses -= 2
    assert refused(await sign_in(api, device)) == (422, "passkey_counted_back")
    newest = (await events(api))[0]
    assert (newest["outcome"], newest["reason"]) == ("refused", "passkey_counted_back")
    device.kept[0].uses = -1
    device.counts = True
    assert refused(await sign_in(api, device)) == (422, "passkey_counted_back")


async def test_the_same_passkey_is_not_added_twice_nor_to_another_account(api: Any, device: Authenticator) -> None:
    await add(api, device)
    options = await begin_adding(api)
    assert [one["id"] for one in options["excludeCredentials"]] == [encoded(device.kept[0].id)]
    theirs = Authenticator(ORIGIN)
    made = theirs.create(await begin_adding(api, STRANGER))
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(Passkey).values(credential_id=theirs.kept[0].id))
    assert refused(await give(api, made, who=STRANGER)) == (409, "passkey_known")


async def test_an_account_has_no_end_of_passkeys(api: Any, device: Authenticator) -> None:
    for number in range(MOST - 1):
        await add(api, device, f"Key {number}")
    one, other = device.create(await begin_adding(api)), device.create(await begin_adding(api))
    assert (await give(api, one)).status_code == 201
    assert refused(await give(api, other)) == (409, "passkeys_full")
    full = await api.call(OWNER, "POST", f"{MINE}/begin", json={"current": PASSWORD})
    assert refused(full) == (409, "passkeys_full")


async def test_an_account_that_is_switched_off_or_not_confirmed_stays_closed(api: Any, device: Authenticator) -> None:
    await add(api, device)
    await change_person(api, unverified_since=now())
    assert refused(await sign_in(api, device)) == (403, "email_unverified")
    newest = (await events(api))[0]
    assert (newest["outcome"], newest["reason"]) == ("refused", "email_unverified")
    await change_person(api, unverified_since=None, disabled_at=now())
    assert refused(await sign_in(api, device)) == (403, "account_disabled")
    await change_person(api, disabled_at=None)
    assert (await events(api))[0]["reason"] == "account_disabled"
    assert (await sign_in(api, device)).status_code == 200


async def test_whoever_needs_their_organizations_provider_does_not_come_around_it(
    api: Any, device: Authenticator
) -> None:
    ann = "ann@own.example"
    await api.person(ann, "own", "member")
    await add(api, device, who=ann)
    async with api.app.state.context.database.everything() as session:
        own = await session.scalar(select(Organization.id).where(Organization.slug == "own"))
        provider = IdentityProvider(
            id=new_key(),
            organization_id=own,
            issuer="https://id.example",
            client_id="x",
            admits=False,
            enforced=True,
            groups_claim="groups",
            mapping=[],
        )
        session.add(provider)
        await session.flush()
        domain = ProviderDomain(
            organization_id=own, provider_id=provider.id, domain="own.example", proof="x", proven_at=now()
        )
        session.add(domain)
    assert refused(await sign_in(api, device)) == (403, "sso_needed")
    assert (await events(api, ann))[0]["reason"] == "sso_needed"
    assert "account.sign_in" in [one["action"] for one in await events(api, ann)]


async def second_factor(api: Any) -> None:
    made = (await api.call(OWNER, "POST", "/api/me/second-factor", json={"current": PASSWORD})).json()
    code = pyotp.TOTP(made["secret"]).now()
    answer = await api.call(OWNER, "POST", "/api/me/second-factor/confirm", json={"code": code})
    assert answer.status_code == 200, answer.text


async def by_password(api: Any, **more: Any) -> Any:
    return await api.client.post("/api/auth/sign-in", json={"email": OWNER, "password": PASSWORD, **more})


async def test_a_passkey_stands_in_for_the_code_after_the_password(api: Any, device: Authenticator) -> None:
    await second_factor(api)
    without = await by_password(api)
    assert (without.json()["code"], without.json()["params"]) == ("second_factor_needed", {"passkey": False})
    await add(api, device, "Blue key")
    assert (await by_password(api)).json()["params"] == {"passkey": True}
    came = await by_password(api, passkey=device.get(await begin(api)))
    assert came.status_code == 200, came.text
    newest = (await events(api))[0]
    assert newest["details"] == {"method": "password", "second_factor": True, "passkey": "Blue key"}
    assert (await sign_in(api, device)).status_code == 200  # and by itself, without a code


async def test_the_passkey_of_somebody_else_is_no_second_factor_and_no_answer_counts_twice(
    api: Any, device: Authenticator
) -> None:
    await second_factor(api)
    await add(api, device)
    theirs = Authenticator(ORIGIN)
    await add(api, theirs, who=STRANGER)
    assert refused(await by_password(api, passkey=theirs.get(await begin(api)))) == (422, "passkey_unknown")
    newest = (await events(api))[0]
    assert (newest["outcome"], newest["reason"]) == ("refused", "passkey_unknown")
    answer = device.get(await begin(api))
    assert (await by_password(api, passkey=answer)).status_code == 200
    assert refused(await by_password(api, passkey=answer)) == (422, "passkey_ended")
    wrong = await api.client.post(
        "/api/auth/sign-in", json={"email": OWNER, "password": "x", "passkey": device.get(await begin(api))}
    )
    assert wrong.json()["code"] == "wrong_credentials"


async def test_wrong_answers_are_slowed_down_like_wrong_passwords(api: Any, device: Authenticator) -> None:
    await add(api, device)
    codes = [(await sign_in(api, device, rp_id="evil.example")).status_code for _ in range(21)]
    assert (codes[0], codes[-1]) == (422, 429)
    assert (await by_password(api)).status_code == 429
    assert (await api.call(OWNER, "GET", "/api/me")).status_code == 200


async def test_a_page_of_another_origin_cannot_ask(api: Any) -> None:
    for path in ("begin", "sign-in"):
        answer = await api.client.post(
            f"/api/auth/passkeys/{path}", json={}, headers={"Origin": "https://evil.example"}
        )
        assert refused(answer) == (403, "foreign_origin")


@pytest.mark.parametrize("address", ["http://stillroom.example", "https://192.0.2.7", "https://[2001:db8::7]:8443"])
async def test_where_browsers_give_no_passkeys_none_are_offered(
    api: Any, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    assert (await api.client.get("/api/auth/options")).json()["passkeys"] is True
    monkeypatch.setattr(get_settings(), "public_url", address)
    assert (await api.client.get("/api/auth/options")).json()["passkeys"] is False
    assert refused(await api.client.post("/api/auth/passkeys/begin")) == (409, "passkeys_impossible")
    asked = await api.call(OWNER, "POST", f"{MINE}/begin", json={"current": PASSWORD})
    assert refused(asked) == (409, "passkeys_impossible")


@pytest.mark.parametrize(
    "address", ["http://localhost:3000", "https://stillroom.example:443", "https://a.example:8443/x"]
)
async def test_the_origin_is_that_of_the_public_address(
    api: Any, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(get_settings(), "public_url", address)
    device = Authenticator(address.removesuffix("/x").removesuffix(":443"))
    await add(api, device)
    assert (await sign_in(api, device)).status_code == 200


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
@pytest.mark.parametrize("content", ["!", "AA", encoded(b"\xff" * 40), encoded(b"{}"), encoded(b'{"type":1}')])
async def test_what_cannot_be_read_is_refused_as_any_other(
    api: Any, device: Authenticator, part: str, content: str
) -> None:
    await add(api, device)
    credential = device.get(await begin(api))
    credential["response"][part] = content
    assert refused(await enter(api, credential))[1] in ("passkey_refused", "passkey_unknown")
