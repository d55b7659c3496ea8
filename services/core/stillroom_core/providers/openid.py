"""OpenID Connect with a provider that a tenant chose: its documents, the way there and back, and what it says.

Every address is judged, pinned and bounded (outbound/http.py); keys and algorithms never come from the token.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import jwt

from stillroom_core.errors import Invalid
from stillroom_core.outbound.addresses import operator_networks
from stillroom_core.outbound.http import NotReached, ask_for_object, check_url
from stillroom_core.settings import Settings

_WITHIN = timedelta(seconds=10)
_MOST = 256 * 1024
_LEEWAY = timedelta(seconds=60)
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_SCOPE = "openid email profile"


class ProviderFailed(Exception):
    """The provider does not answer, or not as OpenID Connect wants; `code` says what, for people who set it up."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Endpoints:
    """Where a provider is asked."""

    authorization: str
    token: str
    keys: str
    userinfo: str | None
    basic: bool  # how it takes the client's secret: by Basic authentication, else in the body


@dataclass(frozen=True)
class Client:
    """Who we are to a provider."""

    issuer: str
    id: str
    secret: str | None
    redirect: str


@dataclass(frozen=True)
class Secrets:
    """What one sign-in must bring back; the verifier proves that who began it ends it (PKCE, RFC 7636)."""

    state: str
    nonce: str
    verifier: str


async def discover(settings: Settings, issuer: str) -> Endpoints:
    """Reads the provider's discovery document; raises ProviderFailed."""
    found = await _json(settings, "GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != issuer:
        raise ProviderFailed("another_issuer")
    methods = found.get("code_challenge_methods_supported", ["S256"])
    if not isinstance(methods, list) or "S256" not in methods:
        raise ProviderFailed("no_pkce")
    there, token, keys = (found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"))
    if not isinstance(there, str) or not isinstance(token, str) or not isinstance(keys, str):
        raise ProviderFailed("endpoints_missing")
    try:
        check_url(there, operator_networks(settings))  # a browser is sent there: never to javascript:
    except Invalid:
        raise ProviderFailed("address_refused") from None
    userinfo = found.get("userinfo_endpoint")
    methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    basic = isinstance(methods, list) and "client_secret_basic" in methods
    return Endpoints(there, token, keys, userinfo if isinstance(userinfo, str) else None, basic)


def way_there(endpoints: Endpoints, client: Client, secrets: Secrets, email: str) -> str:
    """Where the browser is sent."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(secrets.verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": client.redirect,
        "scope": _SCOPE,
        "state": secrets.state,
        "nonce": secrets.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "login_hint": email,
    }
    return f"{endpoints.authorization}{'&' if '?' in endpoints.authorization else '?'}{urlencode(query)}"


async def redeem(
    settings: Settings, endpoints: Endpoints, client: Client, secrets: Secrets, code: str
) -> Mapping[str, Any]:
    """What the provider says of who came back with this code; raises ProviderFailed for whatever does not hold."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect,
        "code_verifier": secrets.verifier,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if client.secret is None:
        form["client_id"] = client.id
    elif endpoints.basic:
        pair = f"{quote(client.id, safe='')}:{quote(client.secret, safe='')}"  # RFC 6749 §2.3.1
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        form |= {"client_id": client.id, "client_secret": client.secret}
    granted = await _json(settings, "POST", endpoints.token, headers, urlencode(form).encode())
    claims = await _believe(settings, endpoints, client, secrets.nonce, granted.get("id_token"))
    token = granted.get("access_token")
    if endpoints.userinfo is None or not isinstance(token, str) or "email" in claims:
        return claims
    more = await _json(settings, "GET", endpoints.userinfo, {"Authorization": f"Bearer {token}"})
    if more.get("sub") != claims["sub"]:
        raise ProviderFailed("another_subject")  # OpenID Connect Core §5.3.2
    return {**more, **claims}


async def _believe(
    settings: Settings, endpoints: Endpoints, client: Client, nonce: str, token: object
) -> dict[str, Any]:
    if not isinstance(token, str):
        raise ProviderFailed("no_id_token")
    keys = await _json(settings, "GET", endpoints.keys)
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in _ALGORITHMS:
            raise ProviderFailed("algorithm")
        usable = [key for key in jwt.PyJWKSet.from_dict(dict(keys)).keys if key.public_key_use in ("sig", None)]
        named = [key for key in usable if key.key_id == header.get("kid")] or (usable if len(usable) == 1 else [])
        if not named:
            raise ProviderFailed("unknown_key")
        claims: dict[str, Any] = jwt.decode(
            token,
            named[0],
            algorithms=_ALGORITHMS,
            audience=client.id,
            issuer=client.issuer,
            leeway=_LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as cause:
        raise ProviderFailed("id_token") from cause
    if claims.get("nonce") != nonce:
        raise ProviderFailed("nonce")
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != client.id:
        raise ProviderFailed("audience")
    if not isinstance(claims["sub"], str) or not 1 <= len(claims["sub"]) <= 255:
        raise ProviderFailed("subject")
    return claims


async def _json(
    settings: Settings, method: str, url: str, headers: Mapping[str, str] | None = None, content: bytes | None = None
) -> dict[str, Any]:
    try:
        return await ask_for_object(
            method,
            url,
            networks=operator_networks(settings),
            headers=headers,
            content=content,
            most=_MOST,
            within=_WITHIN,
        )
    except NotReached as failure:
        raise ProviderFailed(failure.code) from None
