"""`stillroom demo`: one real upgrade, from nothing to the result, without a hand."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

from stillroom_cli.client.connection import Client
from stillroom_cli.client.failures import Exit, Failure, Refused
from stillroom_cli.client.running import tell
from stillroom_cli.client.watching import exit_of, watch
from stillroom_cli.embedded import CannotStart
from stillroom_cli.stack.layout import Layout, find_layout
from stillroom_cli.stack.sample import ORGANIZATION, PROJECT
from stillroom_cli.stack.settings import StackSettings, load_settings
from stillroom_cli.stack.up import say, start_in_background

ENVIRONMENT = "staging"
PATIENCE = 180.0
_PROJECT = f"{ORGANIZATION['slug']}/{PROJECT}"
_PROJECT_PATH = f"/api/orgs/{ORGANIZATION['slug']}/projects/{PROJECT}"


def demo(_arguments: argparse.Namespace) -> int:
    """Starts the stack or takes the running one, upgrades staging of the sample, says where all stands."""
    layout = find_layout()
    layout.make()
    if status := start_in_background(layout):
        return status
    settings = load_settings(layout.settings)
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104  compared, not bound
    try:
        with Client(f"http://{host}:{settings.port}") as client:
            return _show(client, layout, settings)
    except Failure as failure:
        tell(failure)
        return failure.exit


def _show(client: Client, layout: Layout, settings: StackSettings) -> int:
    _sign_in(client, layout, settings)
    _wait_for_history(client)
    database = _wait_for_heads(client)
    status = int(Exit.DONE)
    say("")
    if database["at_head"]:
        say(f"{database['name']} is at head already: nothing to upgrade.")
    else:
        wanted = {"project": _PROJECT, "environment": ENVIRONMENT, "revision": "heads"}
        job = watch(client, client.post("/api/migrations/upgrade", wanted)["id"], sys.stdout)
        status = int(exit_of(job))
    _print_whereabouts(client)
    say(f"\n  The page:  {settings.public_url}")
    say(f"  Sign in:   {settings.admin_email}  {_shown_password(settings)}")
    say("  It keeps running; `make down` stops it.")
    return status


def _sign_in(client: Client, layout: Layout, settings: StackSettings) -> None:
    try:
        client.sign_in(settings.admin_email, settings.admin_password)
    except Refused as refused:
        if refused.status != 401:
            raise
        raise CannotStart(
            f"the password of {settings.admin_email} is no longer the one in {layout.settings}: "
            "STILLROOM_ADMIN_PASSWORD=… make demo"
        ) from None


def _wait_for_history(client: Client) -> None:
    def fetched() -> dict[str, Any] | None:
        try:
            project: dict[str, Any] = client.get(_PROJECT_PATH)
        except Refused as refused:
            if refused.status != 404:
                raise
            raise CannotStart(
                "there is no sample project here (it needs a server on which databases may be made, and "
                "no STILLROOM_SAMPLE=0)"
            ) from None
        if project["fetch"]["state"] == "failed":
            error = project["fetch"]["error"] or {}
            raise CannotStart(f"the sample project could not be fetched: {error.get('title', 'no reason')}")
        return project if project["commit"] else None

    _wait("the first fetch of the sample project", fetched)


def _wait_for_heads(client: Client) -> dict[str, Any]:
    database = _databases(client)[ENVIRONMENT][0]
    if database["heads"] is None and database["read"]["state"] in ("idle", "failed"):
        client.post(f"{_PROJECT_PATH}/environments/{ENVIRONMENT}/databases/{database['id']}/read")

    def known() -> dict[str, Any] | None:
        found = _databases(client)[ENVIRONMENT][0]
        if found["heads"] is None and found["read"]["state"] == "failed":
            error = found["read"]["error"] or {}
            raise CannotStart(f"{found['name']} could not be read: {error.get('title', 'no reason')}")
        return found if found["heads"] is not None and found["at_head"] is not None else None

    return _wait(f"the revisions of {database['name']}", known)


def _databases(client: Client) -> dict[str, list[dict[str, Any]]]:
    current = client.get("/api/migrations/current", project=_PROJECT)
    return {environment["slug"]: environment["databases"] for environment in current["environments"]}


def _print_whereabouts(client: Client) -> None:
    say("\nWhere the databases stand:")
    for slug, databases in _databases(client).items():
        for database in databases:
            heads = database["heads"]
            where = "not read yet" if heads is None else ", ".join(heads) or "empty"
            behind = database["behind"]
            distance = "at head" if database["at_head"] else f"{behind} behind" if behind else ""
            say(f"  {slug:<10}{database['name']:<16}{where:<32}{distance}")


def _shown_password(settings: StackSettings) -> str:
    return "(the password you gave)" if settings.admin_password_given else settings.admin_password


def _wait(what: str, look: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.25)
    raise CannotStart(
        f"{what} did not come within {PATIENCE:.0f} s: `stillroom status`, and the logs beside settings.env, say more"
    )
