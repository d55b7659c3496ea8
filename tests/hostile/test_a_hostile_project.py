"""A project that tries everything gets nothing, its secrets stand nowhere, and the worker stays well."""

import asyncio
import json
import re
import threading
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis import Redis
from websockets.asyncio.client import connect

from hostile.canaries import dump, found_in
from hostile.conftest import Ground
from hostile.whole import ProcessWatch, free_port, until
from stillroom_worker.sandbox import Level, examine

_MAY_BE_EMPTY = ("/databases/{database}/", "/comparison", "{request}", "/api/outbox")
LEFT_OUTSIDE = ("/tmp/stillroom-hostile-hook", "/var/tmp/stillroom-hostile-ini")


@pytest.fixture(params=["bwrap", "landlock"])
async def level(request: pytest.FixtureRequest, ground: Ground) -> str:
    if missing := (await examine(Level(request.param), work=ground.data / "jobs")).reason:
        pytest.skip(missing)
    await asyncio.to_thread(ground.whole.start_worker, request.param)
    await asyncio.to_thread(ground.forget)
    return str(request.param)


def test_every_attempt_of_a_migration_fails_and_the_next_ordinary_job_succeeds(ground: Ground, level: str) -> None:
    for left in LEFT_OUTSIDE:
        Path(left).unlink(missing_ok=True)
    assert ground.take("main")["state"] == "idle"
    done = ground.run("0001")
    assert (done["state"], done["isolation"]) == ("succeeded", level), done["error"]
    loot = {name: json.loads(b64decode(got)) if got else None for name, got in ground.ask("select * from loot")}
    assert len(loot) == 15
    everything = json.dumps(loot.pop("k02_all_that_can_be_found"), ensure_ascii=False)
    assert "canary-file" in everything  # it did find what is its own
    theirs = {"variable", "secret file"}
    assert found_in(everything, {k: v for k, v in ground.canaries.items() if k not in theirs}) == {}
    assert {name: got for name, got in loot.items() if got} == {}
    assert [left for left in LEFT_OUTSIDE if Path(left).exists()] == []

    assert ground.take("calm")["state"] == "idle"
    ordinary = ground.run("0002")
    assert ordinary["state"] == "succeeded", ordinary["error"]
    assert ground.ask("select to_regclass('calm') is not null") == [(True,)]


def test_code_in_the_ini_the_template_and_the_hook_runs_behind_the_walls_alone(ground: Ground, level: str) -> None:
    """A03, by having Alembic write a revision; A02: what asks for it is judged before."""
    for left in LEFT_OUTSIDE:
        Path(left).unlink(missing_ok=True)
    assert ground.take("main")["state"] == "idle"
    written = _write_a_revision(ground)
    assert written["state"] == "ready", written["error"]
    ran = dict(re.findall(r"^# (\w+) ran and got (\S+)$", written["content"], re.MULTILINE))
    assert set(ran) == {"ini", "template", "hook"}, written["content"]
    loot = {where: json.loads(b64decode(got)) for where, got in ran.items()}
    assert {len(found) for found in loot.values()} == {14}
    assert {where: {name: got for name, got in found.items() if got} for where, found in loot.items()} == {
        "ini": {},
        "template": {},
        "hook": {},
    }
    assert [left for left in LEFT_OUTSIDE if Path(left).exists()] == []
    path = "/api/orgs/demo/projects/shop/drafts"
    for more in ({"message": '"""; import os; os.system("id"); """'}, {"message": "fine", "rev_id": "../../x"}):
        assert ground.whole.http.post(path, json={"kind": "empty", **more}).status_code == 422, more


@pytest.fixture
def overheard(ground: Ground) -> Iterator[list[str]]:
    """Every command that anybody sends to the broker, and everything that is published."""
    heard: list[str] = []
    client = Redis.from_url(ground.redis_url, decode_responses=True, socket_timeout=None)
    monitor = client.monitor()

    def listen() -> None:
        try:
            for command in monitor.listen():
                heard.append(str(command["command"]))
        except (OSError, ValueError, AttributeError):
            return

    with monitor:
        threading.Thread(target=listen, daemon=True).start()
        yield heard
    client.close()


def test_no_secret_of_a_printing_and_failing_project_stands_anywhere(ground: Ground, overheard: list[str]) -> None:
    ground.whole.start_worker("landlock")
    ground.forget()
    _tell_others(ground)
    ground.take("calm")
    with ProcessWatch() as processes:
        assert ground.take("half")["state"] == "idle"  # what could be read stays, with a note of what Alembic said
        failed = ground.take("broken")
        assert failed["error"]["code"] != "isolation_too_weak"
        assert "broken" in failed["error"]["detail"]
        assert "•••" in failed["error"]["detail"]
        key_project = {
            "slug": "keyed",
            "name": "Keyed",
            "git_url": f"ssh://git@127.0.0.1:{ground.ssh_port}/x.git",
            "credential": {
                "ssh_private_key": ground.canaries["deploy key"],
                "known_hosts": f"[127.0.0.1]:{ground.ssh_port} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==",
            },
        }
        assert ground.whole.http.post("/api/orgs/demo/projects", json=key_project).status_code == 201
        assert ground.fetched("keyed")["state"] == "failed"
        assert ground.take("main")["state"] == "idle"
        frames: list[str] = []
        watching = threading.Thread(target=lambda: asyncio.run(_follow(ground, frames)))
        watching.start()
        done = ground.run("0002")
        watching.join(120)
        wrong = _wrong_password(ground)
        _look_at_the_repository(ground)
        _write_a_revision(ground)
    assert done["state"] == "failed", done
    assert ground.ask("select version_num from alembic_version") == [("0001",)]  # whatever was forged

    # Each was there to be leaked: said by the project, asked for by git, given to ssh, or in our own processes.
    said = dict(ground.ask("select attempt, got from loot where attempt like 'said %'"))
    canaries = {**ground.canaries, "token of the job": said["said 1"], "file's value": said["said 3"]}
    assert said["said 0"] == canaries["variable"]
    assert said["said 2"] == canaries["secret file"]
    assert any(given for _host, _path, given in ground.git.requests)
    assert canaries["deploy key"] in {*processes.keys, *(key + "\n" for key in processes.keys)}
    own = Path(f"/proc/{ground.whole.processes['worker'].pid}/environ").read_text()
    assert canaries["signing key"] in own
    assert canaries["sealing key"] in own
    assert len(overheard) > 100
    assert sum("•••" in frame for frame in frames) > 0

    tables = dump(ground.metadata_url)
    assert "broken" in tables["commits"]
    places = {
        **{f"table {name}": text for name, text in tables.items()},
        "commands of the broker": "\n".join(overheard),
        "keys of the broker": _keys(ground.redis_url),
        **{f"log of {name}": ground.whole.log(name) for name in ("api", "worker", "scheduler")},
        **{f"GET {path}": text for path, text in _answers(ground, [done["id"], wrong["id"]]).items()},
        "frames of the stream": "\n".join(frames),
        "argv": "\n".join(processes.words),
        "files": _files(ground.data),
    }
    assert {place: hits for place, text in places.items() if (hits := found_in(text, canaries))} == {}
    assert "untold-canary" not in json.dumps(places, ensure_ascii=False)
    assert "broken says" not in places["log of worker"]


def test_neither_api_nor_scheduler_ever_started_a_program(ground: Ground) -> None:
    assert len(ground.jobs) > 1
    assert ground.whole.programs.read_text() == ""


def _wrong_password(ground: Ground) -> dict[str, Any]:
    """A job that the server refuses; then the right password again."""
    path = "/api/orgs/demo/projects/shop/environments/dev/databases"
    database = ground.whole.http.get("/api/orgs/demo/projects/shop/environments").json()["items"][0]["databases"][0][
        "id"
    ]
    wrong = ground.canaries["database password"][::-1]
    ground.canaries["wrong password"] = wrong
    for password in (wrong, ground.canaries["database password"]):
        ground.whole.http.patch(f"{path}/{database}", json={"password": password}).raise_for_status()
        if password == wrong:
            done = ground.run("0001")
    assert done["error"]["code"] == "auth_failed", done["error"]
    return done


def _look_at_the_repository(ground: Ground) -> None:
    """As somebody does who begins to add it as a project."""
    credential = {"username": "git", "password": ground.canaries["git token"]}
    wanted = {"git_url": ground.git.url("shop", "localhost"), "git_ref": "main", "credential": credential}
    made = ground.whole.http.post("/api/orgs/demo/setups", json=wanted)
    assert made.status_code == 201, made.text
    path = f"/api/orgs/demo/setups/{made.json()['id']}"
    until(lambda: ground.whole.http.get(path).json()["look"]["state"] in ("idle", "failed"), "it was looked at")


def _write_a_revision(ground: Ground) -> dict[str, Any]:
    """As somebody does who has Alembic write one: the project's own code runs for it, in the sandbox."""
    path = "/api/orgs/demo/projects/shop/drafts"
    made = ground.whole.http.post(path, json={"kind": "empty", "message": "one more"})
    assert made.status_code == 202, made.text
    path = f"{path}/{made.json()['id']}"
    until(lambda: ground.whole.http.get(path).json()["state"] in ("ready", "failed"), "it was written, or not")
    found: dict[str, Any] = ground.whole.http.get(path).json()
    return found


def _tell_others(ground: Ground) -> None:
    """A webhook that wants everything; its address is a secret, as those of chats are, and nobody answers there."""
    path = ground.canaries["webhook's path"] = f"canary-hook-{ground.canaries['git token'][-8:]}"
    document = ground.whole.http.get("/openapi.json").json()
    wanted = {
        "name": "Chat",
        "url": f"http://127.0.0.1:{free_port()}/{path}",
        "events": document["components"]["schemas"]["Happening"]["enum"],
    }
    made = ground.whole.http.post("/api/orgs/demo/webhooks", json=wanted)
    assert made.status_code == 201, made.text
    ground.canaries["webhook's secret"] = made.json()["secret"]
    tested = ground.whole.http.post(f"/api/orgs/demo/webhooks/{made.json()['id']}/test")
    assert tested.status_code == 202, tested.text


async def _follow(ground: Ground, frames: list[str]) -> None:
    """Every frame of the newest job's stream, from its beginning."""
    before = len(ground.jobs)
    while len(ground.jobs) == before:
        await asyncio.sleep(0.01)
    url = f"ws://127.0.0.1:{ground.whole.port}/api/live"
    headers = {"Authorization": ground.whole.http.headers["Authorization"]}
    async with connect(url, additional_headers=headers, max_size=None, proxy=None) as socket:
        await socket.send(json.dumps({"subscribe": f"job:{ground.jobs[before]}"}))
        async for frame in socket:
            message = json.loads(frame)
            frames.append(json.dumps(message, ensure_ascii=False))
            if message["type"] == "end":
                return


def _keys(redis_url: str) -> str:
    """Every key with what it holds."""
    found = []
    with Redis.from_url(redis_url, decode_responses=True) as client:
        for key in client.scan_iter():
            found.append(str(key))
            match client.type(key):
                case "string":
                    found.append(str(client.get(key)))
                case "list":
                    found += map(str, client.lrange(key, 0, -1))
                case "hash":
                    found += map(str, client.hgetall(key).items())
                case "set":
                    found += map(str, client.smembers(key))
                case "zset":
                    found += map(str, client.zrange(key, 0, -1))
                case "stream":
                    found += map(str, client.xrange(key))
    return "\n".join(found)


def _answers(ground: Ground, jobs: list[str]) -> dict[str, str]:
    """What every GET route of the api answers its owner; a route with a new kind of place makes this fail."""
    http = ground.whole.http
    with psycopg.connect(ground.metadata_url) as connection:
        plan = str(connection.execute("select id from plans order by id desc limit 1").fetchone()[0])  # type: ignore[index]
        setup = str(connection.execute("select id from setups").fetchone()[0])  # type: ignore[index]
        draft = str(connection.execute("select id from drafts").fetchone()[0])  # type: ignore[index]
        database = str(connection.execute("select id from databases where name = 'main'").fetchone()[0])  # type: ignore[index]
        hook = connection.execute("select webhook_id, id from webhook_deliveries").fetchone()
    assert hook is not None
    webhook, delivery = map(str, hook)
    places = {"org": "demo", "project": "shop", "revision": "0001", "plan": plan, "setup": setup, "draft": draft}
    places |= {"environment": "dev", "database": database, "webhook": webhook, "delivery": delivery}
    places["request"] = plan  # nobody asks for approvals here
    places["code"] = http.post("/api/auth/terminals", json={"name": "a terminal"}).raise_for_status().json()["code"]
    answers = {}
    document = http.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        if "get" not in operations:
            continue
        for job in jobs if "{job}" in path else [""]:
            given = {"org": "demo", **({"kind": "table", "name": "loot"} if "object" in path else {})}
            if path.startswith("/api/migrations"):
                given |= {"project": "demo/shop", "environment": "dev", "database": database}
            if "/comparison" in path:
                given |= {"left": database, "right": database}
            known = {place["name"] for place in operations["get"].get("parameters", []) if place["in"] == "query"}
            query = {name: value for name, value in given.items() if name in known}
            answer = http.get(path.format(**places, job=job), params=query)
            fine = answer.status_code == 200 or (answer.status_code == 303 and path.startswith("/api/auth/sso"))
            # Nobody has asked for these, so that they may say that there is nothing; and no reader runs here.
            said = answer.status_code < 500 or answer.json()["code"] == "reader_away"
            assert fine or (said and any(part in path for part in _MAY_BE_EMPTY)), (path, answer.text)
            answers[f"{path} {job}"] = answer.text + json.dumps(_parsed(answer.text), ensure_ascii=False)
    assert len(answers) > 20
    return answers


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _files(data: Path) -> str:
    """Everything that stands in the worker's folder, and what it may have forgotten in those for a while."""
    found = []
    roots = [data, *Path("/dev/shm").glob("stillroom-git-*"), *Path("/tmp").glob("stillroom-job-*")]
    for root in roots:
        for path in root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                found.append(path.read_bytes().decode(errors="replace"))
    return "\n".join(found)
