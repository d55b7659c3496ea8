"""What is told of revisions before they run."""

from stillroom_api.findings.schemas import PlanFindings, RevisionFindings

__all__ = ["PlanFindings", "RevisionFindings"]
