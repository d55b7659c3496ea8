"""The masks through which somebody looks into a database: they go with every question that could show its values."""

from typing import Any

from stillroom_api.authorization import InEnvironment
from stillroom_core.database import Session
from stillroom_core.masks.service import masks_for


async def masked(session: Session, where: InEnvironment, content: dict[str, Any] | None = None) -> dict[str, Any]:
    """The question with the masks that hold for the asking person; the reader answers none without them."""
    return {**(content or {}), "masks": await masks_for(session, where.actor, where.project, where.environment)}
