"""REDIS_URL with rediss://: everything that goes over Valkey goes over TLS, with an authority of one's own."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from chaos.watcher import Watcher

from operations.conftest import MOVE, ended
from operations.installation import Whole, until
from stillroom_testing.installations import for_jobs, new_installation
from stillroom_testing.jobs_scene import CACHE, Scene, first_data, two_tables
from stillroom_testing.servers import PostgresServer
from stillroom_testing.tls_servers import before, certified, over_tls, program, serving


@pytest.fixture(params=["a door before ours", "a server that speaks it"])
def encrypted(request: pytest.FixtureRequest, redis_url: str, tmp_path: Path) -> Iterator[str]:
    """The address of a Valkey that is reached over TLS alone, and asks for our certificate."""
    files = certified(tmp_path / "certificates")
    with ExitStack() as stack:
        if request.param == "a door before ours":
            port = stack.enter_context(before(urlsplit(redis_url).port or 6379, files))
            yield over_tls(redis_url.rpartition("/")[0] + "/10", port, files.query())
            return
        if program() is None:
            pytest.skip("neither valkey-server nor redis-server is installed (Debian: apt-get install valkey-server)")
        password = secrets.token_hex(8)
        port = stack.enter_context(serving(tmp_path, files, password))
        yield over_tls(f"redis://:{password}@h/0", port, files.query())


def test_a_job_is_rung_run_and_watched_over_tls(encrypted: str, postgres_server: PostgresServer) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    target = postgres_server.new_database("target")
    with tempfile.TemporaryDirectory(prefix="stillroom-tls-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "virtualenvs").symlink_to(CACHE)
        given = new_installation(postgres_server.new_database("tls").url, encrypted, folder, **for_jobs())
        whole = Whole(given, folder)
        project = Scene(None, None, folder / "repository", target)  # type: ignore[arg-type]
        project.repository.mkdir()
        project.commit(two_tables())
        try:
            whole.first_data(first_data(project.repository, target))
            # Without a scheduler nobody sends again what a message did not reach.
            for part in ("api", "worker"):
                whole.launch(part)
            whole.sign_in()
            until(lambda: whole.door("worker", "/readyz").is_success, whole.log("worker")[-2000:])
            assert whole.http.get("/readyz").json()["queue"] == "ok"
            whole.http.post("/api/orgs/demo/projects/shop/fetch").raise_for_status()
            until(lambda: whole.http.get("/api/orgs/demo/projects/shop").json()["commit"], "the project is fetched")
            move = {**MOVE, "revision": "head"}
            job = whole.http.post("/api/migrations/upgrade", json=move).raise_for_status().json()
            watcher = Watcher(whole.url("api"), {"Authorization": whole.http.headers["Authorization"]}, job["id"])
            watcher.start()
            assert watcher.ended.wait(120), whole.log("worker")[-3000:]
            assert until(lambda: ended(whole, job["id"]), "the job has ended")["state"] == "succeeded"
            assert watcher.shown
            told = whole.log("api") + whole.log("worker")
            assert str(urlsplit(encrypted).password) not in told
            assert "insecure SSL" not in told
        finally:
            whole.close()
            postgres_server.drop_database(target)
