"""Shapes of data."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from stillroom_api.masks.schemas import MaskKind

_NAME = Field(min_length=1, max_length=63)
Test = Literal["eq", "ne", "lt", "le", "gt", "ge", "null", "not_null", "contains"]


class RowFilter(BaseModel):
    """One condition on a column. The value is text and is read as the column's type by the server."""

    model_config = ConfigDict(extra="forbid")

    column: str = _NAME
    test: Test
    value: str | None = Field(default=None, max_length=10_000)


class RowSelection(BaseModel):
    """Which rows of which table, in which order."""

    model_config = ConfigDict(extra="forbid")

    schema_name: str = _NAME
    table: str = _NAME
    filters: list[RowFilter] = Field(default=[], max_length=20)
    sort: str | None = Field(default=None, min_length=1, max_length=63)
    descending: bool = False

    def asked(self) -> dict[str, Any]:
        """As the reader is asked."""
        content = self.model_dump()
        return {"schema": content.pop("schema_name"), **content}


class RowsQuery(RowSelection):
    """One page of rows; `after` is what the former page gave as `next`."""

    limit: int = Field(default=100, ge=1, le=500)
    after: list[str | None] | None = Field(default=None, max_length=64)


class RowsExport(RowSelection):
    """All rows as a file."""

    format: Literal["csv", "json"] = "csv"
    limit: int = Field(default=1_000_000, ge=1, le=10_000_000)


class ResultColumn(BaseModel):
    """One column of a result. `category` is PostgreSQL's letter: N for numbers. `mask` says that values are masked."""

    name: str
    type: str
    category: str
    mask: MaskKind | None = None


class RowsPage(BaseModel):
    """A page of rows, every value as text. `cut` names the cells that show only a beginning, as [row, column]."""

    columns: list[ResultColumn]
    key: list[str]
    rows: list[list[str | None]]
    cut: list[list[int]]
    next: list[str | None] | None
    more: bool


class QueryRequest(BaseModel):
    """SQL to run in a read-only transaction."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(min_length=1, max_length=100_000)
    timeout_ms: int = Field(default=30_000, ge=100, le=300_000)
    limit: int = Field(default=1_000, ge=1, le=10_000)


class ExplainRequest(BaseModel):
    """SQL to explain; with `analyze` it is run, in a read-only transaction."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(min_length=1, max_length=100_000)
    analyze: bool = False
    timeout_ms: int = Field(default=30_000, ge=100, le=300_000)


class QueryPlan(BaseModel):
    """PostgreSQL's own JSON of a plan."""

    plan: dict[str, Any]
