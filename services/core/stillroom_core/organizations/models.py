"""The table of organizations."""

from sqlalchemy import String, text
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table


class Organization(Keyed, Table):
    """A tenant: everything but people belongs to exactly one."""

    __tablename__ = "organizations"

    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    last_job_number: Mapped[int] = mapped_column(server_default=text("0"))
    # Members without a second factor may do nothing here.
    second_factor_demanded: Mapped[bool] = mapped_column(server_default=text("false"))
