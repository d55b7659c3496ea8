"""What goes wrong. Each fault happens at the moment it is called, and gives what heals it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

from chaos.installation import LEASE_S, Installation

Heal = Callable[[], None]
Fault = Callable[[Installation, Random, list[dict[str, Any]]], Heal]


def _nothing() -> None:
    return


def _killed(*names: str) -> Fault:
    """kill -9 of parts that are started again a moment later."""

    def fault(installation: Installation, random: Random, _jobs: list[dict[str, Any]]) -> Heal:
        for name in names:
            installation.kill(name)
        time.sleep(random.uniform(0, 1.5))

        def heal() -> None:
            for name in names:
                installation.restart(name)

        return heal

    return fault


def runner(installation: Installation, random: Random, _jobs: list[dict[str, Any]]) -> Heal:
    """kill -9 of a tenant's interpreter."""
    if runners := installation.runners():
        _kill(random.choice(runners))
    return _nothing


def supervisor(installation: Installation, random: Random, _jobs: list[dict[str, Any]]) -> Heal:
    """kill -9 of a process of the worker's pool, which supervises a job."""
    _kill(random.choice(installation.pool()))
    return _nothing


def empty_broker(installation: Installation, random: Random, _jobs: list[dict[str, Any]]) -> Heal:
    """The broker is killed and comes back without anything that it held."""
    installation.forget_broker()
    time.sleep(random.uniform(0, 1.5))
    return lambda: installation.restart("broker")


def pause(installation: Installation, random: Random, _jobs: list[dict[str, Any]]) -> Heal:
    """A process of the pool stands still until its lease is over, as in a long pause of a machine, and then wakes."""
    stopped = random.choice(installation.pool())
    os.kill(stopped, signal.SIGSTOP)
    time.sleep(LEASE_S + 3)

    def wake() -> None:
        with suppress(ProcessLookupError):
            os.kill(stopped, signal.SIGCONT)

    return wake


def cut(installation: Installation, _random: Random, _jobs: list[dict[str, Any]]) -> Heal:
    """The connections to the target are reset, and new ones for a while too."""
    installation.on_cable(installation.cable.close)
    time.sleep(1)
    return lambda: installation.on_cable(installation.cable.reopen)


def black_hole(installation: Installation, _random: Random, _jobs: list[dict[str, Any]]) -> Heal:
    """Nothing comes through to the target or back, and nobody says so."""
    installation.on_cable(installation.cable.swallow)
    time.sleep(LEASE_S)
    return lambda: installation.on_cable(installation.cable.reopen)


def everything(installation: Installation, random: Random, jobs: list[dict[str, Any]]) -> Heal:
    """kill -9 of every part, with all of its replicas."""
    parts = (*installation.workers, "scheduler", *installation.apis, "broker", "metadata", "target")
    return _killed(*parts)(installation, random, jobs)


def metadata_cut(installation: Installation, random: Random, _jobs: list[dict[str, Any]]) -> Heal:
    """The connections of api, workers and scheduler to our own PostgreSQL are reset, and new ones for a while too."""
    installation.on_cable(installation.metadata_cable.close)
    time.sleep(random.uniform(0.5, LEASE_S))
    return lambda: installation.on_cable(installation.metadata_cable.reopen)


def metadata_black_hole(installation: Installation, random: Random, _jobs: list[dict[str, Any]]) -> Heal:
    """Nothing comes through to our own PostgreSQL or back, perhaps for longer than a lease."""
    installation.on_cable(installation.metadata_cable.swallow)
    time.sleep(random.uniform(0.5, LEASE_S * 1.5))
    return lambda: installation.on_cable(installation.metadata_cable.reopen)


def broker_cut(installation: Installation, random: Random, _jobs: list[dict[str, Any]]) -> Heal:
    """The connections of api, workers and scheduler to the broker are reset, and new ones for a while too."""
    installation.on_cable(installation.broker_cable.close)
    time.sleep(random.uniform(0.5, LEASE_S))
    return lambda: installation.on_cable(installation.broker_cable.reopen)


def broker_black_hole(installation: Installation, random: Random, _jobs: list[dict[str, Any]]) -> Heal:
    """Nothing comes through to the broker or back, perhaps for longer than a lease."""
    installation.on_cable(installation.broker_cable.swallow)
    time.sleep(random.uniform(0.5, LEASE_S * 2.5))
    return lambda: installation.on_cable(installation.broker_cable.reopen)


def forgotten_connections(installation: Installation, _random: Random, _jobs: list[dict[str, Any]]) -> Heal:
    """The network forgets every connection to our own PostgreSQL, the broker and the target, and tells nobody.

    New ones work. Whoever keeps the old ones must find out, and soon.
    """
    for cable in (installation.metadata_cable, installation.broker_cable, installation.cable):
        installation.on_cable(cable.forget)
    return _nothing


def disk_full(installation: Installation, random: Random, _jobs: list[dict[str, Any]]) -> Heal:
    """Not one byte is left where mirrors, checkouts and jobs' folders are."""
    assert installation.disk is not None, "only root may mount a small disk"
    installation.disk.fill()
    time.sleep(random.uniform(0.5, 3))
    return installation.disk.free


def clock(installation: Installation, random: Random, _jobs: list[dict[str, Any]]) -> Heal:
    """The clock of the hosts of worker and scheduler jumps an hour or two ahead or back, and later back again."""
    installation.clock.write_text(str(random.choice((-7200, -3600, 3600, 7200))))
    time.sleep(random.uniform(0.5, LEASE_S * 2))
    return lambda: installation.clock.write_text("0") and None


def clock_and_worker(installation: Installation, random: Random, jobs: list[dict[str, Any]]) -> Heal:
    """The clock jumps, a worker dies meanwhile, and whoever cleans up has another time."""
    heal_clock = clock(installation, random, jobs)
    heal_worker = _killed(random.choice(installation.workers))(installation, random, jobs)

    def heal() -> None:
        heal_worker()
        time.sleep(LEASE_S + 2)  # the sweep that declares the job lost still has the wrong time
        heal_clock()

    return heal


def replica(installation: Installation, random: Random, jobs: list[dict[str, Any]]) -> Heal:
    """kill -9 of one worker of several and of one api of several, while the others go on."""
    names = (random.choice(installation.workers), random.choice(installation.apis))
    return _killed(*names)(installation, random, jobs)


def sessions_ended(installation: Installation, random: Random, _jobs: list[dict[str, Any]]) -> Heal:
    """An administrator of the target ends the sessions of a job, the one that holds the lock among them."""
    with installation.target(random.choice(installation.databases)) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and application_name like 'stillroom:%'"
        )
    return _nothing


def cancel(installation: Installation, random: Random, jobs: list[dict[str, Any]]) -> Heal:
    """Somebody cancels a job, whatever it does at the moment."""
    job = random.choice(jobs)
    answer = installation.http.post(f"/api/jobs/{job['id']}/cancel")
    assert answer.status_code in (202, 409), answer.text  # 409: it has ended already
    return _nothing


def duplicate(installation: Installation, _random: Random, jobs: list[dict[str, Any]]) -> Heal:
    """The broker delivers every message again, many times."""
    from stillroom_core.jobs.queue import RUN_JOB, make_celery
    from stillroom_core.settings import Settings

    queue = make_celery(Settings.model_validate(installation.environment))
    with queue.connection_for_write() as connection:
        for _ in range(5):
            for job in jobs:
                queue.send_task(RUN_JOB, args=[job["id"]], connection=connection)
    queue.close()
    return _nothing


FAULTS: dict[str, tuple[str, Fault]] = {
    "runner": ("kill -9 of the migration's own process", runner),
    "supervisor": ("kill -9 of the process that supervises a job", supervisor),
    "worker": ("kill -9 of the worker", _killed("worker")),
    "scheduler": ("kill -9 of the scheduler", _killed("scheduler")),
    "api": ("kill -9 of the api", _killed("api")),
    "broker": ("kill -9 of the broker", _killed("broker")),
    "empty_broker": ("the broker comes back empty", empty_broker),
    "metadata": ("kill -9 of our own PostgreSQL", _killed("metadata")),
    "target": ("kill -9 of the target's PostgreSQL", _killed("target")),
    "everything": (
        "kill -9 of everything at once",
        everything,
    ),
    "cut": ("connections to the target are reset", cut),
    "black_hole": ("the network to the target swallows everything", black_hole),
    "sessions_ended": ("the job's sessions are ended on the target", sessions_ended),
    "pause": ("a supervisor stands still past its lease, and wakes", pause),
    "cancel": ("a cancel", cancel),
    "metadata_cut": ("connections to our own PostgreSQL are reset", metadata_cut),
    "metadata_black_hole": ("the network to our own PostgreSQL swallows everything", metadata_black_hole),
    "broker_cut": ("connections to the broker are reset", broker_cut),
    "broker_black_hole": ("the network to the broker swallows everything", broker_black_hole),
    "forgotten_connections": (
        "the network forgets all connections that there are, and tells nobody",
        forgotten_connections,
    ),
    "disk_full": ("the worker's disk is full", disk_full),
    "clock": ("the clock of worker and scheduler jumps by hours", clock),
    "clock_and_worker": ("that clock jumps, and kill -9 of a worker meanwhile", clock_and_worker),
    "replica": ("kill -9 of one worker and one api of two each", replica),
    "duplicate": ("every message is delivered six times", duplicate),
}


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
