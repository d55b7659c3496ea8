"""Every metric of Stillroom, with who shows it; docs/metrics.md is made from this table.

Labels have few values: routes by their templates, kinds and states by our own words. No name of a tenant is ever one;
an organization's id is, for the few that wait most. Metrics of others (process_…) keep their names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase

Service = Literal["api", "worker", "scheduler", "reader"]
SERVICES: Final[tuple[Service, ...]] = ("api", "worker", "scheduler", "reader")

# When each series began, which nobody asks: twice the series for nothing.
disable_created_metrics()  # type: ignore[no-untyped-call]

# Where they are shown is decided by the door of a process, so that each shows its own.
_NOWHERE = CollectorRegistry()
_SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LONG = (1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600)


@dataclass(frozen=True)
class Described:
    """A metric, under which name it is shown, and by whom."""

    metric: MetricWrapperBase
    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str
    services: tuple[Service, ...]


ALL: dict[str, Described] = {}


def _told(metric: MetricWrapperBase, kind: str, name: str, meaning: str, labels: Sequence[str], of: str) -> None:
    services = SERVICES if of == "all" else tuple(service for service in SERVICES if service in of.split())
    ALL[name] = Described(metric, name, kind, tuple(labels), meaning, services)


def _counter(name: str, meaning: str, *labels: str, of: str) -> Counter:
    made = Counter(name.removesuffix("_total"), meaning, labels, registry=_NOWHERE)
    _told(made, "counter", name, meaning, labels, of)
    return made


def _gauge(name: str, meaning: str, *labels: str, of: str) -> Gauge:
    # Of a worker's processes the living ones count, together.
    made = Gauge(name, meaning, labels, registry=_NOWHERE, multiprocess_mode="livesum")
    _told(made, "gauge", name, meaning, labels, of)
    return made


def _histogram(name: str, meaning: str, *labels: str, of: str, buckets: Sequence[float] = _SHORT) -> Histogram:
    made = Histogram(name, meaning, labels, registry=_NOWHERE, buckets=buckets)
    _told(made, "histogram", name, meaning, labels, of)
    return made


BUILD = _gauge("stillroom_build_info", "1, with the version that runs", "service", "version", of="all")

REQUESTS = _counter(
    "stillroom_http_requests_total",
    "Requests answered, by the template of their route",
    *("method", "route", "status"),
    of="api",
)
REQUEST_SECONDS = _histogram(
    "stillroom_http_request_seconds", "From a request's arrival to the end of its answer", "method", "route", of="api"
)
REQUESTS_IN_FLIGHT = _gauge("stillroom_http_requests_in_flight", "Requests being answered", of="api")
LIVE_CONNECTIONS = _gauge("stillroom_live_connections", "Open live connections (WebSockets)", of="api")
LIVE_TOPICS = _gauge("stillroom_live_topics", "Topics that live connections follow, by kind", "kind", of="api")
POOL = _gauge(
    "stillroom_database_connections",
    "Connections to our own PostgreSQL: `busy` with a transaction, or `idle` in the pool",
    "state",
    of="api scheduler reader",
)
LISTS = _counter(
    "stillroom_lists_total",
    "Long lists where there is a replica: the `replica` answered, or the primary because the replica was `away`, "
    "`behind` or `failed`",
    "outcome",
    of="api",
)
REPLICA_BEHIND = _gauge(
    "stillroom_replica_behind_bytes",
    "Bytes that the replica had not replayed when a list last asked it; before those are, it answers none",
    of="api",
)
READER_ASKED = _counter(
    "stillroom_reader_questions_total",
    "Questions to the reader about a database: `answered`, `refused` with a reason, or the reader was `away`",
    "outcome",
    of="api",
)

JOBS_WAITING = _gauge(
    "stillroom_jobs_waiting", "Queued jobs, by how long: up to `10s`, `1m`, `10m`, or `more`", "age", of="scheduler"
)
JOBS_OLDEST = _gauge(
    "stillroom_jobs_oldest_waiting_seconds", "Age of the oldest queued job; 0 without one", of="scheduler"
)
JOBS_RUNNING = _gauge("stillroom_jobs_running", "Jobs that run", of="scheduler")
JOBS_OF_ORGANIZATION = _gauge(
    "stillroom_jobs_waiting_of_organization",
    "Queued jobs of the 20 organizations (by id) that wait with most; the rest together is `others`",
    "organization",
    of="scheduler",
)
UNTRUSTED = _gauge(
    "stillroom_databases_untrusted", "Databases on which nothing starts before they were read again", of="scheduler"
)
CERTIFICATES = _gauge(
    "stillroom_client_certificates_expiring",
    "Client certificates of databases that end within 30 days, or have ended",
    of="scheduler",
)
WORKERS = _gauge(
    "stillroom_workers", "Living workers by proven level of isolation; `refused` takes no jobs", "level", of="scheduler"
)
SLOTS = _gauge(
    "stillroom_worker_slots", "Places for jobs in all living workers: `busy` or `free`", "state", of="scheduler"
)
LETTERS_WAITING = _gauge("stillroom_letters_waiting", "Letters that wait to be handed over", of="scheduler")
LETTERS = _counter(
    "stillroom_letters_total",
    "Tries to hand a letter over: `sent`, `failed` (tried again later), or `given_up`",
    "outcome",
    of="scheduler",
)
DELIVERIES_WAITING = _gauge(
    "stillroom_webhook_deliveries_waiting",
    "Messages to webhooks that wait to be sent, or to be tried again",
    of="scheduler",
)
DELIVERIES = _counter(
    "stillroom_webhook_deliveries_total",
    "Tries to send a message to a webhook: `delivered`, `failed` (tried again later), or `given_up`",
    "outcome",
    of="scheduler",
)
SWEEPS = _counter("stillroom_sweeps_total", "Rounds of the sweeper: `done` or `failed`", "outcome", of="scheduler")
SWEEP_FAILURES = _counter(
    "stillroom_sweep_failures_total",
    "Single things that the sweeper could not deal with, by its part; each is tried again in the next round",
    "part",
    of="scheduler",
)
SWEEP_SECONDS = _histogram("stillroom_sweep_seconds", "How long a round of the sweeper took", of="scheduler")
JOBS_LOST = _counter(
    "stillroom_jobs_lost_total", "Jobs declared lost, because their worker showed no life", of="scheduler"
)
RUNG_AGAIN = _counter(
    "stillroom_rung_again_total", "Messages sent again by the sweeper, because nobody took them", "task", of="scheduler"
)

JOBS_ENDED = _counter("stillroom_jobs_total", "Jobs that ended here, by kind and state", "kind", "state", of="worker")
JOB_SECONDS = _histogram("stillroom_job_seconds", "From a job's claim to its end", "kind", of="worker", buckets=_LONG)
JOB_WAITED = _histogram("stillroom_job_waited_seconds", "From a job's request to its claim", of="worker", buckets=_LONG)
TASKS = _counter(
    "stillroom_tasks_total",
    "Messages worked on: `done` or `failed` by a mistake of ours",
    "task",
    "outcome",
    of="worker",
)
EVENTS = _counter("stillroom_job_events_total", "Events of jobs that were stored", of="worker")
BATCH_SECONDS = _histogram("stillroom_event_batch_seconds", "How long storing one batch of events took", of="worker")
BATCH_EVENTS = _histogram(
    "stillroom_event_batch_events", "Events in one batch", of="worker", buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500)
)
SANDBOX_LEVEL = _gauge(
    "stillroom_sandbox_level", "1 at the level of isolation that was proven at the start", "level", of="worker"
)
DRAINING = _gauge("stillroom_worker_draining", "1 while this worker takes no more and lets its jobs end", of="worker")

ANSWERS = _counter(
    "stillroom_reader_answers_total",
    "Questions about databases: `answered` or `refused`",
    "question",
    "outcome",
    of="reader",
)
