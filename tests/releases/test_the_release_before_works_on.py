"""The release before runs on while our migrations are applied, and beside our own processes afterwards."""

import os
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from operations.conftest import MOVE, ended
from operations.installation import Whole, until

from releases.before import NoHistory, check_out, python_path, reading, recorded
from stillroom_core.newest_schema import NEWEST
from stillroom_testing.installations import MIGRATE, ROOT, for_jobs, new_installation
from stillroom_testing.jobs_scene import CACHE, Scene, first_data, two_tables
from stillroom_testing.servers import PostgresServer

KNOWN = {"org": "demo", "project": "shop", "environment": "dev", "revision": "aaa1"}


@dataclass
class Both:
    """The release before, which runs, and ours, which does not yet, over one database and one broker."""

    old: Whole
    new: Whole
    owner_url: str
    # What the release before could answer on its own schema: every page and list, after a job has run.
    pages: list[str]


@pytest.fixture(scope="module")
def both(postgres_server: PostgresServer, redis_url: str) -> Iterator[Both]:
    """The release before with its own schema, signed in to, its project fetched."""
    CACHE.mkdir(parents=True, exist_ok=True)
    target = postgres_server.new_database("target")
    with tempfile.TemporaryDirectory(prefix="stillroom-releases-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("sources", "before", "ours", "repository"):
            (folder / part).mkdir()
        try:
            sources = check_out(folder / "sources")
        except NoHistory as cause:
            pytest.skip(str(cause))
        given = {**for_jobs(), "STILLROOM_RATE_LIMITS": "0", "PYTHONPATH": python_path(sources)}
        broker = redis_url.rpartition("/")[0] + "/8"  # other tests ring in the first one
        owner_url = postgres_server.new_database("releases").url
        environment = new_installation(owner_url, broker, folder / "before", code=sources, **given)
        old = Whole(environment, folder / "before", code=sources)
        ours = {**environment, "STILLROOM_DATA_DIR": str(folder / "ours")}
        del ours["PYTHONPATH"]
        new = Whole(ours, folder / "ours")
        for whole in (old, new):
            (whole.folder / "virtualenvs").symlink_to(CACHE)
        project = Scene(None, None, folder / "repository", target)  # type: ignore[arg-type]
        project.commit(two_tables())
        try:
            old.first_data(first_data(project.repository, target))
            for part in ("api", "scheduler", "worker"):
                old.launch(part)
            old.sign_in()
            until(lambda: _fetched(old), f"the project is fetched: {old.log('worker')[-3000:]}")
            job = run(old, "upgrade", "head")
            known = [*reading(sources, {**KNOWN, "job": job["id"]})]
            asked = [f"{path}?project=demo/shop" for path in known]
            yield Both(old, new, owner_url, [path for path in asked if old.http.get(path).status_code == 200])
        finally:
            old.close()
            new.close()
            postgres_server.drop_database(target)


def test_the_release_before_serves_and_runs_jobs_while_the_schema_moves(both: Both) -> None:
    old = both.old
    assert schema_of(both.owner_url) == recorded()["schema"]  # so it is the old code that made it
    asked: list[str] = []
    assert len(both.pages) > 30
    with looking(old, both.pages) as seen, asking(both, asked):
        until(lambda: seen["200"] > 50 and len(asked) > 2, "there is work before the migrations")
        migrate(both.new)
        before, jobs = seen["200"], len(asked)
        until(lambda: seen["200"] > before + 50 and len(asked) > jobs + 2, "and after them")
    assert schema_of(both.owner_url) == NEWEST
    assert {answer: number for answer, number in seen.items() if answer != "200"} == {}, deadlocks(both.owner_url)
    states = Counter(until(lambda key=key: ended(old, key), f"job {key} ends")["state"] for key in asked)
    assert states == {"succeeded": len(asked)}
    assert "UndefinedColumn" not in old.log("api") + old.log("worker") + old.log("scheduler")


def test_on_the_newest_schema_the_release_before_signs_people_in_and_moves_a_database(both: Both) -> None:
    old = both.old
    old.http.headers.pop("Authorization")
    assert old.http.get("/api/me").status_code == 401
    old.sign_in()
    for path in both.pages:
        assert old.http.get(path).status_code == 200, path
    for kind, revision in (("upgrade", "head"), ("downgrade", "-1"), ("current", None)):
        done = run(old, kind, revision)
        assert done["state"] == "succeeded", (kind, done["error"], old.log("worker")[-3000:])


def test_both_releases_serve_side_by_side_and_each_runs_what_the_other_was_asked(both: Both) -> None:
    old, new = both.old, both.new
    for part in ("api", "scheduler", "reader", "worker"):
        new.start(part)
    new.sign_in()  # with its own address, and the same people
    assert new.http.get("/readyz").json()["status"] == "ready"
    assert old.stop("worker") == 0
    by_ours = run(old, "upgrade", "head")
    assert (by_ours["state"], new.log("worker").count(by_ours["id"]) > 0) == ("succeeded", True)
    assert new.stop("worker") == 0
    old.launch("worker")
    by_theirs = run(new, "downgrade", "base")
    assert (by_theirs["state"], by_theirs["error"]) == ("succeeded", None)
    # What the release before wrote is read by ours, and the other way round.
    for whole in (old, new):
        listed = {job["id"] for job in whole.http.get("/api/jobs?project=demo/shop").json()["items"]}
        assert {by_ours["id"], by_theirs["id"]} <= listed
    for part in ("worker", "scheduler", "api"):
        old.stop(part)
    new.start("worker")
    assert run(new, "upgrade", "head")["state"] == "succeeded"


def test_the_old_processes_ran_the_old_code(both: Both) -> None:
    said = subprocess.run(
        ["python3", "-c", "import stillroom_core; print(stillroom_core.__file__)"],
        env={**os.environ, "PYTHONPATH": both.old.environment["PYTHONPATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.startswith(str(both.old.code))
    assert (
        not (both.old.code / "services/core/stillroom_core/newest_schema.py").exists()
        or NEWEST not in (both.old.code / "services/core/stillroom_core/newest_schema.py").read_text()
    )


def test_a_clone_with_the_whole_history_and_without_the_release_before_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(NoHistory):
        check_out(tmp_path / "sources", root=tmp_path)
    _empty_repository(tmp_path)
    with pytest.raises(LookupError, match=r"correct released\.toml"):
        check_out(tmp_path / "sources", root=tmp_path)


def test_a_shallow_clone_gets_the_one_commit_from_its_origin_or_says_how_it_is_had(tmp_path: Path) -> None:
    clone, origin = tmp_path / "clone", tmp_path / "empty"
    clone_of = ["git", "clone", "-q", "--depth=1"]
    here = ["git", "-C", str(ROOT), "cat-file", "-e", recorded()["commit"]]
    if subprocess.run(here, check=False, capture_output=True).returncode == 0:  # else this clone is such a one itself
        subprocess.run([*clone_of, ROOT.as_uri(), str(clone)], check=True)
        assert (check_out(tmp_path / "sources", root=clone) / "services" / "api").is_dir()
    origin.mkdir()
    _empty_repository(origin)
    _empty_repository(origin)
    subprocess.run([*clone_of, origin.as_uri(), str(tmp_path / "other")], check=True)
    with pytest.raises(NoHistory, match="git fetch --unshallow"):
        check_out(tmp_path / "sources", root=tmp_path / "other")


def _empty_repository(folder: Path) -> None:
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-C", str(folder)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "nothing"], check=True)


def schema_of(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("select version_num from alembic_version").fetchone()
        assert row is not None
        return str(row[0])


def deadlocks(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select deadlocks from pg_stat_database where datname = current_database()").fetchone()
        assert row is not None
        return int(row[0])


def migrate(whole: Whole) -> None:
    done = subprocess.run(MIGRATE, cwd=ROOT, env=whole.environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


class looking:
    """Two visitors who look at one page after the other; counts what they were answered."""

    def __init__(self, whole: Whole, pages: list[str]) -> None:
        self._pages = pages
        self._whole, self._over, self.seen = whole, threading.Event(), Counter[str]()
        self._threads = [threading.Thread(target=self._look, daemon=True) for _ in range(2)]

    def _look(self) -> None:
        while not self._over.is_set():
            for path in self._pages:
                self._over.wait(0.05)  # people read what they see
                try:
                    status = str(self._whole.http.get(path).status_code)
                except httpx.HTTPError as cause:
                    status = type(cause).__name__
                self.seen[status if status == "200" else f"{status} {path}"] += 1

    def __enter__(self) -> Counter[str]:
        for thread in self._threads:
            thread.start()
        return self.seen

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


class asking:
    """Somebody who asks for jobs, one after the other; keeps their ids."""

    def __init__(self, both: Both, asked: list[str]) -> None:
        self._whole, self._database, self._asked, self._over = both.old, both.owner_url, asked, threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self.refused: list[str] = []

    def _ask(self) -> None:
        moves = (("upgrade", "head"), ("current", None), ("downgrade", "base"))
        while not self._over.is_set():
            kind, revision = moves[len(self._asked) % 3]
            answer = self._whole.http.post(f"/api/migrations/{kind}", json=_move(revision))
            if answer.is_success:
                self._asked.append(answer.json()["id"])
                until(lambda: ended(self._whole, self._asked[-1]), "the job ends")
            else:
                self.refused.append(answer.text)
                time.sleep(0.2)

    def __enter__(self) -> "asking":
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        self._thread.join()
        assert self.refused == [], deadlocks(self._database)


def run(whole: Whole, kind: str, revision: str | None) -> Any:
    job = whole.http.post(f"/api/migrations/{kind}", json=_move(revision)).raise_for_status().json()
    return until(lambda: ended(whole, job["id"]), f"{kind} ends: {whole.log('worker')[-3000:]}")


def _move(revision: str | None) -> dict[str, str]:
    return {**MOVE, **({"revision": revision} if revision else {})}


def _fetched(whole: Whole) -> Any:
    project = whole.http.get("/api/orgs/demo/projects/shop").json()
    assert project["fetch"]["error"] is None, project
    return project["commit"] if project["fetch"]["state"] == "idle" else None
