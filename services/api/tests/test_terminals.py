"""Signing a terminal in through a browser: it asks, a person answers, it takes what was approved, each once."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from stillroom_core.keys import new_key
from stillroom_core.members.models import User
from stillroom_core.sessions.models import RefreshToken
from stillroom_core.settings import get_settings
from stillroom_core.tables import now
from stillroom_core.terminals.models import Terminal
from stillroom_core.terminals.service import LETTERS, forget_old_terminals
from stillroom_testing import matrix

OWNER, STRANGER = "owner@own.example", "owner@other.example"
PASSWORD, NEW_PASSWORD = "correct horse battery", "otter velvet canyon 42"
HOST = "stillroom 0.1.0 on ann-laptop"
ASK, EXCHANGE, MINE = "/api/auth/terminals", "/api/auth/terminals/exchange", "/api/me/terminals"


async def ask(api: Any, name: str = HOST) -> dict[str, Any]:
    answer = await api.client.post(ASK, json={"name": name})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def answer(api: Any, code: str, said: str = "approve", who: str = OWNER) -> Any:
    return await api.call(who, "POST", f"{MINE}/{code}", json={"answer": said})


async def take(api: Any, secret: str) -> Any:
    """One question of the terminal, which has no cookie of anybody's browser."""
    api.client.cookies.clear()
    return await api.client.post(EXCHANGE, json={"secret": secret})


async def approved(api: Any, who: str = OWNER) -> str:
    """The secret of a terminal that somebody has approved."""
    made = await ask(api)
    assert (await answer(api, made["code"], who=who)).status_code == 200
    secret: str = made["secret"]
    return secret


def refused(answered: httpx.Response) -> tuple[int, str]:
    problem = answered.json()
    assert problem["title"] and problem["fix"], problem
    return answered.status_code, problem["code"]


async def change(api: Any, table: Any, **values: Any) -> None:
    async with api.app.state.context.database.everything() as session:
        await session.execute(update(table).values(**values))


def row_of(made: dict[str, Any]) -> Any:
    return Terminal.code == made["code"].replace("-", "")


async def events(api: Any, who: str = OWNER) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.call(who, "GET", "/api/me/events")).json()["items"]
    return found


async def test_a_stranger_answers_nothing_and_sees_no_terminal_that_another_has_answered(api: Any) -> None:
    made = await ask(api)
    one = f"{MINE}/{made['code']}"
    assert (await api.client.get(one)).status_code == 401
    assert (await api.client.post(one, json={"answer": "approve"})).status_code == 401
    assert (await answer(api, made["code"])).status_code == 200
    assert refused(await api.call(STRANGER, "GET", one)) == (404, "terminal_unknown")
    assert refused(await answer(api, made["code"], "refuse", STRANGER)) == (404, "terminal_unknown")
    assert refused(await api.call(STRANGER, "GET", f"{MINE}/BBBB-BBBB")) == (404, "terminal_unknown")


async def test_an_api_token_answers_no_terminal(api: Any) -> None:
    token = (await api.call(OWNER, "POST", "/api/orgs/own/tokens", json=matrix.TOKEN)).json()["token"]
    one, headers = f"{MINE}/{(await ask(api))['code']}", {"Authorization": f"Bearer {token}"}
    assert refused(await api.client.get(one, headers=headers)) == (403, "person_needed")
    assert refused(await api.client.post(one, json={"answer": "approve"}, headers=headers)) == (403, "person_needed")


async def test_a_terminal_gets_a_secret_for_itself_and_a_code_and_a_page_for_its_person(api: Any) -> None:
    made = await ask(api)
    assert re.fullmatch(rf"[{LETTERS}]{{4}}-[{LETTERS}]{{4}}", made["code"])
    assert not set("AEIOUY0185") & set(LETTERS)
    assert made["page"] == "http://testserver/terminal"
    assert made["page_with_code"] == f"http://testserver/terminal?code={made['code']}"
    assert (made["expires_in"], made["interval"]) == (600, 3)
    assert len(made["secret"]) >= 43
    async with api.app.state.context.database.everything() as session:
        (row,) = (await session.execute(select(Terminal.__table__).where(row_of(made)))).mappings().all()
    assert made["secret"] not in str(dict(row))
    assert (row["name"], row["state"], row["user_id"]) == (HOST, "waiting", None)


async def test_an_approved_terminal_is_signed_in_apart_and_listed_with_its_host(api: Any) -> None:
    made = await ask(api)
    shown = (await api.call(OWNER, "GET", f"{MINE}/{made['code']}")).json()
    assert (shown["state"], shown["name"], shown["code"], shown["elsewhere"]) == ("waiting", HOST, made["code"], False)
    assert refused(await take(api, made["secret"])) == (409, "terminal_waiting")
    assert (await answer(api, made["code"])).json()["state"] == "approved"

    came = await take(api, made["secret"])
    assert came.status_code == 200, came.text
    assert set(came.json()) == {"access_token", "expires_in"}
    headers = {"Authorization": f"Bearer {came.json()['access_token']}"}
    assert (await api.client.get("/api/me", headers=headers)).json()["email"] == OWNER
    assert (await api.client.post("/api/auth/refresh")).status_code == 200  # by the cookie that came with it

    sessions = (await api.client.get("/api/me/sessions", headers=headers)).json()["items"]
    (theirs,) = [one for one in sessions if one["current"]]
    (browser,) = [one for one in sessions if not one["current"]]
    assert browser["id"] != theirs["id"]
    listed = (await api.call(OWNER, "GET", "/api/me/sessions")).json()["items"]
    assert [one["current"] for one in listed if one["id"] == browser["id"]] == [True]
    # Ended alone: the browser goes on.
    assert (await api.call(OWNER, "DELETE", f"/api/me/sessions/{theirs['id']}")).status_code == 204
    assert (await api.client.get("/api/me", headers=headers)).status_code == 401
    assert (await api.call(OWNER, "GET", "/api/me")).status_code == 200


async def test_the_list_of_sign_ins_names_the_host_that_the_terminal_told(api: Any) -> None:
    assert (await take(api, await approved(api))).status_code == 200
    listed = (await api.call(OWNER, "GET", "/api/me/sessions")).json()["items"]
    assert HOST in [one["user_agent"] for one in listed]


async def test_a_code_is_taken_however_it_is_typed(api: Any) -> None:
    made = await ask(api)
    for typed in (made["code"].lower(), made["code"].replace("-", ""), f" {made['code'].replace('-', ' ')} "):
        assert (await api.call(OWNER, "GET", f"{MINE}/{typed}")).json()["code"] == made["code"]


async def test_what_a_terminal_says_of_itself_is_bounded_and_one_line_of_text(api: Any) -> None:
    assert (await api.client.post(ASK, json={"name": "x" * 201})).status_code == 422
    assert (await api.client.post(ASK, json={"name": "", "code": "BBBBBBBB"})).status_code == 422
    made = await ask(api, "a\n\x1b[2Jb\u202e<b>c</b>")
    assert (await api.call(OWNER, "GET", f"{MINE}/{made['code']}")).json()["name"] == "a[2Jb<b>c</b>"


async def test_an_approval_is_taken_once_also_where_two_ask_at_the_same_moment(api: Any) -> None:
    secret = await approved(api)
    answers = await asyncio.gather(*(take(api, secret) for _ in range(5)))
    assert sorted(one.status_code for one in answers) == [200, 422, 422, 422, 422]
    assert {refused(one)[1] for one in answers if one.status_code == 422} == {"terminal_ended"}
    assert refused(await take(api, secret)) == (422, "terminal_ended")


async def test_an_answer_is_given_once_also_where_two_tabs_give_it_at_the_same_moment(api: Any) -> None:
    made = await ask(api)
    await api.sign_in(OWNER)
    answers = await asyncio.gather(*(answer(api, made["code"], said) for said in ("approve", "refuse", "approve")))
    assert sorted(one.status_code for one in answers) == [200, 409, 409]
    assert {refused(one)[1] for one in answers if one.status_code == 409} == {"terminal_answered"}
    told = [one for one in await events(api) if one["action"].startswith("account.terminal")]
    assert len(told) == 1


async def test_two_people_who_answer_at_the_same_moment_get_one_terminal_between_them(api: Any) -> None:
    made = await ask(api)
    for who in (OWNER, STRANGER):
        await api.sign_in(who)
    answers = await asyncio.gather(*(answer(api, made["code"], who=who) for who in (OWNER, STRANGER)))
    assert sorted(one.status_code for one in answers) == [200, 404]
    winner = OWNER if answers[0].status_code == 200 else STRANGER
    token = (await take(api, made["secret"])).json()["access_token"]
    me = await api.client.get("/api/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["email"] == winner


async def test_what_was_refused_stays_refused(api: Any) -> None:
    made = await ask(api)
    assert (await answer(api, made["code"], "refuse")).json()["state"] == "refused"
    for _ in range(2):
        assert refused(await take(api, made["secret"])) == (403, "terminal_refused")
    assert refused(await answer(api, made["code"])) == (409, "terminal_answered")
    assert (await api.call(OWNER, "GET", f"{MINE}/{made['code']}")).json()["state"] == "refused"


@pytest.mark.parametrize("answered", [False, True])
async def test_what_has_expired_stays_so_whether_or_not_it_was_approved(api: Any, answered: bool) -> None:
    made = await ask(api)
    if answered:
        await answer(api, made["code"])
    await change(api, Terminal, expires_at=now() - timedelta(seconds=1))
    assert refused(await take(api, made["secret"])) == (422, "terminal_ended")
    assert refused(await answer(api, made["code"])) == (404, "terminal_unknown")
    assert refused(await api.call(OWNER, "GET", f"{MINE}/{made['code']}")) == (404, "terminal_unknown")


async def test_a_made_up_secret_and_the_code_itself_open_nothing(api: Any) -> None:
    made = await ask(api)
    await answer(api, made["code"])
    for secret in ("x", made["code"], made["secret"][:-1], made["secret"].swapcase()):
        assert refused(await take(api, secret)) == (422, "terminal_ended")
    assert (await take(api, made["secret"])).status_code == 200


async def test_a_terminal_that_asks_too_often_is_told_so_and_comes_in_all_the_same(api: Any) -> None:
    made, other = await ask(api), await ask(api)
    assert refused(await take(api, made["secret"])) == (409, "terminal_waiting")
    slow = await take(api, made["secret"])
    assert refused(slow) == (429, "terminal_slow_down")
    assert slow.json()["params"] == {"interval": 3}
    assert refused(await take(api, other["secret"])) == (409, "terminal_waiting")  # each is counted by itself
    await answer(api, made["code"])
    assert (await take(api, made["secret"])).status_code == 200


@pytest.mark.parametrize(
    "how", ["disabled", "token_version", "ended", "others_ended", "password", "reset", "signed_out"]
)
async def test_who_is_barred_between_approval_and_exchange_bars_the_terminal_for_good(api: Any, how: str) -> None:
    secret = await approved(api)
    mine = (await api.call(OWNER, "GET", "/api/me/sessions")).json()["items"]
    if how == "disabled":
        await change(api, User, disabled_at=now())
    elif how == "token_version":
        await change(api, User, token_version=1)
    elif how == "ended":
        (current,) = [one["id"] for one in mine if one["current"]]
        assert (await api.call(OWNER, "DELETE", f"/api/me/sessions/{current}")).status_code == 204
    elif how == "others_ended":
        assert (await api.call(OWNER, "DELETE", "/api/me/sessions")).status_code == 204
    elif how == "password":
        body = {"current": PASSWORD, "new": NEW_PASSWORD}
        assert (await api.call(OWNER, "POST", "/api/me/password", json=body)).status_code == 204
    elif how == "reset":
        await api.client.post("/api/auth/forgot", json={"email": OWNER})
        body = {"token": await api.link(OWNER), "password": NEW_PASSWORD}
        assert (await api.client.post("/api/auth/reset", json=body)).status_code == 204
    else:
        await change(api, RefreshToken, revoked_at=now())
    first = refused(await take(api, secret))
    assert first in ((403, "terminal_barred"), (422, "terminal_ended"))
    # Not even when what barred it is taken back.
    await change(api, User, disabled_at=None, token_version=0)
    await change(api, RefreshToken, revoked_at=None)
    assert refused(await take(api, secret)) == (422, "terminal_ended")
    async with api.app.state.context.database.everything() as session:
        assert not await session.scalar(select(func.count()).where(RefreshToken.user_agent == HOST))


async def test_a_terminal_that_comes_in_while_every_sign_in_is_ended_is_ended_with_them(api: Any) -> None:
    secret = await approved(api)
    came, _ = await asyncio.gather(take(api, secret), api.call(OWNER, "DELETE", "/api/me/sessions"))
    if came.status_code == 200:
        headers = {"Authorization": f"Bearer {came.json()['access_token']}"}
        assert (await api.client.get("/api/me", headers=headers)).status_code == 401
    else:
        assert refused(came) == (422, "terminal_ended")


async def test_asking_and_answering_is_told_to_the_person_and_their_organization(api: Any) -> None:
    made = await ask(api)
    await answer(api, made["code"])
    await take(api, made["secret"])
    came, gave = (await events(api))[:2]
    assert (gave["action"], gave["outcome"]) == ("account.terminal_approve", "done")
    assert gave["details"] == {"terminal": HOST, "asked_from": "127.0.0.1"}
    assert (came["action"], came["details"]) == ("account.sign_in", {"method": "terminal", "terminal": HOST})
    other = await ask(api)
    await answer(api, other["code"], "refuse")
    assert (await events(api))[0]["action"] == "account.terminal_refuse"
    secret = await approved(api)
    await change(api, User, token_version=1)
    await take(api, secret)
    await change(api, User, token_version=0)
    newest = (await events(api))[0]
    assert (newest["action"], newest["outcome"], newest["reason"]) == ("account.sign_in", "refused", "terminal_barred")
    entries = (await api.call(OWNER, "GET", "/api/orgs/own/audit", params={"limit": 200})).json()["items"]
    assert {"account.terminal_approve", "account.terminal_refuse"} <= {one["action"] for one in entries}
    for secret in (made["secret"], made["code"], other["secret"]):
        assert secret not in str(entries)


async def test_codes_cannot_be_guessed_and_who_guesses_still_signs_in(api: Any) -> None:
    await api.sign_in(OWNER)
    statuses = [(await api.call(OWNER, "GET", f"{MINE}/{'B' * 7}{LETTERS[n % 20]}")).status_code for n in range(25)]
    assert (statuses[0], statuses[-1]) == (404, 429)
    made = await ask(api)
    assert (await answer(api, made["code"])).status_code == 429
    body = {"email": OWNER, "password": PASSWORD}
    assert (await api.client.post("/api/auth/sign-in", json=body)).status_code == 200
    assert (await answer(api, made["code"], who=STRANGER)).status_code == 200


async def test_a_terminal_that_asked_from_another_address_than_the_browsers_is_said_to(api: Any) -> None:
    far = httpx.ASGITransport(app=api.app, client=("203.0.113.9", 1))
    async with httpx.AsyncClient(transport=far, base_url="http://testserver") as client:
        made = (await client.post(ASK, json={"name": HOST})).json()
    shown = (await api.call(OWNER, "GET", f"{MINE}/{made['code']}")).json()
    assert (shown["address"], shown["elsewhere"]) == ("203.0.113.9", True)


async def test_a_page_of_another_site_cannot_begin_or_take(api: Any) -> None:
    secret, headers = await approved(api), {"Origin": "https://evil.example"}
    for path, body in ((ASK, {"name": HOST}), (EXCHANGE, {"secret": secret})):
        assert refused(await api.client.post(path, json=body, headers=headers)) == (403, "foreign_origin")


async def test_asking_is_limited_for_an_address_and_waiting_is_not(api: Any) -> None:
    asked = await api.client.post(ASK, json={"name": HOST})
    assert '"signing-in"' in asked.headers["ratelimit-policy"]
    waiting = await api.client.post(EXCHANGE, json={"secret": asked.json()["secret"]})
    assert '"signing-in"' not in waiting.headers["ratelimit-policy"]
    assert '"address"' in waiting.headers["ratelimit-policy"]


async def test_a_terminal_stays_signed_in_no_longer_than_a_browser(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "session_days", 1)
    await take(api, await approved(api))
    async with api.app.state.context.database.everything() as session:
        ends = (await session.scalars(select(RefreshToken.expires_at))).all()
    assert len(ends) == 2 and all(end <= now() + timedelta(days=1) for end in ends)


async def test_old_terminals_are_forgotten_an_hour_after_their_end(api: Any) -> None:
    made = [await ask(api) for _ in range(2)]
    async with api.app.state.context.database.everything() as session:
        for one, minutes in zip(made, (61, 59), strict=True):
            ended = now() - timedelta(minutes=minutes)
            await session.execute(update(Terminal).where(row_of(one)).values(expires_at=ended))
        await forget_old_terminals(session)
        left = [bool(await session.scalar(select(Terminal.id).where(row_of(one)))) for one in made]
    assert left == [False, True]


async def test_a_terminal_goes_with_the_account_that_answered_it(api: Any) -> None:
    secret = await approved(api)
    async with api.app.state.context.database.everything() as session:
        stray = User(id=new_key(), email="stray@own.example", name="s", password_hash="-", theme="system")
        session.add(stray)
        await session.flush()
        await session.execute(update(Terminal).where(Terminal.state == "approved").values(user_id=stray.id))
        await session.delete(stray)
    assert refused(await take(api, secret)) == (422, "terminal_ended")
