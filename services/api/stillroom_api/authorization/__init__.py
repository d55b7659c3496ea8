"""Who asks, and whether they may: decided once, at the edge, by these dependencies.

Every route declares exactly one of them, or stands in PUBLIC; a test walks the routes and checks it.
Strangers to an organization or a project get 404, members without the permission get 403 that names it.
"""

from stillroom_api.authorization.callers import (
    MARK,
    PUBLIC,
    SIGNED_IN,
    Caller,
    Person,
    PlatformStaff,
    bearer_token,
    bind_token,
    check_origin,
    marked,
    of_oneself,
    of_platform,
    person_or_token,
    platform_staff,
    same_origin,
    signed_in,
)
from stillroom_api.authorization.named import in_named_environment, in_named_project, named_environment, named_project
from stillroom_api.authorization.places import (
    InEnvironment,
    InProject,
    in_any_project,
    in_environment,
    in_organization,
    in_project,
)
from stillroom_api.authorization.rows import (
    OnJob,
    OnPlan,
    OnRequest,
    authorized_job,
    on_job,
    on_job_to_cancel,
    on_plan,
    on_request,
    on_stopped_job,
)

__all__ = [
    "MARK",
    "PUBLIC",
    "SIGNED_IN",
    "Caller",
    "InEnvironment",
    "InProject",
    "OnJob",
    "OnPlan",
    "OnRequest",
    "Person",
    "PlatformStaff",
    "authorized_job",
    "bearer_token",
    "bind_token",
    "check_origin",
    "in_any_project",
    "in_environment",
    "in_named_environment",
    "in_named_project",
    "in_organization",
    "in_project",
    "marked",
    "named_environment",
    "named_project",
    "of_oneself",
    "of_platform",
    "on_job",
    "on_job_to_cancel",
    "on_plan",
    "on_request",
    "on_stopped_job",
    "person_or_token",
    "platform_staff",
    "same_origin",
    "signed_in",
]
