"""`stillroom doctor` and `stillroom staff`, run as an operator runs them: on the host, with the settings."""

import json
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import make_url

from operations.installation import EMAIL, ROOT

_STILLROOM = (sys.executable, "-m", "stillroom_cli")


def stillroom(environment: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*_STILLROOM, *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def findings(environment: dict[str, str]) -> tuple[int, dict[str, dict[str, str]], str]:
    """Exit code, what was found by its name, and all that was printed."""
    done = stillroom(environment, "doctor", "--json")
    told = done.stdout + done.stderr
    return done.returncode, {line["what"]: line for line in json.loads(done.stdout)}, told


def test_of_a_sound_installation_everything_is_well(operated: Any) -> None:
    done = stillroom(operated.whole.environment, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 wrong" in done.stdout
    for what in ("PostgreSQL", "our schema", "clock of PostgreSQL", "sealing keys", "broker", "workers", "disk", "git"):
        assert f"ok       {what}" in done.stdout, done.stdout
    assert "ok       reader" in done.stdout
    assert done.stderr == ""


@pytest.fixture(scope="module")
def broken(operated: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, dict[str, str]], str]:
    """What is found where nearly everything is wrong."""
    folder = tmp_path_factory.mktemp("doctor")
    (folder / "file").write_text("no folder")
    nobody = "127.0.0.1:1"
    given = {
        "DATABASE_URL": f"postgresql://ann:canary-database@{nobody}/stillroom",
        "STILLROOM_OWNER_DATABASE_URL": f"postgresql://ann:canary-owner@{nobody}/stillroom",
        "REDIS_URL": f"redis://:canary-broker@{nobody}/0",
        "STILLROOM_SECRET_KEY": "a" * 40,
        "STILLROOM_SMTP_URL": f"smtp://ann:canary-mail@{nobody}",
        "STILLROOM_READER_URL": f"http://{nobody}",
        "STILLROOM_PUBLIC_URL": "http://stillroom.example",
        "STILLROOM_DATA_DIR": str(folder / "file" / "data"),
        "STILLROOM_DEVELOPMENT": "0",
        "PATH": str(folder),
    }
    return findings({**operated.whole.environment, **given})


@pytest.mark.parametrize(
    ("what", "state"),
    [
        ("PostgreSQL", "wrong"),
        ("PostgreSQL as owner", "wrong"),
        ("broker", "wrong"),
        ("mail", "wrong"),
        ("git", "wrong"),
        ("STILLROOM_DATA_DIR", "wrong"),
        ("reader", "warning"),
        ("STILLROOM_SECRET_KEY", "warning"),
        ("STILLROOM_PUBLIC_URL", "warning"),
    ],
)
def test_what_is_wrong_is_named_with_its_cause_and_its_fix(broken: Any, what: str, state: str) -> None:
    code, found, _ = broken
    assert code == 1
    assert (found[what]["state"], bool(found[what]["found"]), bool(found[what]["fix"])) == (state, True, True)


def test_no_secret_is_printed(broken: Any) -> None:
    _, _, told = broken
    assert "canary" not in told
    assert "a" * 40 not in told


def test_settings_that_lack_are_named_without_looking_at_anything_else(operated: Any) -> None:
    given = {
        **operated.whole.environment,
        "STILLROOM_SECRET_KEY": "too-short-canary",
        "STILLROOM_SEALING_KEYS": "x:canary",
    }
    code, found, told = findings(given)
    assert code == 1
    assert found.keys() == {"STILLROOM_SECRET_KEY", "STILLROOM_SEALING_KEYS"}
    assert "at least 32 bytes" in found["STILLROOM_SECRET_KEY"]["found"]
    assert "canary" not in told


def test_a_sealing_key_that_is_gone_is_named_with_how_much_it_sealed(operated: Any) -> None:
    other = "second:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
    code, found, _ = findings({**operated.whole.environment, "STILLROOM_SEALING_KEYS": other})
    assert code == 1
    assert "test (" in found["sealing keys"]["found"]
    assert "former keys" in found["sealing keys"]["fix"]


def test_a_replica_that_is_away_or_none_is_told_by_the_doctor(operated: Any) -> None:
    whole = operated.whole.environment
    away = make_url(whole["DATABASE_URL"]).set(port=1).render_as_string(hide_password=False)
    code, found, _ = findings({**whole, "DATABASE_REPLICA_URL": away})
    assert (code, found["replica"]["state"], "DATABASE_REPLICA_URL" in found["replica"]["fix"]) == (0, "warning", True)
    code, found, _ = findings({**whole, "DATABASE_REPLICA_URL": whole["DATABASE_URL"]})
    assert (code, found["replica"]["state"]) == (1, "wrong")
    assert "replays no log" in found["replica"]["found"]


def test_a_replica_that_streams_is_well(operated: Any, replicated: Any) -> None:
    """Of another installation than the one around it, whose PostgreSQL has none."""
    addresses = [server.admin_url("postgresql") for server in (replicated.primary, replicated[0])]
    _, found, _ = findings(
        {**operated.whole.environment, "DATABASE_URL": addresses[0], "DATABASE_REPLICA_URL": addresses[1]}
    )
    assert found["replica"]["state"] == "ok", found["replica"]


def test_staff_is_listed_ended_and_made_on_the_host(operated: Any) -> None:
    whole = operated.whole
    assert EMAIL in stillroom(whole.environment, "staff", "list").stdout  # the first administrator is it
    seen = whole.http.get("/api/installation")
    assert (seen.status_code, seen.json()["workers"][0]["slots"]) == (200, 1)
    assert stillroom(whole.environment, "staff", "remove", EMAIL).stdout == f"{EMAIL} is staff no more.\n"
    assert whole.http.get("/api/installation").status_code == 403
    assert stillroom(whole.environment, "staff", "add", EMAIL).stdout == f"{EMAIL} is staff now.\n"
    assert whole.http.get("/api/installation").status_code == 200
    nobody = stillroom(whole.environment, "staff", "add", "nobody@example.com")
    assert (nobody.returncode, "Nobody signs in as" in nobody.stdout) == (1, True)
    assert stillroom(whole.environment, "staff", "add").returncode == 2
