"""One whole installation for the tests of this folder, with a project whose upgrade was asked for and has ended."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from operations.collector import Collector, collecting
from operations.installation import Whole, until
from stillroom_testing.installations import for_jobs, new_installation
from stillroom_testing.jobs_scene import CACHE, Scene, first_data, two_tables
from stillroom_testing.servers import DatabaseAddress, PostgresServer

REQUEST_ID = "ticket-4711.upgrade"
MOVE = {"project": "demo/shop", "environment": "dev", "database": "main"}  # named wholly: tests add others


@dataclass
class Operated:
    """The installation, what collects its traces, its project, and the job that ran."""

    whole: Whole
    collector: Collector
    project: Scene
    target: DatabaseAddress
    job: dict[str, Any]


@pytest.fixture(scope="session")
def operated(postgres_server: PostgresServer, redis_url: str) -> Iterator[Operated]:
    """Api, worker, scheduler and reader; one upgrade of two revisions has succeeded."""
    CACHE.mkdir(parents=True, exist_ok=True)
    target = postgres_server.new_database("target")
    with tempfile.TemporaryDirectory(prefix="stillroom-operations-") as name, collecting() as collector:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "virtualenvs").symlink_to(CACHE)
        traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        given = {**for_jobs(), "STILLROOM_DEVELOPMENT": "1", "STILLROOM_LEASE_S": "20", **traced}
        broker = redis_url.rpartition("/")[0] + "/7"  # other tests ring in the first one
        whole = Whole(new_installation(postgres_server.new_database("operated").url, broker, folder, **given), folder)
        project = Scene(None, None, folder / "repository", target)  # type: ignore[arg-type]
        project.repository.mkdir()
        project.commit(two_tables())
        try:
            whole.first_data(first_data(project.repository, target))
            for part in ("api", "scheduler", "reader", "worker"):
                whole.start(part)
            whole.sign_in()
            yield Operated(whole, collector, project, target, _upgraded(whole))
        finally:
            whole.close()
            postgres_server.drop_database(target)


def _upgraded(whole: Whole) -> dict[str, Any]:
    ready = until(lambda: _fetched(whole), "the project is fetched")
    assert ready["fetch"]["error"] is None, ready
    move = {**MOVE, "revision": "head"}
    asked = whole.http.post("/api/migrations/upgrade", json=move, headers={"X-Request-ID": REQUEST_ID})
    assert asked.headers["X-Request-ID"] == REQUEST_ID
    job = asked.raise_for_status().json()
    return until(lambda: ended(whole, job["id"]), f"the job ends: {whole.log('worker')[-3000:]}")


def _fetched(whole: Whole) -> Any:
    project = whole.http.get("/api/orgs/demo/projects/shop").json()
    return project if project["fetch"]["state"] in ("idle", "failed") and project["commit"] else None


def ended(whole: Whole, job_id: str) -> Any:
    """The job, once it has ended."""
    job = whole.http.get(f"/api/jobs/{job_id}").json()
    return job if job["finished_at"] else None
