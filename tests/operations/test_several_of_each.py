"""Two apis and three workers over one database and one broker: each job once, each event once, rights everywhere."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from chaos.watcher import Watcher

from operations.installation import Whole, until
from stillroom_testing.installations import for_jobs, new_installation
from stillroom_testing.jobs_scene import CACHE, Scene, first_data, revision
from stillroom_testing.servers import DatabaseAddress, PostgresServer

APIS = ("api", "api-second")
WORKERS = ("worker-1", "worker-2", "worker-3")
DATABASES = 3
KEYS = ("aaa1", "bbb2", "ccc3")
# What each database is asked, in this order; two of them at once would meet in the lock.
MOVES = (("current", None), *(("upgrade", key) for key in KEYS), ("current", None))
_NOTED = """
op.execute("create table if not exists ran (number serial, what text)")
op.execute("do $$ begin if not pg_try_advisory_xact_lock(4711) then raise exception 'OVERLAP'; end if; end $$")
op.execute("select pg_sleep(0.05)")
op.execute("insert into ran (what) values ('{key}')")
"""


def _noting() -> dict[str, str]:
    downs = (None, *KEYS)
    return {key: revision(key, down, _NOTED.format(key=key)) for key, down in zip(KEYS, downs, strict=False)}


@dataclass
class Several:
    """The installation, a client of each api, and the databases by their names."""

    whole: Whole
    clients: dict[str, httpx.Client]
    targets: dict[str, DatabaseAddress]
    owner_url: str


@pytest.fixture(scope="module")
def several(postgres_server: PostgresServer, redis_url: str) -> Iterator[Several]:
    """All of them up, the project fetched and its databases read; the client of each api is signed in."""
    CACHE.mkdir(parents=True, exist_ok=True)
    targets = {f"target-{number}": postgres_server.new_database("several") for number in range(DATABASES)}
    owner_url = postgres_server.new_database("several").url
    with tempfile.TemporaryDirectory(prefix="stillroom-several-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "virtualenvs").symlink_to(CACHE)
        given = {**for_jobs(), "STILLROOM_RATE_LIMITS": "0"}
        broker = redis_url.rpartition("/")[0] + "/9"  # other tests ring in the first one
        whole = Whole(new_installation(owner_url, broker, folder, **given), folder)
        project = Scene(None, None, folder / "repository", targets["target-0"])  # type: ignore[arg-type]
        project.commit(_noting())
        clients = {}
        try:
            whole.first_data(_with_databases(first_data(project.repository, project.target), targets))
            for part in (*APIS, *WORKERS, "scheduler"):
                whole.launch(part)
            for part in WORKERS:
                until(lambda part=part: whole.door(part, "/readyz").is_success, f"{part}: {whole.log(part)[-2000:]}")
            whole.sign_in()
            for api in APIS:
                headers = {"Authorization": whole.http.headers["Authorization"]}
                clients[api] = httpx.Client(base_url=whole.url(api), headers=headers, trust_env=False, timeout=60)
                until(lambda api=api: clients[api].get("/readyz").is_success, f"{api} serves")
            until(lambda: _read(clients["api"]), "the project is fetched, and its databases are read")
            yield Several(whole, clients, targets, owner_url)
        finally:
            for client in clients.values():
                client.close()
            whole.close()
            for target in targets.values():
                postgres_server.drop_database(target)


def test_each_job_runs_once_and_in_turn_and_the_other_api_shows_each_event_once(several: Several) -> None:
    with ThreadPoolExecutor(DATABASES) as pool:
        asked = dict(zip(several.targets, pool.map(lambda name: _ask(several, name), several.targets), strict=True))
    watchers = {job["id"]: watcher for jobs in asked.values() for job, watcher in jobs}
    for watcher in watchers.values():
        assert watcher.ended.wait(120), "a stream has no end"
    for name, jobs in asked.items():
        rows = [several.clients["api"].get(f"/api/jobs/{job['id']}").json() for job, _ in jobs]
        assert [row["state"] for row in rows] == ["succeeded"] * len(MOVES), [row["error"] for row in rows]
        for before, after in pairwise(rows):
            assert before["finished_at"] <= after["started_at"], name
        with psycopg.connect(several.targets[name].url) as connection:
            ran = [what for (what,) in connection.execute("select what from ran order by number")]
        assert ran == [*KEYS]
    claims = _claims(several.whole)
    assert Counter(claims) == Counter(list(watchers))
    assert len([worker for worker in WORKERS if _claims(several.whole, worker)]) > 1, "one worker did it all"
    with psycopg.connect(several.owner_url) as connection:
        connection.execute("set app.everything = 'on'")
        for key, watcher in watchers.items():
            rows = connection.execute("select seq from job_events where job_id = %s order by seq", [key]).fetchall()
            assert [event["seq"] for event in watcher.shown] == [seq for (seq,) in rows] == [*range(1, len(rows) + 1)]


def test_a_role_taken_away_at_one_api_is_gone_at_the_other_with_the_next_request(several: Several) -> None:
    first, second = several.clients.values()
    account, token = _account(first)
    theirs = {"Authorization": f"Bearer {token}"}
    move = {"project": "demo/shop", "environment": "dev", "database": "target-0"}
    job = second.post("/api/migrations/current", json=move, headers=theirs).raise_for_status().json()
    role = f"/api/orgs/demo/projects/shop/members/{account}"
    for taken, kept in ((first, second), (second, first)):
        for _ in range(5):
            assert kept.get(f"/api/jobs/{job['id']}", headers=theirs).status_code == 200
            taken.put(role, json={"role": None}).raise_for_status()
            assert kept.get(f"/api/jobs/{job['id']}", headers=theirs).status_code == 404
            assert kept.post("/api/migrations/current", json=move, headers=theirs).status_code == 404
            taken.put(role, json={"role": "operator"}).raise_for_status()
    first.delete(f"/api/orgs/demo/service-accounts/{account}").raise_for_status()
    assert second.get(f"/api/jobs/{job['id']}", headers=theirs).status_code == 401


def _ask(several: Several, name: str) -> list[tuple[dict[str, Any], Watcher]]:
    """Every move of one database, by turns through each api and watched through the other; none waits for another."""
    found = []
    for number, (kind, key) in enumerate(MOVES):
        here, there = APIS[number % 2], APIS[(number + 1) % 2]
        move = {"project": "demo/shop", "environment": "dev", "database": name, **({"revision": key} if key else {})}
        job = several.clients[here].post(f"/api/migrations/{kind}", json=move).raise_for_status().json()
        watcher = Watcher(
            several.whole.url(there), {"Authorization": several.clients[there].headers["Authorization"]}, job["id"]
        )
        watcher.start()
        found.append((job, watcher))
    return found


def _claims(whole: Whole, *workers: str) -> list[str]:
    lines = [line for worker in workers or WORKERS for line in whole.lines(worker)]
    return [line["job"] for line in lines if line.get("event") == "job.claimed"]


def _account(client: httpx.Client) -> tuple[str, str]:
    """A service account that may run jobs, and the text of its token."""
    wanted = {"name": "Ship", "roles": [{"project": "shop", "role": "operator"}]}
    made = client.post("/api/orgs/demo/service-accounts", json=wanted).raise_for_status().json()
    token = {"name": "ship", "permissions": ["job.read", "job.plan", "job.upgrade"], "expires_in_days": 1}
    answer = client.post("/api/orgs/demo/tokens", json={**token, "owner": made["id"]}).raise_for_status()
    return made["id"], answer.json()["token"]


def _with_databases(content: dict[str, Any], targets: dict[str, DatabaseAddress]) -> dict[str, Any]:
    [environment] = content["sample"]["environments"]
    [one] = environment["databases"]
    environment["databases"] = [{**one, "name": name, "database": t.database} for name, t in targets.items()]
    return content


def _read(client: httpx.Client) -> bool:
    answer = client.get("/api/migrations/current", params={"project": "demo/shop"})
    if not answer.is_success:
        return False
    rows = [row for environment in answer.json()["environments"] for row in environment["databases"]]
    return len(rows) == DATABASES and all(row["heads"] is not None for row in rows)
