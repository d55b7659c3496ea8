"""Plans as one person sees them: with what stands between the plan and its job."""

from stillroom_api.plans.schemas import PlanRead
from stillroom_core.actors.actor import Actor
from stillroom_core.approvals.outlook import outlook_of
from stillroom_core.database import Session
from stillroom_core.plans.repository import PlacedPlan


async def read_plan(session: Session, actor: Actor, placed: PlacedPlan) -> PlanRead:
    """One plan; of one that was applied nothing stands in the way any more."""
    outlook = await outlook_of(session, actor, placed) if placed.job is None else None
    return PlanRead.of(placed, outlook)
