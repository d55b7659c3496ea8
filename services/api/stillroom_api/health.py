"""Whether this process lives, and whether it can serve."""

import asyncio
from datetime import timedelta
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from redis.exceptions import RedisError

from stillroom_api.context import Context, ContextOf
from stillroom_core.health import OK, broker_answers, database_answers
from stillroom_core.jobs.presence import isolation_of_workers

router = APIRouter(tags=["health"])

_PATIENCE = timedelta(seconds=3)


class Live(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """Each thing that we depend on, with the reason when it fails."""

    status: Literal["ready", "not ready"]
    database: str = Field(description="ok, or why not: no answer, or a schema older than this release needs")
    queue: str
    workers: dict[str, int] = Field(
        description="How many workers live at each proven level of isolation; `refused` could reach none that may run "
        "jobs. Not a condition of being ready."
    )


@router.get("/livez")
async def live() -> Live:
    """Whether the process answers at all."""
    return Live()


@router.get("/readyz", responses={503: {"model": Ready}})
async def ready(context: ContextOf, response: Response) -> Ready:
    """Whether database and queue answer, and the database has the schema of this release."""
    database, queue, workers = await asyncio.gather(
        database_answers(context.database), broker_answers(context.redis, context.settings), _workers(context)
    )
    good = database == queue == OK
    response.status_code = 200 if good else 503
    return Ready(status="ready" if good else "not ready", database=database, queue=queue, workers=workers)


async def _workers(context: Context) -> dict[str, int]:
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            return await isolation_of_workers(context.redis)
    except (RedisError, OSError, TimeoutError):
        return {}  # the queue's own line says so
