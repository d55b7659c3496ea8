"""A request can be followed through every process: by its id in the logs, by its trace, and it is counted."""

from typing import Any

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from operations.conftest import MOVE, REQUEST_ID, ended
from operations.installation import until
from stillroom_core.newest_schema import NEWEST
from stillroom_core.telemetry import metrics
from stillroom_testing.jobs_scene import revision, two_tables


def test_the_request_id_is_in_the_logs_of_api_and_worker_with_job_organization_and_attempt(operated: Any) -> None:
    assert operated.job["state"] == "succeeded"
    told = [line for line in operated.whole.lines("api") if line.get("request_id") == REQUEST_ID]
    (request,) = [line for line in told if line["event"] == "request"]
    assert (request["route"], request["status"], request["service"]) == ("/api/migrations/upgrade", 202, "api")
    worked = [line for line in operated.whole.lines("worker") if line.get("request_id") == REQUEST_ID]
    events = {line["event"]: line for line in worked}
    assert {"job.claimed", "job.ended"} <= events.keys()
    for line in (events["job.claimed"], events["job.ended"]):
        assert line["job"] == operated.job["id"]
        assert line["organization"] == request["organization"]
        assert (len(line["attempt"]), line["service"]) == (36, "worker")


def test_a_trace_leads_from_the_request_through_queue_worker_and_runner_to_each_statement(operated: Any) -> None:
    collector = operated.collector

    def whole_trace() -> Any:
        roots = [s for s in collector.spans() if s.attributes.get("stillroom.request_id") == REQUEST_ID]
        tree = collector.tree(roots[0].trace) if roots else {}
        return tree if "task stillroom.run_job" in tree else None

    tree = until(whole_trace, "the trace arrives")
    assert tree[""] == ["POST /api/migrations/upgrade"]
    assert tree["POST /api/migrations/upgrade"] == ["queue stillroom.run_job"]
    assert tree["queue stillroom.run_job"] == ["task stillroom.run_job"]
    assert tree["task stillroom.run_job"] == ["job upgrade"]
    worker_steps = ["step checkout", "step virtualenv", "step lock", "runner", "step verify"]
    parts = tree["job upgrade"]
    assert "queue stillroom.read_catalogue" in parts  # what stands there now is read afterwards
    assert sorted(part for part in parts if not part.startswith("queue ")) == sorted(worker_steps)
    assert tree["runner"].count("step revision") == 2
    assert set(tree["step revision"]) == {"statement"}
    statements = [s for s in collector.spans() if s.name == "statement"]
    assert {s.service for s in statements} == {"stillroom-worker"}
    assert any("CREATE TABLE a" in s.attributes["db.query.text"] for s in statements)


def test_a_step_that_fails_is_marked_in_the_trace_without_the_words_of_its_error(operated: Any) -> None:
    password = operated.target.password
    # Not the password itself: what a revision says is stored, and the tests of backups look for the password there.
    body = 'op.execute(sa.text("select set_config(:n, :v, true)").bindparams(n="a.b", v="parameter-canary"))'
    operated.project.commit(two_tables() | {"ccc3": revision("ccc3", "bbb2", f'{body}\nop.execute("select 1/0")')})
    whole = operated.whole
    commit = whole.http.get("/api/orgs/demo/projects/shop").json()["commit"]["sha"]
    whole.http.post("/api/orgs/demo/projects/shop/fetch").raise_for_status()
    until(lambda: whole.http.get("/api/orgs/demo/projects/shop").json()["commit"]["sha"] != commit, "it is fetched")
    job = whole.http.post("/api/migrations/upgrade", json={**MOVE, "revision": "head"}).raise_for_status().json()
    done = until(lambda: ended(whole, job["id"]), "the job ends")
    assert done["state"] == "failed"

    def spans() -> Any:
        mine = [s for s in operated.collector.spans() if s.attributes.get("stillroom.job_id") == job["id"]]
        return [s for s in operated.collector.spans() if mine and s.trace == mine[0].trace]

    found = until(spans, "the trace arrives")
    assert {s.name for s in found if s.status == 2} == {"job upgrade", "step revision", "statement"}
    sent = b"".join(operated.collector.bodies)
    assert b"parameter-" not in sent
    assert b"division by zero" not in sent
    assert password.encode() not in sent


@pytest.mark.parametrize("service", metrics.SERVICES)
def test_every_metric_of_the_page_is_shown_and_no_other(operated: Any, service: str) -> None:
    text = operated.whole.door(service, "/metrics").text
    shown = {family.name: family for family in text_string_to_metric_families(text)}
    ours = {name: family for name, family in shown.items() if name.startswith("stillroom_")}
    wanted = {name.removesuffix("_total"): told for name, told in metrics.ALL.items() if service in told.services}
    assert ours.keys() == wanted.keys()
    for name, family in ours.items():
        assert family.type == wanted[name].kind
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(wanted[name].labels), sample
    assert "process_resident_memory_bytes" in shown


def test_what_happened_is_counted(operated: Any) -> None:
    worker = _samples(operated, "worker")
    assert worker["stillroom_jobs_total", ("upgrade", "succeeded")] == 1
    assert worker["stillroom_job_seconds_count", ("upgrade",)] >= 1
    assert worker["stillroom_tasks_total", ("done", "run_job")] >= 1
    assert worker["stillroom_job_events_total", ()] > 10
    assert worker["stillroom_worker_draining", ()] == 0
    api = _samples(operated, "api")
    assert api["stillroom_http_requests_total", ("POST", "/api/migrations/upgrade", "202")] >= 1
    assert api["stillroom_http_requests_in_flight", ()] == 0
    until(
        lambda: _samples(operated, "scheduler").get(("stillroom_worker_slots", ("free",))) == 1.0, "slots are counted"
    )
    scheduler = _samples(operated, "scheduler")
    assert scheduler["stillroom_sweeps_total", ("done",)] >= 1
    assert scheduler["stillroom_jobs_oldest_waiting_seconds", ()] == 0


def test_no_metric_holds_the_name_of_a_tenant(operated: Any) -> None:
    for service in metrics.SERVICES:
        for _, labels in _samples(operated, service):
            assert not {"demo", "shop", "dev", "main", "ann@example.com"} & {label.lower() for label in labels}


def test_no_log_and_no_metric_holds_a_secret(operated: Any) -> None:
    whole = operated.whole
    hidden = [operated.target.password, whole.environment["STILLROOM_SECRET_KEY"]]
    for part in ("api", "worker", "scheduler", "reader"):
        text = whole.log(part) + whole.door(part, "/metrics").text
        assert [secret for secret in hidden if secret in text] == []


def test_a_process_whose_schema_is_behind_is_not_ready_and_says_why(operated: Any) -> None:
    whole = operated.whole
    assert whole.door("worker", "/readyz").text == "ready\n"
    owner = whole.environment["STILLROOM_OWNER_DATABASE_URL"]
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("update alembic_version set version_num = '0001'")
        try:
            for part in ("api", "worker", "scheduler", "reader"):
                answer = whole.door(part, "/readyz")
                assert answer.status_code == 503
                assert (
                    answer.text == f"database: its schema is at 0001, this release needs {NEWEST}: run the migrations\n"
                )
            assert whole.http.get("/readyz").json()["database"].startswith("its schema is at 0001")
            connection.execute("update alembic_version set version_num = '9999'")
            assert whole.door("worker", "/readyz").is_success  # a later release has migrated already
        finally:
            connection.execute("update alembic_version set version_num = %s", (NEWEST,))
    assert whole.http.get("/readyz").is_success


def _samples(operated: Any, service: str) -> dict[tuple[str, tuple[str, ...]], float]:
    text = operated.whole.door(service, "/metrics").text
    return {
        (sample.name, tuple(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        if family.name.startswith("stillroom_")
        for sample in family.samples
    }
