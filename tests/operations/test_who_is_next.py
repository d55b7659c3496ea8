"""A flood of one organization, and a job of another: real messages, a real worker with one slot."""

import json
import subprocess
import sys
from typing import Any

import pytest

from operations.conftest import MOVE, ended
from operations.installation import ROOT, until
from stillroom_testing.jobs_scene import first_data

FLOOD = 6
ENVIRONMENT = "/api/orgs/{org}/projects/shop/environments/dev/databases"


def test_a_flood_of_one_organization_does_not_starve_another(operated: Any) -> None:
    whole = operated.whole
    levels = until(lambda: whole.http.get("/readyz").json()["workers"], "a worker lives")
    if "bare" in levels:
        pytest.skip("without walls there is only one organization")
    _second_organization(operated)
    for number in range(FLOOD):
        _database(operated, "demo", f"flood-{number}")
    flood = [_current(whole, f"demo/shop?flood-{number}") for number in range(FLOOD)]
    until(lambda: any(_job(whole, key)["state"] == "running" for key in flood), "the flood begins")
    late = _current(whole, "second/shop?main")
    done = until(lambda: ended(whole, late), "the other one ends")
    assert done["state"] == "succeeded", done["error"]
    for key in flood:
        until(lambda key=key: ended(whole, key), "the flood ends")
    jobs = [_job(whole, key) for key in flood]
    # At most the one that ran, and the one that a message had begun, when the other asked.
    before = [job for job in jobs if done["requested_at"] < job["started_at"] < done["started_at"]]
    assert len(before) <= 1, (done["requested_at"], [job["started_at"] for job in jobs])
    waited = [job for job in jobs if job["started_at"] > done["started_at"]]
    assert len(waited) >= FLOOD - 3


def _second_organization(operated: Any) -> None:
    content = first_data(operated.project.repository, operated.target)
    content["sample"]["organization"] = {"slug": "second", "name": "Second"}
    # Founding a second one is refused where jobs may run without walls; this worker has proven some.
    environment = {**operated.whole.environment, "STILLROOM_SANDBOX": "landlock"}
    words = [sys.executable, "-m", "stillroom_core.bootstrap"]
    subprocess.run(words, input=json.dumps(content), text=True, check=True, cwd=ROOT, env=environment)
    operated.whole.sign_in()
    until(lambda: _commit(operated.whole, "second"), "its project is fetched")


def _commit(whole: Any, org: str) -> Any:
    return whole.http.get(f"/api/orgs/{org}/projects/shop").json()["commit"]


def _database(operated: Any, org: str, name: str) -> None:
    target = operated.target
    given = {
        "name": name,
        "host": target.host,
        "port": target.port,
        "database": target.database,
        "username": target.user,
        "password": target.password,
        "sslmode": "disable",
    }
    operated.whole.http.post(ENVIRONMENT.format(org=org), json=given).raise_for_status()


def _current(whole: Any, place: str) -> str:
    project, _, database = place.partition("?")
    asked = whole.http.post("/api/migrations/current", json={**MOVE, "project": project, "database": database})
    key: str = asked.raise_for_status().json()["id"]
    return key


def _job(whole: Any, key: str) -> Any:
    return whole.http.get(f"/api/jobs/{key}").json()
