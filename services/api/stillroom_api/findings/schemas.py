"""What is told of a revision and of a plan, as JSON."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from stillroom_core.findings.rules import Code, Rows, Severity
from stillroom_core.findings.service import Judged, JudgedPlan


class TableSize(BaseModel):
    """A table as it was when the database was last read; null where the server never counted."""

    rows: int | None = Field(description="as PostgreSQL estimates them")
    bytes: int | None = Field(description="with its indexes")


class FindingRead(BaseModel):
    """One thing that may hurt. Names are as the revision writes them.

    A table whose name is computed is the expression, like `Order.__tablename__`, or `…`.
    """

    code: Code
    severity: Severity = Field(
        description="in a plan: `note` where the table is small and the rows are what takes time"
    )
    title: str
    fix: str
    lock: str | None = Field(description="on the table, until the transaction ends; null: brief, or none of a table")
    rows: Rows | None = Field(description="what happens to all rows under that lock")
    schema_name: str
    table: str
    name: str = Field(description="of the column, constraint, index or statement")
    line: int | None = Field(description="in the revision's file, from 1")
    size: TableSize | None = Field(description="of the table, in a plan; null where it was not read")

    @classmethod
    def of(cls, judged: Judged) -> "FindingRead":
        """From what was judged."""
        finding, rule = judged.finding, judged.finding.rule
        return cls(
            code=rule.code,
            severity=judged.severity,
            title=rule.title,
            fix=rule.fix,
            lock=rule.lock,
            rows=rule.rows,
            schema_name=finding.schema,
            table=finding.table,
            name=finding.name,
            line=finding.line,
            size=TableSize(rows=judged.size.rows, bytes=judged.size.bytes) if judged.size else None,
        )


class RevisionFindings(BaseModel):
    """What is told of one function of a revision, by its lines; null: its file cannot be read, or is too long."""

    findings: list[FindingRead] | None

    @classmethod
    def of(cls, judged: list[Judged] | None) -> "RevisionFindings":
        """From what was judged."""
        return cls(findings=None if judged is None else [FindingRead.of(one) for one in judged])


class StepFindings(BaseModel):
    """What is told of one step; null: its file cannot be read, or is too long."""

    revision: str
    direction: Literal["upgrade", "downgrade"]
    findings: list[FindingRead] | None


class PlanFindings(BaseModel):
    """What is told of a plan's steps, in their order."""

    steps: list[StepFindings]
    read_at: datetime | None = Field(description="when the sizes of tables were read; null: never")

    @classmethod
    def of(cls, judged: JudgedPlan) -> "PlanFindings":
        """From what was judged."""
        steps = [
            StepFindings.model_validate(
                {
                    "revision": step.revision,
                    "direction": step.direction,
                    "findings": None if step.findings is None else [FindingRead.of(one) for one in step.findings],
                }
            )
            for step in judged.steps
        ]
        return cls(steps=steps, read_at=judged.read_at)
