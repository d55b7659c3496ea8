"""The kinds of object that a catalogue has, in the order in which they are shown."""

from enum import StrEnum


class Kind(StrEnum):
    """What an object is; triggers, policies, indexes and constraints are parts of their table."""

    SCHEMA = "schema"
    TABLE = "table"
    FOREIGN_TABLE = "foreign_table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized_view"
    FUNCTION = "function"
    ENUM = "enum"
    DOMAIN = "domain"
    COMPOSITE = "composite"
    RANGE = "range"
    SEQUENCE = "sequence"
    EXTENSION = "extension"
    ROLE = "role"
