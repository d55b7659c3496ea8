"""A project of several databases, and all of them moved at once."""

from __future__ import annotations

from pathlib import Path

from bench.stack import Stack, until
from bench.synthetic import make_repository


def project_of_many(stack: Stack, slug: str, folder: Path, revisions: int, databases: int) -> tuple[Path, list[str]]:
    """A project whose environment has so many empty databases; its repository, and the databases' names there."""
    repository = make_repository(folder / slug, revisions)
    names = [stack.new_database() for _ in range(databases)]
    stack.add_project(slug, repository, names[0])
    path = f"/api/orgs/bench/projects/{slug}/environments/dev"
    for name in names[1:]:
        row = {"name": name, "host": stack.postgres.host, "port": stack.postgres.port, "database": name}
        row |= {"username": stack.postgres.user, "password": stack.environment["BENCH_PASSWORD"]}
        stack.post(f"{path}/databases", {**row, "sslmode": "disable"})
    return repository, ["main", *names[1:]]


def up_and_down(stack: Stack, slug: str, labels: list[str], apis: list[str]) -> int:
    """Every database up, and when all are up, every one down, asked by turns of the apis; gives the number of jobs."""
    for kind, revision in (("upgrade", "head"), ("downgrade", "base")):
        move = {"project": slug, "environment": "dev", "revision": revision}
        keys = set()
        for number, label in enumerate(labels):
            url = f"{apis[number % len(apis)]}/api/migrations/{kind}"
            keys.add(stack.post(url, {**move, "database": label})["id"])
        until(lambda keys=keys: _ended(stack, slug, keys), every=0.1)
    return 2 * len(labels)


def _ended(stack: Stack, slug: str, keys: set[str]) -> bool:
    items = stack.get("/api/jobs", project=slug, org="bench", limit=str(len(keys)))["items"]
    states = [item["state"] for item in items if item["id"] in keys]
    assert not {"failed", "lost", "cancelled"} & set(states), items
    return states == ["succeeded"] * len(keys)
