"""Settings come from the environment, then from files."""

from pathlib import Path

import pytest

from stillroom_core.settings import get_settings


def test_a_secret_may_be_a_file_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "STILLROOM_SECRET_KEY").write_text("a" * 40 + "\n")
    (tmp_path / "REDIS_URL").write_text("redis://from-a-file")
    monkeypatch.setenv("STILLROOM_SECRETS_DIR", str(tmp_path))
    monkeypatch.delenv("STILLROOM_SECRET_KEY", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:b@c/d")
    monkeypatch.setenv("REDIS_URL", "redis://from-the-environment")
    monkeypatch.setenv("STILLROOM_SEALING_KEYS", "k:" + "A" * 43 + "=")
    monkeypatch.setenv("STILLROOM_DATA_DIR", str(tmp_path))
    settings = get_settings.__wrapped__()
    assert settings.secret_key.get_secret_value() == "a" * 40
    assert settings.redis_url.get_secret_value() == "redis://from-the-environment"
