"""deploy/compose, built and started by a real engine, with a job run through it (make test-containers)."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from containers.engine import ROOT, Stack, wait_for
from containers.moves import upgrade
from stillroom_cli.client.connection import Client
from stillroom_cli.stack.sample import build_repository

pytestmark = pytest.mark.containers

HIDDEN = ("STILLROOM_SECRET_KEY", "STILLROOM_SEALING_KEYS", "STILLROOM_ADMIN_PASSWORD", "POSTGRES_PASSWORD")
HIDDEN += ("STILLROOM_DATABASE_PASSWORD", "VALKEY_PASSWORD")


@pytest.fixture(scope="module")
def sample(program: list[str]) -> Iterator[Stack]:
    stack = Stack(program)
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


def test_one_command_starts_everything_and_a_job_runs_through_it(sample: Stack) -> None:
    with Client(sample.url) as client:
        client.sign_in("admin@stillroom.local", sample.password())
        job = upgrade(client, "demo/shop", "staging")
    assert job["state"] == "succeeded"
    assert job["isolation"] in ("landlock", "bwrap")


def test_the_reader_looks_into_the_database_that_the_job_changed(sample: Stack) -> None:
    with Client(sample.url) as client:
        client.sign_in("admin@stillroom.local", sample.password())
        [staging] = (
            one for one in client.get("/api/orgs/demo/projects/shop/environments")["items"] if one["slug"] == "staging"
        )
        path = f"/api/orgs/demo/projects/shop/environments/staging/databases/{staging['databases'][0]['id']}/catalogue"
        client.post(f"{path}/read", {})
        tables = {one["name"] for one in client.get(path)["items"] if one["kind"] == "table"}
    assert {"customers", "orders"} <= tables


def test_a_stranger_finds_pages_and_health_but_no_data(sample: Stack) -> None:
    page = httpx.get(sample.url)
    assert page.status_code == 200 and "default-src 'none'" in page.headers["content-security-policy"]
    assert httpx.get(f"{sample.url}/projects/any").text == page.text
    assert httpx.get(f"{sample.url}/readyz").json()["status"] == "ready"
    assert httpx.get(f"{sample.url}/api/migrations/current", params={"project": "demo/shop"}).status_code == 401
    assert httpx.get(f"{sample.api_url()}/livez").json() == {"status": "live"}


def test_files_with_a_hash_are_compressed_and_kept_and_the_page_is_asked_for_again(sample: Stack) -> None:
    page = httpx.get(sample.url)
    script = next(part for part in page.text.split('"') if part.startswith("/assets/") and part.endswith(".js"))
    got = httpx.get(sample.url + script, headers={"accept-encoding": "gzip"})
    assert got.headers["content-encoding"] == "gzip" and "max-age=315360000" in got.headers["cache-control"]
    assert "no-cache" in page.headers["cache-control"]
    assert httpx.get(f"{sample.url}/assets/missing.js").status_code == 404


def test_no_secret_stands_in_an_argument_an_environment_or_a_log(sample: Stack) -> None:
    files = sample.secret_files()
    everything = repr(sample.containers()) + sample.compose("logs")
    assert set(HIDDEN) <= set(files)
    assert [name for name in HIDDEN if files[name] in everything] == []


def test_our_containers_have_no_root_no_capability_and_nothing_to_write_on(sample: Stack) -> None:
    ours = [c for c in sample.containers() if "stillroom-" in c["Config"]["Image"]]
    assert len(ours) == 7
    for container in ours:
        host = container["HostConfig"]
        assert container["Config"]["User"] == "10001:10001"
        assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and "no-new-privileges:true" in host["SecurityOpt"]


def test_a_second_start_keeps_the_secrets_and_the_data(sample: Stack) -> None:
    before = sample.secret_files()
    sample.compose("down", "--timeout", "10")
    sample.up()
    assert sample.secret_files() == before
    with Client(sample.url) as client:
        client.sign_in("admin@stillroom.local", before["STILLROOM_ADMIN_PASSWORD"])
        assert client.get("/api/migrations/current", project="demo/shop")["environments"]


def test_requests_go_to_every_replica_of_the_api(sample: Stack) -> None:
    sample.compose("up", "--detach", "--no-recreate", "--scale", "api=2", "api")

    def both() -> bool | None:
        for _ in range(8):
            assert httpx.get(f"{sample.url}/api/migrations/current").status_code == 401
        lines = sample.compose("logs", "web").splitlines()
        served = {line.split()[-1] for line in lines if "/api/migrations/current" in line}
        return len(served) == 2 or None

    wait_for("a request at each replica", both)


def test_a_mounted_folder_is_a_project_and_its_database_is_the_one_that_is_named(
    program: list[str], tmp_path: Path
) -> None:
    mounted = tmp_path / "mounted" / "backend"
    build_repository(ROOT / "samples" / "shop", tmp_path / "shop")
    mounted.parent.mkdir()
    (tmp_path / "shop").rename(mounted)
    subprocess.run(["rm", "-rf", str(mounted / ".git")], check=True)  # a plain folder, as it lies there
    for folder in (tmp_path, mounted.parent):
        folder.chmod(0o755)
    stack = Stack(
        program,
        ("bwrap.yaml",),
        PROJECT_DIR=str(mounted.parent),
        ALEMBIC_CONFIG_PATH="backend/alembic.ini",
        POSTGRES_USER="shop",
        POSTGRES_PASSWORD="p@ss:w/rd",
        POSTGRES_DB="shop",
        DATABASE_URL="postgresql+psycopg://shop:p%40ss%3Aw%2Frd@postgres:5432/shop",
    )
    try:
        stack.up()
        with Client(stack.url) as client:
            client.sign_in("admin@stillroom.local", stack.password())
            job = upgrade(client, "team/project", "dev")
        assert (job["state"], job["isolation"]) == ("succeeded", "bwrap")
        asked = ("exec", "-T", "postgres", "psql", "-h", "/var/run/postgresql", "-U", "shop", "-d", "shop")
        assert stack.compose(*asked, "-Atc", "select count(*) from customers").strip() == "0"
    finally:
        stack.down()
