"""What is asked of an installation in containers."""

import io
from typing import Any

from containers.engine import wait_for
from stillroom_cli.client.connection import Client
from stillroom_cli.client.watching import watch


def upgrade(client: Client, project: str, environment: str) -> dict[str, Any]:
    """An upgrade to the heads, watched over the WebSocket to its end."""
    return _move(client, "upgrade", project, environment, "heads")


def downgrade(client: Client, project: str, environment: str) -> dict[str, Any]:
    """A downgrade by one revision, watched likewise."""
    return _move(client, "downgrade", project, environment, "-1")


def _move(client: Client, kind: str, project: str, environment: str, revision: str) -> dict[str, Any]:
    organization, _, name = project.partition("/")

    def fetched() -> bool | None:
        found = client.get(f"/api/orgs/{organization}/projects/{name}")
        assert found["fetch"]["state"] != "failed", found["fetch"]["error"]
        return True if found["commit"] else None

    wait_for("the first fetch", fetched)
    wanted = {"project": project, "environment": environment, "revision": revision}
    said = io.StringIO()
    job = watch(client, client.post(f"/api/migrations/{kind}", wanted)["id"], said)
    assert job["state"] == "succeeded", said.getvalue()[-3000:]
    return job
