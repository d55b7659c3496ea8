"""Acting without a secret: a CI system says who this pipeline is, and the server gives a token of minutes for that."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from stillroom_cli.client.credentials import CredentialFile, SignIn
from stillroom_cli.client.failures import Failure, Misused, Refused, Unreachable

_PATIENCE = httpx.Timeout(30, connect=10)


class ByIdentity:
    """Exchanges the pipeline's identity token when a command first needs it, and again before that ends.

    An identity token counts once. GitHub gives a new one whenever it is asked; GitLab gives one for the whole job, so
    what was got for it is kept for the job's next command in a private file.
    """

    def __init__(self, trust: str, *, local: bool) -> None:
        self._trust = trust
        self._local = local
        self._kept: SignIn | None = None
        self._file = CredentialFile(CredentialFile().path.with_name("identity.json"))

    def read(self, url: str) -> SignIn | None:
        """A token that is good for a while; raises Refused when the server does not trust this pipeline."""
        if self._kept is None or not self._kept.fresh():
            self._kept = self._exchanged(url)
        return self._kept

    def write(self, url: str, sign_in: SignIn) -> None:
        """A sign-in beside it would leave open which of the two counts."""
        raise _beside()

    def forget(self, url: str) -> None:
        """Likewise."""
        raise _beside()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """There is nothing that another process could change."""
        yield

    def _exchanged(self, url: str) -> SignIn:
        given = os.environ.get("STILLROOM_ID_TOKEN", "").strip()
        if not given:
            return self._ask(url, _from_github(os.environ.get("STILLROOM_AUDIENCE") or url))
        name = hashlib.sha256(f"{url}\n{self._trust}\n{given}".encode()).hexdigest()
        with self._file.lock():
            kept = self._file.read(name)
            if kept is None or not kept.fresh():
                kept = self._ask(url, given)
                self._file.write(name, kept)
            return kept

    def _ask(self, url: str, identity: str) -> SignIn:
        body = {"trust": self._trust, "token": identity}
        try:
            answer = httpx.post(f"{url}/api/auth/exchange", json=body, timeout=_PATIENCE, trust_env=not self._local)
        except httpx.HTTPError as cause:
            raise Unreachable(f"{url} does not answer.", detail=type(cause).__name__) from None
        content = _json(answer)
        if not answer.is_success:
            raise Refused(answer.status_code, content)
        return SignIn("", "", content["access_token"], time.time() + content["expires_in"])


def _from_github(audience: str) -> str:
    """An identity token of the workflow that runs, for this audience; raises Misused where there is none."""
    address, secret = (os.environ.get(f"ACTIONS_ID_TOKEN_REQUEST_{name}", "") for name in ("URL", "TOKEN"))
    if not address or not secret:
        raise Misused(
            "This pipeline has no identity token.",
            fix="In GitHub give the job `permissions: {id-token: write}`; in GitLab give it `id_tokens` with a token "
            "named STILLROOM_ID_TOKEN.",
        )
    try:
        where = httpx.URL(address).copy_merge_params({"audience": audience})
        answer = httpx.get(where, headers={"Authorization": f"Bearer {secret}"}, timeout=_PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL) as cause:
        raise Failure("GitHub gave no identity token.", detail=type(cause).__name__) from None
    value = _json(answer).get("value")
    if not answer.is_success or not isinstance(value, str):
        raise Failure("GitHub gave no identity token.", detail=f"It answered {answer.status_code}.")
    return value


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _beside() -> Misused:
    return Misused("STILLROOM_TRUST is set, so commands act as this pipeline.", fix="Unset it to sign in as a person.")
