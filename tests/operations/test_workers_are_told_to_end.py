"""SIGTERM to real workers: they take no more, say so, end their job in its time or stop it, and go by themselves."""

from typing import Any

import psycopg

from operations.conftest import MOVE, ended
from operations.installation import until
from stillroom_testing.jobs_scene import revision, two_tables

BUSY = "select count(*) from pg_stat_activity where query like %s and state = 'active' and pid <> pg_backend_pid()"


def test_a_worker_that_is_told_to_end_is_relieved_by_another_and_no_job_is_lost(operated: Any) -> None:
    whole = operated.whole
    whole.stop("worker")  # its first job was the fixture's; from here on there is exactly one at a time
    _commit(whole, operated, "slow", "select pg_sleep(600) /* drain */")
    whole.start("old", STILLROOM_DRAIN_S="3")
    job = whole.http.post("/api/migrations/upgrade", json={**MOVE, "revision": "slow"}).raise_for_status().json()
    until(lambda: _busy(operated.target.url), "the statement runs")
    asked = whole.http.post("/api/migrations/current", json=MOVE).raise_for_status().json()

    whole.processes["old"].terminate()
    until(lambda: whole.door("old", "/readyz").text == "worker: ends: it takes no more jobs\n", "it says that it ends")
    assert whole.http.get(f"/api/jobs/{asked['id']}").json()["state"] == "queued"
    assert whole.processes.pop("old").wait(60) == 0

    stopped = whole.http.get(f"/api/jobs/{job['id']}").json()
    assert (stopped["state"], stopped["error"]["code"]) == ("failed", "worker_ended")
    assert not _busy(operated.target.url)
    assert whole.http.get(f"/api/jobs/{asked['id']}").json()["state"] == "queued"
    assert whole.http.get("/readyz").json()["workers"] == {}

    whole.start("worker")
    done = until(lambda: ended(whole, asked["id"]), "the next worker takes what waited")
    assert done["state"] == "succeeded"


def _commit(whole: Any, operated: Any, key: str, statement: str) -> None:
    before = whole.http.get("/api/orgs/demo/projects/shop").json()["commit"]["sha"]
    operated.project.commit(two_tables() | {key: revision(key, "bbb2", f'op.execute("{statement}")')})
    whole.start("fetching")
    whole.http.post("/api/orgs/demo/projects/shop/fetch").raise_for_status()
    until(lambda: whole.http.get("/api/orgs/demo/projects/shop").json()["commit"]["sha"] != before, "it is fetched")
    assert whole.stop("fetching") == 0


def _busy(url: str) -> bool:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(BUSY, ("%/* drain */%",)).fetchone()
        return bool(row and row[0])
