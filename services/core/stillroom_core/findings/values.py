"""Whether a default is computed once, or for each row anew."""

import re

_CALL = re.compile(r"\b([a-z_][a-z0-9_.]*)\s*\(")
# Functions of PostgreSQL that are stable or immutable, and types that take a length. Others, a project's own among
# them, are volatile unless somebody said otherwise.
_ONCE = frozenset(
    {
        *("now", "transaction_timestamp", "statement_timestamp", "date_trunc", "to_timestamp", "to_date", "timezone"),
        *("make_date", "make_interval", "make_timestamptz", "age", "extract", "date_part", "localtimestamp"),
        *("current_timestamp", "current_time", "current_setting", "coalesce", "nullif", "greatest", "least", "cast"),
        *("lower", "upper", "concat", "format", "md5", "sha256", "length", "trim", "btrim", "substring", "replace"),
        *("to_char", "to_json", "to_jsonb", "json_build_object", "jsonb_build_object", "json_build_array"),
        *("jsonb_build_array", "to_tsvector", "to_tsquery", "array_fill", "point", "box", "row", "array"),
        *("abs", "round", "floor", "ceil", "power", "mod", "encode", "decode", "convert_to", "int4range", "tstzrange"),
        *("numeric", "decimal", "varchar", "char", "character", "varying", "bit", "timestamp", "time", "interval"),
        *("timestamptz", "timetz", "float", "vector", "geometry", "geography", "in"),
    }
)


def differs_by_row(default: str) -> bool:
    """Whether a default may differ by row, so that a new column with it is written into every row.

    >>> differs_by_row("gen_random_uuid()"), differs_by_row("now()"), differs_by_row("'{}'::jsonb")
    (True, False, False)
    """
    text = re.sub(r"'(?:[^']|'')*'", "''", default.lower()).replace(" (", "(").replace(" . ", ".")
    return any(name.removeprefix("pg_catalog.") not in _ONCE for name in _CALL.findall(text))
