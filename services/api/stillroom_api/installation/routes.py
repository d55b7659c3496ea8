"""How the installation stands, for platform staff."""

from fastapi import APIRouter

from stillroom_api.authorization import PlatformStaff
from stillroom_api.context import ContextOf, Transaction
from stillroom_api.installation.schemas import InstallationRead
from stillroom_core.installation.overview import overview

router = APIRouter(prefix="/api/installation", tags=["installation"])


@router.get("")
async def installation(person: PlatformStaff, context: ContextOf, session: Transaction) -> InstallationRead:
    """Queue, workers, leases, databases in doubt, letters that were not taken: counts and ids alone."""
    return InstallationRead.model_validate(await overview(session, context.redis, context.settings))
