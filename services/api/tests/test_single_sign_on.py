"""Signing in through an organization's identity provider, which is a real one, in a process of its own."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import delete, select, update

from stillroom_core.members.models import Membership, User
from stillroom_core.settings import get_settings
from stillroom_core.tables import now
from stillroom_testing.oidc import dns_server, oidc_provider

OWNER, OTHER = "owner@own.example", "owner@other.example"
PASSWORD = "correct horse battery"
PROVIDER = "/api/orgs/own/provider"
BACK = "http://testserver/api/auth/sso/callback"

PEOPLE = {
    "ann@own.example": {"email": "ann@own.example", "email_verified": True, "name": "Ann", "groups": ["dba", "staff"]},
    OWNER: {"email": OWNER, "email_verified": True, "name": "Owner"},
    "unverified@own.example": {"email": "unverified@own.example", "email_verified": False},
    "foreign@own.example": {"email": OTHER, "email_verified": True},
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with oidc_provider(BACK, PEOPLE) as found:
        yield found


@dataclass
class Company:
    """The organization `own` with its provider, whose domain own.example is proven."""

    api: Any
    issuer: str
    records: dict[str, str]

    async def set(self, **more: Any) -> httpx.Response:
        body = {"issuer": self.issuer, "client_id": "stillroom", "client_secret": "a-client-secret", **more}
        answer: httpx.Response = await self.api.call(OWNER, "PUT", PROVIDER, json=body)
        return answer

    async def prove(self, domain: str) -> httpx.Response:
        made = (await self.api.call(OWNER, "POST", f"{PROVIDER}/domains", json={"domain": domain})).json()
        self.records[made["record"]] = made["proof"]
        answer: httpx.Response = await self.api.call(OWNER, "POST", f"{PROVIDER}/domains/{domain}/check")
        return answer

    async def begin(self, email: str, **more: Any) -> httpx.Response:
        answer: httpx.Response = await self.api.client.post("/api/auth/sso/begin", json={"email": email, **more})
        return answer

    async def visit(self, location: str, email: str | None = None) -> str:
        """What a browser does at the provider; gives the address that it is sent back to."""
        if email is not None:
            location = location.replace("login_hint=ann%40own.example", f"login_hint={email.replace('@', '%40')}")
        async with httpx.AsyncClient(trust_env=False) as browser:
            for _ in range(10):
                answer = await browser.get(location)
                assert answer.is_redirect, answer.text
                location = str(answer.next_request.url) if answer.next_request else ""
                if location.startswith(BACK):
                    return location
        raise AssertionError("the provider never led back")

    async def sign_in(self, email: str, **more: Any) -> httpx.Response:
        begun = await self.begin(email, **more)
        assert begun.status_code == 200, begun.text
        answer: httpx.Response = await self.api.client.get(await self.visit(begun.json()["location"]))
        return answer

    async def token(self) -> dict[str, str]:
        """The headers of whom the cookie of the last sign-in is."""
        answer = await self.api.client.post("/api/auth/refresh")
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    async def me(self) -> Any:
        return (await self.api.client.get("/api/me", headers=await self.token())).json()


@pytest.fixture
async def company(api: Any, issuer: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Company]:
    monkeypatch.setattr(get_settings(), "allowed_networks", "127.0.0.1/32")
    records: dict[str, str] = {}
    async with dns_server(records):
        made = Company(api, issuer, records)
        assert (await made.set(admits=True)).status_code == 200
        assert (await made.prove("own.example")).status_code == 200
        yield made


def refused(answer: httpx.Response) -> str:
    """The reason with which somebody was led back to the page for signing in."""
    where = urlsplit(answer.headers["location"])
    assert (answer.status_code, where.path) == (303, "/sign-in")
    return parse_qs(where.query)["sso"][0]


async def test_a_stranger_and_an_administrator_cannot_touch_it(api: Any) -> None:
    await api.person("admin@own.example", "own", "admin")
    for who, status in ((None, 401), (OTHER, 404), ("admin@own.example", 403)):
        assert (await api.call(who, "GET", PROVIDER)).status_code == status
        assert (await api.call(who, "DELETE", PROVIDER)).status_code == status


async def test_somebody_new_comes_in_and_is_the_same_the_next_time(company: Company) -> None:
    answer = await company.sign_in("ann@own.example", next="/own/projects?q=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "http://testserver/own/projects?q=1")
    ann = await company.me()
    assert (ann["email"], ann["name"]) == ("ann@own.example", "Ann")
    assert [(one["slug"], one["role"]) for one in ann["organizations"]] == [("own", "member")]
    await company.sign_in("ann@own.example")
    assert (await company.me())["id"] == ann["id"]
    log = (await company.api.call(OWNER, "GET", "/api/orgs/own/audit")).json()["items"]
    told = [one["action"] for one in log if one["actor"]["name"] == "Ann"]
    assert {"account.sign_in", "account.connect"} <= set(told)
    assert [one["action"] for one in reversed(log)][1:4] == ["provider.set", "domain.add", "domain.check"]
    assert "a-client-secret" not in str(log)


async def test_the_way_there_has_a_state_a_nonce_and_a_challenge_that_are_never_the_same(company: Company) -> None:
    ways = [parse_qs(urlsplit((await company.begin(OWNER)).json()["location"]).query) for _ in range(2)]
    for way in ways:
        assert way["code_challenge_method"] == ["S256"] and way["redirect_uri"] == [BACK]
    for name in ("state", "nonce", "code_challenge"):
        assert ways[0][name] != ways[1][name] and len(ways[0][name][0]) >= 43


async def test_the_way_back_is_good_once_and_in_the_browser_that_began(company: Company) -> None:
    begun = await company.begin("ann@own.example")
    cookie = begun.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/api/auth/sso" in cookie
    back = await company.visit(begun.json()["location"])
    mine = dict(company.api.client.cookies)
    company.api.client.cookies.clear()
    assert refused(await company.api.client.get(back)) == "sso_ended"  # another browser: and it is used up
    company.api.client.cookies.update(mine)
    assert refused(await company.api.client.get(back)) == "sso_ended"
    assert refused(await company.api.client.get(f"{BACK}?state=made-up&code=x")) == "sso_ended"
    assert refused(await company.api.client.get(f"{BACK}?error=access_denied&state=x")) == "sso_failed"


async def test_a_code_of_another_sign_in_does_not_help(company: Company) -> None:
    """Its verifier is another one: PKCE."""
    first = await company.visit((await company.begin("ann@own.example")).json()["location"])
    second = await company.visit((await company.begin("ann@own.example")).json()["location"])
    stolen = parse_qs(urlsplit(first).query)["code"][0]
    state = parse_qs(urlsplit(second).query)["state"][0]
    answer = await company.api.client.get(BACK, params={"state": state, "code": stolen})
    assert refused(answer) == "sso_failed"


async def test_an_address_that_is_not_verified_or_of_another_domain_signs_nobody_in(company: Company) -> None:
    assert refused(await company.sign_in("unverified@own.example")) == "sso_address"
    # The provider says that somebody of its own is the owner of another organization.
    assert refused(await company.sign_in("foreign@own.example")) == "sso_address"


async def test_without_a_proven_domain_nobody_is_sent_anywhere(company: Company) -> None:
    assert (await company.begin("x@elsewhere.example")).json()["code"] == "no_provider"
    made = (await company.api.call(OWNER, "POST", f"{PROVIDER}/domains", json={"domain": "other.example"})).json()
    assert made["proven_at"] is None
    unproven = await company.api.call(OWNER, "POST", f"{PROVIDER}/domains/other.example/check")
    assert (unproven.status_code, unproven.json()["code"]) == (409, "domain_not_proven")
    assert (await company.begin(OTHER)).json()["code"] == "no_provider"
    company.records[made["record"]] = "stillroom=of-somebody-else"
    assert (await company.api.call(OWNER, "POST", f"{PROVIDER}/domains/other.example/check")).status_code == 409


async def test_only_members_come_in_where_it_does_not_admit(company: Company) -> None:
    await company.set(admits=False)
    assert refused(await company.sign_in("ann@own.example")) == "sso_not_member"
    await company.api.person("ann@own.example", "own", "member")
    assert (await company.sign_in("ann@own.example")).headers["location"] == "http://testserver/"


async def test_an_account_is_connected_by_its_address_but_not_around_its_second_factor(company: Company) -> None:
    before = (await company.api.call(OWNER, "GET", "/api/me")).json()["id"]
    database = company.api.app.state.context.database
    async with database.everything() as session:
        await session.execute(update(User).where(User.email == OWNER).values(totp_enabled_at=now()))
    assert refused(await company.sign_in(OWNER)) == "sso_second_factor"
    async with database.everything() as session:
        await session.execute(update(User).where(User.email == OWNER).values(totp_enabled_at=None))
    await company.sign_in(OWNER)
    assert (await company.me())["id"] == before


async def test_an_account_that_somebody_opened_for_anothers_address_is_taken_from_them(company: Company) -> None:
    thief = {"email": "ann@own.example", "name": "Thief", "password": "otter velvet canyon 42"}
    await company.api.client.post("/api/auth/sign-up", json=thief)
    await company.sign_in("ann@own.example")
    body = {"email": thief["email"], "password": thief["password"]}
    answer = await company.api.client.post("/api/auth/sign-in", json=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")


async def test_groups_of_the_provider_give_roles_and_groups_and_take_them_again(company: Company) -> None:
    group = (await company.api.call(OWNER, "POST", "/api/orgs/own/groups", json={"name": "DBA"})).json()["id"]
    mapping = [{"value": "dba", "role": "admin", "group": group}]
    assert (await company.set(admits=True, mapping=mapping)).status_code == 200
    await company.sign_in("ann@own.example")
    ann = await company.me()
    assert ann["organizations"][0]["role"] == "admin"

    async def people() -> list[str]:
        groups = (await company.api.call(OWNER, "GET", "/api/orgs/own/groups")).json()["items"]
        return [one["id"] for one in groups[0]["members"]]

    assert await people() == [ann["id"]]
    other = [{"value": "directors", "role": "admin", "group": group}]
    await company.set(admits=True, mapping=other)
    await company.sign_in("ann@own.example")
    assert (await company.me())["organizations"][0]["role"] == "member"
    assert await people() == []
    # An owner stays what they are, whatever the provider says.
    await company.sign_in(OWNER)
    assert (await company.me())["organizations"][0]["role"] == "owner"
    foreign = (await company.api.call(OTHER, "POST", "/api/orgs/other/groups", json={"name": "X"})).json()["id"]
    answer = await company.set(mapping=[{"value": "dba", "group": foreign}])
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_group")
    assert (await company.set(mapping=[{"value": "dba", "role": "owner"}])).status_code == 422


async def test_where_it_is_enforced_a_password_is_not_enough_except_for_owners(company: Company) -> None:
    await company.api.person("ann@own.example", "own", "member")
    headers = await company.api.sign_in("ann@own.example")
    assert (await company.set(admits=True, enforced=True)).status_code == 200
    assert (await company.api.client.get("/api/me", headers=headers)).status_code == 401  # ended with enforcing
    body = {"email": "ann@own.example", "password": PASSWORD}
    answer = await company.api.client.post("/api/auth/sign-in", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "sso_needed")
    wrong = await company.api.client.post("/api/auth/sign-in", json={**body, "password": "wrong"})
    assert wrong.json()["code"] == "wrong_credentials"
    await company.sign_in("ann@own.example")
    assert (await company.me())["email"] == "ann@own.example"
    glass = await company.api.client.post("/api/auth/sign-in", json={"email": OWNER, "password": PASSWORD})
    assert glass.status_code == 200
    assert (await company.api.call(OWNER, "DELETE", PROVIDER)).status_code == 204
    assert (await company.api.client.post("/api/auth/sign-in", json=body)).status_code == 200


async def test_enforcing_takes_a_proven_domain(api: Any, issuer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "allowed_networks", "127.0.0.1/32")
    answer = await Company(api, issuer, {}).set(enforced=True)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_proven_domain")


async def test_a_removed_member_is_not_connected_any_more(company: Company) -> None:
    await company.sign_in("ann@own.example")
    ann = (await company.me())["id"]
    await company.set(admits=False)
    assert (await company.api.call(OWNER, "DELETE", f"/api/orgs/own/members/{ann}")).status_code == 204
    assert refused(await company.sign_in("ann@own.example")) == "sso_not_member"
    async with company.api.app.state.context.database.everything() as session:
        assert await session.scalar(select(Membership).where(Membership.user_id == ann)) is None


async def test_the_secret_is_shown_to_nobody_and_goes_to_no_other_issuer(company: Company) -> None:
    page = await company.api.call(OWNER, "GET", PROVIDER)
    assert page.json()["provider"]["has_secret"] and page.json()["redirect_uri"] == BACK
    assert "a-client-secret" not in page.text
    body = {"issuer": company.issuer.replace("127.0.0.1", "localhost"), "client_id": "stillroom"}
    answer = await company.api.call(OWNER, "PUT", PROVIDER, json=body)
    assert answer.status_code == 422 and answer.json()["code"] in ("secret_for_another_issuer", "provider_unreachable")


@pytest.mark.parametrize(
    "issuer_url",
    [
        "http://169.254.169.254",
        "https://10.0.0.1",
        "ftp://x.example",
        "https://user:p@x.example",
        "javascript:alert(1)",
    ],
)
async def test_an_issuer_inside_some_network_is_not_asked(api: Any, issuer_url: str) -> None:
    body = {"issuer": issuer_url, "client_id": "stillroom"}
    answer = await api.call(OWNER, "PUT", PROVIDER, json=body)
    assert (answer.status_code, answer.json()["code"]) in ((422, "url_refused"), (422, "bad_url"))


async def test_leading_elsewhere_after_signing_in_leads_to_our_first_page(company: Company) -> None:
    for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "javascript:x"):
        answer = await company.sign_in("ann@own.example", next=elsewhere)
        assert answer.headers["location"] == "http://testserver/", elsewhere


async def refusals(company: Company) -> list[Any]:
    """What the organization's audit log says was refused, the newest first."""
    answer = await company.api.call(OWNER, "GET", "/api/orgs/own/audit", params={"outcome": "refused"})
    assert answer.status_code == 200, answer.text
    for secret in ("a-client-secret", "code=", "state="):
        assert secret not in answer.text
    items: list[Any] = answer.json()["items"]
    return items


def told(entry: Any) -> tuple[Any, ...]:
    return entry["action"], entry["reason"], entry["actor"]["kind"], entry["actor"]["name"]


async def test_a_refused_address_is_told_where_the_provider_belongs_and_nowhere_else(company: Company) -> None:
    await company.sign_in("foreign@own.example")
    await company.sign_in("unverified@own.example")
    unverified, foreign = await refusals(company)
    assert told(foreign) == ("account.sign_in", "sso_address", "unknown", OTHER)
    assert told(unverified) == ("account.sign_in", "sso_address", "unknown", "unverified@own.example")
    assert foreign["address"] and foreign["request_id"] and foreign["actor"]["id"] is None
    assert foreign["after"] == {f"account {OTHER}": {"method": "sso", "provider": company.issuer}}
    # Whoever sets a provider up must not fill the logs of others by it.
    for path in ("/api/orgs/other/audit?outcome=refused", "/api/me/events"):
        items = (await company.api.call(OTHER, "GET", path)).json()["items"]
        assert [one for one in items if one["outcome"] == "refused"] == []


async def test_a_way_back_of_another_browser_or_with_another_nonce_is_told(company: Company) -> None:
    back = await company.visit((await company.begin("ann@own.example")).json()["location"])
    state, code = (parse_qs(urlsplit(back).query)[name][0] for name in ("state", "code"))
    company.api.client.cookies.clear()
    await company.api.client.get(back)
    (elsewhere,) = await refusals(company)
    assert told(elsewhere) == ("account.sign_in", "sso_ended", "unknown", "")
    assert state not in str(elsewhere) and code not in str(elsewhere)
    begun = (await company.begin("ann@own.example")).json()["location"]
    nonce = parse_qs(urlsplit(begun).query)["nonce"][0]
    await company.api.client.get(await company.visit(begun.replace(nonce, "n" * len(nonce))))
    assert told((await refusals(company))[0]) == ("account.sign_in", "sso_failed: nonce", "unknown", "")
    # A state that nobody was given belongs to no organization.
    await company.api.client.get(f"{BACK}?state=made-up&code=x")
    assert len(await refusals(company)) == 2


async def test_what_the_provider_itself_refuses_is_told(company: Company) -> None:
    begun = await company.begin("ann@own.example")
    state = parse_qs(urlsplit(begun.json()["location"]).query)["state"][0]
    back = {"state": state, "error": "access_denied", "error_description": "code=leaked"}
    assert refused(await company.api.client.get(BACK, params=back)) == "sso_failed"
    assert [one["reason"] for one in await refusals(company)] == ["sso_failed: provider_refused"]


async def test_who_is_no_member_is_told_as_unknown_and_a_switched_off_account_by_its_name(company: Company) -> None:
    await company.sign_in("ann@own.example")
    database = company.api.app.state.context.database
    async with database.everything() as session:
        await session.execute(update(User).where(User.email == "ann@own.example").values(disabled_at=now()))
    assert refused(await company.sign_in("ann@own.example")) == "account_disabled"
    (disabled,) = await refusals(company)
    assert told(disabled) == ("account.sign_in", "account_disabled", "person", "Ann")
    await company.set(admits=False)
    async with database.everything() as session:
        await session.execute(delete(User).where(User.email == "ann@own.example"))
    assert refused(await company.sign_in("ann@own.example")) == "sso_not_member"
    assert told((await refusals(company))[0]) == ("account.sign_in", "sso_not_member", "unknown", "ann@own.example")


async def test_a_second_factor_that_is_in_the_way_is_told_to_its_person_too(company: Company) -> None:
    async with company.api.app.state.context.database.everything() as session:
        await session.execute(update(User).where(User.email == OWNER).values(totp_enabled_at=now()))
    await company.sign_in(OWNER)
    assert [told(one)[1:] for one in await refusals(company)] == [("sso_second_factor", "person", "Owner mine")]
    events = (await company.api.call(OWNER, "GET", "/api/me/events")).json()["items"]
    assert [one["reason"] for one in events if one["outcome"] == "refused"] == ["sso_second_factor"]
