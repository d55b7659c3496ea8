"""Settings come from the environment, then from files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from stillroom_core.settings import Settings, get_settings


def test_a_secret_may_be_a_file_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "STILLROOM_SECRET_KEY").write_text("a" * 40 + "\n")
    (tmp_path / "REDIS_URL").write_text("redis://:p@from-a-file")
    monkeypatch.setenv("STILLROOM_SECRETS_DIR", str(tmp_path))
    monkeypatch.delenv("STILLROOM_SECRET_KEY", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:b@c/d")
    monkeypatch.setenv("REDIS_URL", "redis://:p@from-the-environment")
    monkeypatch.setenv("STILLROOM_SEALING_KEYS", "k:" + "A" * 43 + "=")
    monkeypatch.setenv("STILLROOM_DATA_DIR", str(tmp_path))
    settings = get_settings.__wrapped__()
    assert settings.secret_key.get_secret_value() == "a" * 40
    assert settings.redis_url.get_secret_value() == "redis://:p@from-the-environment"


@pytest.mark.parametrize("url", ["redis://valkey:6379/0", "redis://user@valkey:6379/0", "redis://:@valkey:6379/0"])
def test_a_broker_without_a_password_is_refused_outside_development(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "DATABASE_URL": "postgresql://a:b@c/d",
        "REDIS_URL": url,
        "STILLROOM_SECRET_KEY": "a" * 40,
        "STILLROOM_SEALING_KEYS": "k:" + "A" * 43 + "=",
        "STILLROOM_DATA_DIR": str(tmp_path),
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("STILLROOM_DEVELOPMENT", raising=False)
    with pytest.raises(ValidationError, match="REDIS_URL has no password"):
        get_settings.__wrapped__()
    monkeypatch.setenv("STILLROOM_DEVELOPMENT", "1")
    assert get_settings.__wrapped__().redis_url.get_secret_value() == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("amqp://rabbitmq:5672", "BROKER_URL has no password"),
        ("amqp://stillroom@rabbitmq/ours", "BROKER_URL has no password"),
        ("redis://:canary@valkey:6379/0", "BROKER_URL must be amqp"),
        ("amqp://", "BROKER_URL must be amqp"),
        ("amqps://u:canary@", "BROKER_URL must be amqp"),
    ],
)
def test_a_broker_of_messages_that_could_not_work_or_is_open_is_refused_with_the_reason(
    url: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _give(monkeypatch, tmp_path, url)
    with pytest.raises(ValidationError, match=reason) as refused:
        get_settings.__wrapped__()
    assert "canary" not in str(refused.value)


def test_messages_go_over_valkey_unless_another_broker_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for given, used in (("", "redis://:p@c"), ("amqps://u:p@r/v", "amqps://u:p@r/v")):
        _give(monkeypatch, tmp_path, given)
        assert get_settings.__wrapped__().messages_url == used


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://a:canary@r/d", "must be postgresql"),
        ("postgresql:///d", "must be postgresql"),
        ("postgresql://owner:canary@r/d", "role and the database"),
        ("postgresql://a:canary@r/other", "role and the database"),
    ],
)
def test_a_replica_that_is_none_or_is_entered_as_another_role_is_refused_with_the_reason(
    url: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _give(monkeypatch, tmp_path, "")
    monkeypatch.setenv("DATABASE_REPLICA_URL", url)
    with pytest.raises(ValidationError, match=reason) as refused:
        get_settings.__wrapped__()
    assert "canary" not in str(refused.value)


def test_a_replica_is_the_same_database_elsewhere_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _give(monkeypatch, tmp_path, "")
    for given in ("", "postgresql://a:other@r:5433/d"):
        monkeypatch.setenv("DATABASE_REPLICA_URL", given)
        found = get_settings.__wrapped__().database_replica_url
        assert (found.get_secret_value() if found else "") == given


def _give(monkeypatch: pytest.MonkeyPatch, folder: Path, broker_url: str) -> None:
    given = {
        "DATABASE_URL": "postgresql://a:b@c/d",
        "REDIS_URL": "redis://:p@c",
        "BROKER_URL": broker_url,
        "STILLROOM_SECRET_KEY": "a" * 40,
        "STILLROOM_SEALING_KEYS": "k:" + "A" * 43 + "=",
        "STILLROOM_DATA_DIR": str(folder),
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("STILLROOM_DEVELOPMENT", raising=False)


@pytest.mark.parametrize(
    "command",
    [
        ["uvicorn", "stillroom_api.main:create_app", "--factory"],
        ["celery", "-A", "stillroom_worker.app", "worker"],
    ],
)
def test_neither_api_nor_worker_starts_with_a_broker_without_a_password(command: list[str], tmp_path: Path) -> None:
    given = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": "postgresql://a:b@localhost/d",
        "REDIS_URL": "redis://localhost:1/0",
        "STILLROOM_SECRET_KEY": "a" * 40,
        "STILLROOM_SEALING_KEYS": "k:" + "A" * 43 + "=",
        "STILLROOM_DATA_DIR": str(tmp_path),
    }
    done = subprocess.run([sys.executable, "-m", *command], env=given, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "REDIS_URL has no password" in done.stderr


@pytest.mark.parametrize("key", ["short", "x" * 31, ""])
def test_a_short_signing_key_is_refused(key: str, tmp_path: Path) -> None:
    given = {
        "DATABASE_URL": "postgresql://a:b@c/d",
        "REDIS_URL": "redis://:p@c",
        "STILLROOM_SECRET_KEY": key,
        "STILLROOM_SEALING_KEYS": "k:" + "A" * 43 + "=",
        "STILLROOM_DATA_DIR": str(tmp_path),
    }
    with pytest.raises(ValidationError, match="at least 32 bytes"):
        Settings.model_validate(given)
