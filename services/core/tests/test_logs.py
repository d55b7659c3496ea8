"""What the processes write about themselves, and from which level on."""

import json
import logging

import pytest
import structlog
from pydantic import ValidationError

from stillroom_core.logs import configure_logs
from stillroom_core.settings import Settings, get_settings
from stillroom_testing.installations import in_this_process

SETTINGS = {
    "DATABASE_URL": "postgresql+asyncpg://u:p@h/d",
    "REDIS_URL": "redis://:broker@h/0",
    "STILLROOM_SECRET_KEY": "signing-signing-signing-signing-signing",
    "STILLROOM_SEALING_KEYS": "k:c2VhbGluZy1zZWFsaW5nLXNlYWxpbmctMTIzNDU2Nzg=",
    "STILLROOM_DATA_DIR": "/nowhere",
}


def told(capsys: pytest.CaptureFixture[str], **more: str) -> list[tuple[str, str]]:
    """The level and the event of what was written, by our own logger and by a library's."""
    root = logging.getLogger()
    before = root.handlers, root.level
    with in_this_process({**SETTINGS, **more}):
        try:
            configure_logs(get_settings(), "test")
            for log in (structlog.get_logger("ours"), logging.getLogger("celery.worker")):
                log.debug("hidden")
                log.info("job done")
                log.warning("behind")
        finally:
            root.handlers, root.level = before
            structlog.reset_defaults()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    return [(line["level"], line["event"]) for line in lines]


def test_each_request_and_job_has_a_line_unless_less_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys) == [("info", "job done"), ("warning", "behind")] * 2
    assert told(capsys, STILLROOM_LOG_LEVEL="warning") == [("warning", "behind")] * 2
    assert told(capsys, STILLROOM_LOG_LEVEL="error") == []


def test_what_libraries_tell_to_their_authors_is_not_to_be_had() -> None:
    with in_this_process({**SETTINGS, "STILLROOM_LOG_LEVEL": "debug"}), pytest.raises(ValidationError):
        Settings()
