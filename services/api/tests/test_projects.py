"""Projects over HTTP."""

from typing import Any

from stillroom_core.jobs.queue import FETCH_PROJECT

OWNER = "owner@own.example"


async def test_a_new_project_waits_for_its_first_fetch(api: Any) -> None:
    api.queue.rings.clear()
    new = {"slug": "billing", "name": "Billing", "git_url": "https://example.com/billing.git", "git_ref": "main"}
    made = await api.call(OWNER, "POST", "/api/orgs/own/projects", json=new)
    assert made.status_code == 201, made.text
    assert made.json()["fetch"]["state"] == "waiting"
    read = await api.call(OWNER, "GET", "/api/orgs/own/projects/billing")
    assert read.json()["fetch"]["state"] == "waiting"
    assert [(ring.task, str(ring.key)) for ring in api.queue.rings] == [(FETCH_PROJECT, made.json()["id"])]
