"""Opening an account, confirming its address, its password, its second factor, and where it is signed in."""

from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import update

from stillroom_core.accounts.models import AccountToken
from stillroom_core.settings import get_settings
from stillroom_core.tables import now

OWNER = "owner@own.example"
PASSWORD = "correct horse battery"
NEW_PASSWORD = "otter velvet canyon 42"
NEW = {"email": "new@own.example", "name": "New", "password": NEW_PASSWORD}


async def post(api: Any, path: str, **body: Any) -> Any:
    return await api.client.post(f"/api/auth/{path}", json=body)


async def sign_in(api: Any, email: str, password: str, **more: Any) -> Any:
    return await post(api, "sign-in", email=email, password=password, **more)


async def test_an_account_is_opened_confirmed_and_signs_in(api: Any) -> None:
    assert (await post(api, "sign-up", **NEW, locale="ru")).status_code == 202
    early = await sign_in(api, NEW["email"], NEW_PASSWORD)
    assert (early.status_code, early.json()["code"]) == (403, "email_unverified")
    subject, text = (await api.letters(NEW["email"]))[0]
    assert subject == "Подтвердите адрес почты"
    assert "http://testserver/verify#" in text
    assert (await post(api, "verify", token=await api.link(NEW["email"]))).status_code == 204
    assert (await sign_in(api, NEW["email"], NEW_PASSWORD)).status_code == 200
    again = await post(api, "verify", token=await api.link(NEW["email"]))
    assert (again.status_code, again.json()["code"]) == (422, "link_ended")


async def test_a_known_address_gets_the_same_answer_and_another_letter(api: Any) -> None:
    fresh = await post(api, "sign-up", **NEW)
    known = await post(api, "sign-up", **{**NEW, "email": OWNER})
    assert (fresh.status_code, fresh.content) == (known.status_code, known.content)
    assert (await api.letters(OWNER))[0][0] == "You have an account already"
    assert (await sign_in(api, OWNER, NEW_PASSWORD)).status_code == 401
    assert (await sign_in(api, OWNER, PASSWORD)).status_code == 200


async def test_a_closed_installation_takes_nobody_in(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "sign_up", "invited")
    answer = await post(api, "sign-up", **NEW)
    assert (answer.status_code, answer.json()["code"]) == (403, "sign_up_closed")
    assert await api.letters(NEW["email"]) == []


@pytest.mark.parametrize(
    ("password", "code"),
    [("short-7Qx", "password_short"), ("password1234", "password_common"), ("new@own.example1", "password_common")],
)
async def test_short_and_common_passwords_are_refused(api: Any, password: str, code: str) -> None:
    answer = await post(api, "sign-up", **{**NEW, "password": password})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_forgotten_password_is_set_anew_once_and_ends_every_sign_in(api: Any) -> None:
    headers = await api.sign_in(OWNER)
    assert (await post(api, "forgot", email=OWNER)).status_code == 202
    token = await api.link(OWNER)
    weak = await post(api, "reset", token=token, password="password1234")
    assert weak.json()["code"] == "password_common"  # and the link still works
    assert (await post(api, "reset", token=token, password=NEW_PASSWORD)).status_code == 204
    assert (await api.client.get("/api/me", headers=headers)).status_code == 401
    assert (await sign_in(api, OWNER, PASSWORD)).status_code == 401
    assert (await sign_in(api, OWNER, NEW_PASSWORD)).status_code == 200
    assert (await post(api, "reset", token=token, password=NEW_PASSWORD + "x")).status_code == 422


async def test_an_unknown_address_gets_a_letter_that_says_so_and_the_same_answer(api: Any) -> None:
    known, unknown = await post(api, "forgot", email=OWNER), await post(api, "forgot", email="who@own.example")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert (await api.letters("who@own.example"))[0][0] == "There is no account with this address"


async def test_an_old_link_and_one_of_another_kind_do_not_work(api: Any) -> None:
    await post(api, "forgot", email=OWNER)
    token = await api.link(OWNER)
    assert (await post(api, "verify", token=token)).status_code == 422
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(AccountToken).values(expires_at=now() - timedelta(seconds=1)))
    assert (await post(api, "reset", token=token, password=NEW_PASSWORD)).status_code == 422


async def test_letters_are_not_sent_without_end(api: Any) -> None:
    codes = [(await post(api, "forgot", email=OWNER)).status_code for _ in range(7)]
    assert codes == [202] * 5 + [429] * 2
    assert len(await api.letters(OWNER)) == 5


async def test_another_host_name_makes_no_link_of_its_own(api: Any) -> None:
    answer = await api.client.post("/api/auth/forgot", json={"email": OWNER}, headers={"Host": "evil.example"})
    assert answer.status_code == 400
    await post(api, "forgot", email=OWNER)
    assert "evil" not in (await api.letters(OWNER))[0][1]


async def test_a_page_of_another_origin_cannot_ask(api: Any) -> None:
    for path in ("sign-up", "forgot", "reset", "verify", "invitations/look", "invitations/accept"):
        answer = await api.client.post(f"/api/auth/{path}", json={}, headers={"Origin": "https://evil.example"})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin"), path


async def test_a_password_is_changed_by_who_knows_it_and_other_sign_ins_end(api: Any) -> None:
    other = {"Authorization": f"Bearer {(await sign_in(api, OWNER, PASSWORD)).json()['access_token']}"}
    body = {"current": "wrong", "new": NEW_PASSWORD}
    wrong = await api.call(OWNER, "POST", "/api/me/password", json=body)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
    body["current"] = PASSWORD
    assert (await api.call(OWNER, "POST", "/api/me/password", json=body)).status_code == 204
    assert (await api.client.get("/api/me", headers=other)).status_code == 401
    assert (await api.call(OWNER, "GET", "/api/me")).status_code == 200
    assert (await api.letters(OWNER))[0][0] == "Your password was changed"


async def test_guessing_the_present_password_is_slowed_down(api: Any) -> None:
    body = {"current": "wrong", "new": NEW_PASSWORD}
    codes = [(await api.call(OWNER, "POST", "/api/me/password", json=body)).status_code for _ in range(22)]
    assert (codes[0], codes[-1]) == (403, 429)


async def test_an_address_moves_when_its_letter_is_followed_and_not_before(api: Any) -> None:
    body = {"current": PASSWORD, "email": "moved@own.example"}
    assert (await api.call(OWNER, "POST", "/api/me/email", json={**body, "current": "x"})).status_code == 403
    assert (await api.call(OWNER, "POST", "/api/me/email", json=body)).status_code == 202
    assert (await api.call(OWNER, "GET", "/api/me")).json()["email"] == OWNER
    assert (await post(api, "verify", token=await api.link("moved@own.example"))).status_code == 204
    assert (await sign_in(api, OWNER, PASSWORD)).status_code == 401
    assert (await sign_in(api, "moved@own.example", PASSWORD)).status_code == 200


async def second_factor(api: Any) -> tuple[pyotp.TOTP, list[str]]:
    made = (await api.call(OWNER, "POST", "/api/me/second-factor", json={"current": PASSWORD})).json()
    assert made["picture"].startswith("data:image/svg+xml")
    device = pyotp.TOTP(made["secret"])
    wrong = await api.call(OWNER, "POST", "/api/me/second-factor/confirm", json={"code": "000000"})
    assert wrong.json()["code"] == "wrong_code"
    # The step before: the present one is left for signing in.
    code = device.at(now() - timedelta(seconds=30))
    codes = await api.call(OWNER, "POST", "/api/me/second-factor/confirm", json={"code": code})
    assert codes.status_code == 200, codes.text
    return device, codes.json()["codes"]


async def test_with_a_second_factor_a_password_is_not_enough_and_no_code_counts_twice(api: Any) -> None:
    device, _ = await second_factor(api)
    without = await sign_in(api, OWNER, PASSWORD)
    assert (without.status_code, without.json()["code"]) == (401, "second_factor_needed")
    assert (await sign_in(api, OWNER, "wrong")).json()["code"] == "wrong_credentials"
    code = device.now()
    assert (await sign_in(api, OWNER, PASSWORD, code=code)).status_code == 200
    again = await sign_in(api, OWNER, PASSWORD, code=code)
    assert (again.status_code, again.json()["code"]) == (422, "wrong_code")


async def test_a_recovery_code_signs_in_once(api: Any) -> None:
    _, codes = await second_factor(api)
    assert len(set(codes)) == 10
    assert (await sign_in(api, OWNER, PASSWORD, code=codes[3].upper())).status_code == 200
    assert (await sign_in(api, OWNER, PASSWORD, code=codes[3])).status_code == 422
    left = (await api.call(OWNER, "GET", "/api/me/security")).json()
    assert (left["second_factor"], left["recovery_codes_left"]) == (True, 9)


async def test_switching_the_second_factor_off_takes_the_password_and_is_told_by_mail(api: Any) -> None:
    await second_factor(api)
    path = "/api/me/second-factor/off"
    assert (await api.call(OWNER, "POST", path, json={"current": "x"})).status_code == 403
    assert (await api.call(OWNER, "POST", path, json={"current": PASSWORD})).status_code == 204
    assert (await api.letters(OWNER))[0][0] == "The second factor was switched off"
    assert (await sign_in(api, OWNER, PASSWORD)).status_code == 200


async def test_a_person_sees_their_sign_ins_and_ends_one_or_all_others(api: Any) -> None:
    await api.sign_in(OWNER)
    others = [(await sign_in(api, OWNER, PASSWORD)).json()["access_token"] for _ in range(2)]
    items = (await api.call(OWNER, "GET", "/api/me/sessions")).json()["items"]
    assert [item["current"] for item in items].count(True) == 1
    assert len(items) == 3
    ended = next(item for item in items if not item["current"])
    assert (await api.call("owner@other.example", "DELETE", f"/api/me/sessions/{ended['id']}")).status_code == 404
    assert (await api.call(OWNER, "DELETE", f"/api/me/sessions/{ended['id']}")).status_code == 204
    alive = [
        (await api.client.get("/api/me", headers={"Authorization": f"Bearer {token}"})).status_code for token in others
    ]
    assert sorted(alive) == [200, 401]
    assert (await api.call(OWNER, "DELETE", "/api/me/sessions")).status_code == 204
    assert [item["current"] for item in (await api.call(OWNER, "GET", "/api/me/sessions")).json()["items"]] == [True]


async def test_letters_are_shown_in_development_only(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await post(api, "forgot", email=OWNER)
    assert (await api.client.get("/api/outbox")).status_code == 404
    monkeypatch.setattr(get_settings(), "development", True)
    assert (await api.client.get("/api/outbox")).status_code == 404  # there is a mail server
    monkeypatch.setattr(get_settings(), "smtp_url", None)
    shown = (await api.client.get("/api/outbox")).json()["items"]
    assert [item["recipient"] for item in shown] == [OWNER]
