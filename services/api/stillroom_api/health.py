"""Whether this process lives, and whether it can serve."""

import asyncio
from datetime import timedelta
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from stillroom_api.context import Context, ContextOf

router = APIRouter(tags=["health"])

_PATIENCE = timedelta(seconds=3)


class Live(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """Each thing that we depend on, with the reason when it fails."""

    status: Literal["ready", "not ready"]
    database: str
    queue: str


@router.get("/livez")
async def live() -> Live:
    """Whether the process answers at all."""
    return Live()


@router.get("/readyz", responses={503: {"model": Ready}})
async def ready(context: ContextOf, response: Response) -> Ready:
    """Whether database and queue answer."""
    database, queue = await asyncio.gather(_database(context), _queue(context))
    good = database == queue == "ok"
    response.status_code = 200 if good else 503
    return Ready(status="ready" if good else "not ready", database=database, queue=queue)


async def _database(context: Context) -> str:
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()), context.database.unscoped() as session:
            await session.execute(text("select version_num from alembic_version"))
    except (SQLAlchemyError, OSError, TimeoutError) as cause:
        return f"does not answer ({type(cause).__name__})"
    return "ok"


async def _queue(context: Context) -> str:
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            await context.redis.ping()
    except (RedisError, OSError, TimeoutError) as cause:
        return f"does not answer ({type(cause).__name__})"
    return "ok"
