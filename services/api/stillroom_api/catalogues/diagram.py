"""Shapes of diagrams: tables with their columns and foreign keys."""

from pydantic import BaseModel, Field

from stillroom_core.catalogues.diagram import Diagram


class DiagramColumn(BaseModel):
    """One column; `key`: of the primary key."""

    name: str
    type: str
    key: bool
    not_null: bool


class DiagramKey(BaseModel):
    """A foreign key: from these columns to those of another table."""

    name: str
    columns: list[str]
    schema_name: str
    table: str
    references: list[str]


class DiagramTable(BaseModel):
    """One table of the picture."""

    schema_name: str
    name: str
    columns: list[DiagramColumn]
    keys: list[DiagramKey]


class DiagramRead(BaseModel):
    """The tables of a database as they were last read; `read` is false where that never was."""

    read: bool
    tables: list[DiagramTable]
    more: int = Field(description="tables beyond the most that a diagram shows")

    @classmethod
    def of(cls, found: Diagram) -> "DiagramRead":
        """From the stored contents."""
        tables = []
        for content in found.tables:
            keys = {name for k in content["constraints"] if k["type"] == "p" for name in k["columns"] or ()}
            tables.append(
                DiagramTable(
                    schema_name=content["schema"],
                    name=content["name"],
                    columns=[
                        DiagramColumn(name=c["name"], type=c["type"], key=c["name"] in keys, not_null=c["not_null"])
                        for c in content["columns"]
                    ],
                    keys=[
                        DiagramKey(
                            name=k["name"],
                            columns=k["columns"] or [],
                            schema_name=k["references"][0],
                            table=k["references"][1],
                            references=k["references"][2],
                        )
                        for k in content["constraints"]
                        if k["type"] == "f" and k["references"]
                    ],
                )
            )
        return cls(read=found.read, tables=tables, more=found.more)
