"""Writes the OpenAPI document: `python -m stillroom_api.openapi > web/openapi.json`."""

import base64
import json
import sys

from stillroom_api.main import create_app
from stillroom_core.settings import Settings


def document() -> dict[str, object]:
    """The document of an application that was never started: no server is needed to describe one."""
    settings = Settings.model_validate(
        {
            "DATABASE_URL": "postgresql://localhost/none",
            "REDIS_URL": "redis://:none@localhost",
            "STILLROOM_SECRET_KEY": "0" * 32,
            "STILLROOM_SEALING_KEYS": "none:" + base64.b64encode(bytes(32)).decode(),
            "STILLROOM_DATA_DIR": ".",
            "STILLROOM_WEB_DIR": "",
        }
    )
    return dict(create_app(settings).openapi())


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2, sort_keys=True)
    sys.stdout.write("\n")
