"""Shapes of webhooks and their deliveries."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from stillroom_core.happenings.kinds import Happening
from stillroom_core.webhooks.models import Webhook

Name = Annotated[str, Field(min_length=1, max_length=200)]
Url = Annotated[str, Field(min_length=8, max_length=2000)]
Events = Annotated[frozenset[Happening], Field(min_length=1)]
Projects = Annotated[list[Annotated[str, Field(max_length=63)]], Field(max_length=100)]
Format = Literal["stillroom", "slack"]


class WebhookRead(BaseModel):
    """A webhook, without its address and its secret: both let somebody in."""

    id: UUID
    name: str
    host: str = Field(description="where it leads, without the path")
    format: Format
    events: list[Happening]
    project_ids: list[UUID] | None = Field(description="null: all projects")
    active: bool
    failing_since: datetime | None = Field(description="nothing has got through since then")
    disabled_at: datetime | None
    disabled_because: Literal["asked", "failing", "gone"] | None
    secret_set_at: datetime
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, hook: Webhook) -> "WebhookRead":
        """From the row."""
        return cls.model_validate(_columns(hook))


class WebhookMade(WebhookRead):
    """A webhook with its secret, which is shown this once."""

    secret: str

    @classmethod
    def with_secret(cls, hook: Webhook, secret: str) -> "WebhookMade":
        """From the row and the secret."""
        return cls.model_validate({**_columns(hook), "secret": secret})


def _columns(hook: Webhook) -> dict[str, Any]:
    found = {name: getattr(hook, name) for name in WebhookRead.model_fields if name != "active"}
    return {**found, "active": hook.disabled_at is None}


class Webhooks(BaseModel):
    """The organization's webhooks, the newest first."""

    items: list[WebhookRead]


class WebhookNew(BaseModel):
    """A webhook to make."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Name
    url: Url
    format: Format = "stillroom"
    events: Events
    projects: Projects | None = Field(default=None, description="by short name or id; without them all")


class WebhookChanges(BaseModel):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Name | None = None
    url: Url | None = None
    format: Format | None = None
    events: Events | None = None
    projects: Projects | None = Field(default=None, description="null: all projects")
    active: bool | None = None

    def given(self) -> dict[str, Any]:
        """What was given; only for the projects null means something."""
        given = self.model_dump(exclude_unset=True)
        return {name: value for name, value in given.items() if value is not None or name == "projects"}


class DeliveryRead(BaseModel):
    """One message to a webhook, and what came of sending it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    event: str
    state: Literal["waiting", "delivered", "failed"]
    tries: int
    created_at: datetime
    tried_at: datetime | None
    next_try_at: datetime = Field(description="while it waits")
    took_ms: int | None
    status: int | None = Field(description="of the last answer")
    response: str | None = Field(description="the first bytes of the last answer")
    error: str | None = Field(
        description="why there was no answer: address_refused, not_found, timeout, tls, unreachable"
    )


class DeliveryWithPayload(DeliveryRead):
    """The same with what is sent."""

    payload: dict[str, Any]


class Deliveries(BaseModel):
    """Messages to a webhook, the newest first; `next` goes on."""

    items: list[DeliveryRead]
    next: UUID | None
