"""The SQL that makes an object of a catalogue again, as people would write it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stillroom_core.catalogues.kinds import Kind
from stillroom_core.catalogues.names import literal, qualified, quoted

Content = Mapping[str, Any]

_IDENTITY = {"a": "ALWAYS", "d": "BY DEFAULT"}
_GENERATED = {"s": "STORED", "v": "VIRTUAL"}
_STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "x": "EXTENDED", "m": "MAIN"}
_ENABLED = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
_COMMANDS = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE", "*": "ALL"}


def ddl(content: Content, *, rights: bool = True) -> str:
    """The statements of one object, in order, as one text; without `rights` none about its owner and who may use it."""
    statements = ddl_statements(content)
    if not rights:
        statements = [one for one in statements if not _about_rights(one, content)]
    return "\n\n".join(f"{statement};" for statement in statements)


def _about_rights(statement: str, content: Content) -> bool:
    owned = statement.startswith("ALTER ") and statement.endswith(f" OWNER TO {quoted(content.get('owner') or '')}")
    return owned or statement.startswith(("GRANT ", "REVOKE "))


def ddl_statements(content: Content) -> list[str]:
    """The same as a list without semicolons; a body of a function keeps its own."""
    return _MAKERS[Kind(content["kind"])](content)


def _place(content: Content) -> str:
    return qualified(content["schema"], content["name"])


def _table(content: Content) -> list[str]:
    place = _place(content)
    foreign = content["kind"] == Kind.FOREIGN_TABLE
    words = "FOREIGN TABLE" if foreign else "UNLOGGED TABLE" if content["persistence"] == "unlogged" else "TABLE"
    partition = bool(content["partition_bound"])
    lines = [_partition_column(c) for c in content["columns"]] if partition else _own_columns(content)
    lines += [_inline(k) for k in content["constraints"] if k["local"] and k["type"] in "cpux"]
    body = " (\n    " + ",\n    ".join(line for line in lines if line) + "\n)" if any(lines) else " ()"
    text = f"CREATE {words} {place}"
    if partition:
        parent = qualified(*content["parents"][0])
        text += f" PARTITION OF {parent}{body if any(lines) else ''}\n{content['partition_bound']}"
    else:
        text += body
        if content["parents"]:
            text += f"\nINHERITS ({', '.join(qualified(*parent) for parent in content['parents'])})"
    if content["partition_key"]:
        text += f"\nPARTITION BY {content['partition_key']}"
    if foreign:
        text += f"\nSERVER {quoted(content['server'])}{_options(content['server_options'])}"
    text += _storage(content)
    return [text, *_additions(content, "FOREIGN TABLE" if foreign else "TABLE")]


def _own_columns(content: Content) -> list[str]:
    named = {k["columns"][0]: k["name"] for k in content["constraints"] if k["type"] == "n" and k["local"]}
    return [_column(content, c, named.get(c["name"])) for c in content["columns"] if c["local"]]


def _column(content: Content, column: Content, not_null: str | None) -> str:
    parts = [quoted(column["name"]), column["type"]]
    if column["collation"]:
        parts.append(f"COLLATE {column['collation']}")
    if column["generated"]:
        parts.append(f"GENERATED ALWAYS AS ({column['default']}) {_GENERATED[column['generated']]}")
    elif column["identity"]:
        parts.append(f"GENERATED {_IDENTITY[column['identity']]} AS IDENTITY{_identity(column)}")
    elif column["default"] is not None:
        parts.append(f"DEFAULT {column['default']}")
    if column["not_null"] and not _in_primary_key(content, column["name"]):
        usual = f"{content['name']}_{column['name']}_not_null"
        parts.append("NOT NULL" if not_null in (None, usual) else f"CONSTRAINT {quoted(not_null or '')} NOT NULL")
    return " ".join(parts)


def _identity(column: Content) -> str:
    sequence = column.get("sequence")
    return f" ({' '.join(sequence)})" if sequence else ""


def _in_primary_key(content: Content, column: str) -> bool:
    return any(k["type"] == "p" and column in (k["columns"] or ()) for k in content["constraints"])


def _partition_column(column: Content) -> str:
    plain = column["default"] is not None and not column["generated"] and not column["identity"]
    return f"{quoted(column['name'])} DEFAULT {column['default']}" if plain else ""


def _inline(constraint: Content) -> str:
    return f"CONSTRAINT {quoted(constraint['name'])} {constraint['definition']}"


def _storage(content: Content) -> str:
    text = f"\nUSING {quoted(content['method'])}" if content["method"] else ""
    text += f"\nWITH ({', '.join(content['options'])})" if content["options"] else ""
    return text + (f"\nTABLESPACE {quoted(content['tablespace'])}" if content["tablespace"] else "")


def _additions(content: Content, words: str) -> list[str]:
    """What is said about a table or a materialized view after it was made."""
    place = _place(content)
    alter = f"ALTER {words} {place}"
    found = [f"{alter} OWNER TO {quoted(content['owner'])}"]
    for column in content["columns"]:
        if column["storage"]:
            found.append(f"{alter} ALTER COLUMN {quoted(column['name'])} SET STORAGE {_STORAGE[column['storage']]}")
        if column["options"]:
            found.append(f"{alter} ALTER COLUMN {quoted(column['name'])} SET ({', '.join(column['options'])})")
    found += [i["definition"] for i in content["indexes"] if not i["constraint"] and not i["attached"]]
    # After the indexes: a foreign key of a table to itself may need one of them.
    found += [f"{alter} ADD {_inline(k)}" for k in content["constraints"] if k["local"] and k["type"] == "f"]
    found += [s["definition"] for s in content["statistics"]]
    found += [r["definition"].rstrip(";") for r in content["rules"]]
    for trigger in content["triggers"]:
        if not trigger["inherited"]:
            found.append(trigger["definition"])
        if trigger["enabled"] in _ENABLED:
            found.append(f"{alter} {_ENABLED[trigger['enabled']]} TRIGGER {quoted(trigger['name'])}")
    found += _row_security(content, alter)
    if content["replica_identity"] in ("f", "n") and content["kind"] == Kind.TABLE:
        found.append(f"{alter} REPLICA IDENTITY {'FULL' if content['replica_identity'] == 'f' else 'NOTHING'}")
    for index in content["indexes"]:
        if index["replica_identity"]:
            found.append(f"{alter} REPLICA IDENTITY USING INDEX {quoted(index['name'])}")
        if index["clustered"]:
            found.append(f"{alter} CLUSTER ON {quoted(index['name'])}")
    return found + _comments(content, words) + _part_comments(content) + _all_grants(content, "TABLE")


def _row_security(content: Content, alter: str) -> list[str]:
    found = []
    if content["row_security"]:
        found.append(f"{alter} ENABLE ROW LEVEL SECURITY")
    if content["row_security_forced"]:
        found.append(f"{alter} FORCE ROW LEVEL SECURITY")
    for policy in content["policies"]:
        roles = ", ".join("PUBLIC" if role is None else quoted(role) for role in policy["roles"] or [None])
        text = f"CREATE POLICY {quoted(policy['name'])} ON {_place(content)}"
        text += "" if policy["permissive"] else " AS RESTRICTIVE"
        text += "" if policy["command"] == "*" else f" FOR {_COMMANDS[policy['command']]}"
        text += "" if roles == "PUBLIC" else f" TO {roles}"
        text += f" USING ({policy['using']})" if policy["using"] is not None else ""
        text += f" WITH CHECK ({policy['checks']})" if policy["checks"] is not None else ""
        found.append(text)
    return found


def _part_comments(content: Content) -> list[str]:
    place = _place(content)
    found = []
    for name, words in (("constraints", "CONSTRAINT"), ("triggers", "TRIGGER"), ("policies", "POLICY")):
        for part in content[name]:
            if part["comment"]:
                found.append(f"COMMENT ON {words} {quoted(part['name'])} ON {place} IS {literal(part['comment'])}")
    for name, words in (("indexes", "INDEX"), ("statistics", "STATISTICS")):
        for part in content[name]:
            if part["comment"]:
                inner = qualified(content["schema"], part["name"])
                found.append(f"COMMENT ON {words} {inner} IS {literal(part['comment'])}")
    return found


def _view(content: Content) -> list[str]:
    options = f" WITH ({', '.join(content['options'])})" if content["options"] else ""
    text = f"CREATE VIEW {_place(content)}{options} AS\n{content['query'].rstrip().rstrip(';')}"
    found = [text, f"ALTER VIEW {_place(content)} OWNER TO {quoted(content['owner'])}"]
    for column in content["columns"]:
        if column["default"] is not None:
            name = quoted(column["name"])
            found.append(f"ALTER VIEW {_place(content)} ALTER COLUMN {name} SET DEFAULT {column['default']}")
    found += [r["definition"].rstrip(";") for r in content["rules"]]
    found += [t["definition"] for t in content["triggers"]]
    return found + _comments(content, "VIEW") + _all_grants(content, "TABLE")


def _materialized_view(content: Content) -> list[str]:
    text = f"CREATE MATERIALIZED VIEW {_place(content)}{_storage(content)} AS\n"
    text += f"{content['query'].rstrip().rstrip(';')}\nWITH NO DATA"
    return [text, *_additions(content, "MATERIALIZED VIEW")]


def _comments(content: Content, words: str) -> list[str]:
    place = _place(content)
    found = [f"COMMENT ON {words} {place} IS {literal(content['comment'])}"] if content["comment"] else []
    for column in content.get("columns", ()):
        if column.get("comment"):
            name = quoted(column["name"])
            found.append(f"COMMENT ON COLUMN {place}.{name} IS {literal(column['comment'])}")
    return found


def _all_grants(content: Content, words: str) -> list[str]:
    place = _place(content)
    found = _grants(content["grants"], f"{words} {place}", content["owner"])
    for column in content["columns"]:
        found += _grants(column["grants"], f"TABLE {place}", content["owner"], column["name"])
    return found


def _grants(
    grants: Sequence[Sequence[Any]] | None, on: str, owner: str, column: str = "", *, public: str = ""
) -> list[str]:
    """GRANTs; `public` is the privilege that everybody has unless it was taken away."""
    if grants is None:
        return []
    found = []
    if public and not any(grantee is None and privilege == public for grantee, privilege, _ in grants):
        found.append(f"REVOKE ALL ON {on} FROM PUBLIC")
    together: dict[tuple[str | None, bool], list[str]] = {}
    for grantee, privilege, passes_on in grants:
        if grantee != owner and not (grantee is None and privilege == public):
            together.setdefault((grantee, passes_on), []).append(privilege)
    for (grantee, passes_on), privileges in together.items():
        which = f" ({quoted(column)})" if column else ""
        who = "PUBLIC" if grantee is None else quoted(grantee)
        what = ", ".join(f"{privilege}{which}" for privilege in privileges)
        found.append(f"GRANT {what} ON {on} TO {who}{' WITH GRANT OPTION' if passes_on else ''}")
    return found


def _function(content: Content) -> list[str]:
    words = {"procedure": "PROCEDURE", "aggregate": "AGGREGATE"}.get(content["routine"], "FUNCTION")
    place = f"{qualified(content['schema'], content['called'])}({content['arguments'] or ''})"
    definition = content["definition"] or _aggregate(content)
    found = [definition.rstrip().rstrip(";"), f"ALTER {words} {place} OWNER TO {quoted(content['owner'])}"]
    if content["comment"]:
        found.append(f"COMMENT ON {words} {place} IS {literal(content['comment'])}")
    on = f"{'PROCEDURE' if words == 'PROCEDURE' else 'FUNCTION'} {place}"
    return found + _grants(content["grants"], on, content["owner"], public="EXECUTE")


def _aggregate(content: Content) -> str:
    parts = content["aggregate"]
    lines = [f"SFUNC = {parts['transition']}", f"STYPE = {parts['state']}"]
    if parts["initial"] is not None:
        lines.append(f"INITCOND = {literal(parts['initial'])}")
    if parts["final"] is not None:
        lines.append(f"FINALFUNC = {parts['final']}")
    place = f"{qualified(content['schema'], content['called'])}({content['arguments'] or '*'})"
    return f"CREATE AGGREGATE {place} (\n    " + ",\n    ".join(lines) + "\n)"


def _type(content: Content) -> list[str]:
    place, kind = _place(content), Kind(content["kind"])
    words = "DOMAIN" if kind is Kind.DOMAIN else "TYPE"
    if kind is Kind.ENUM:
        labels = ",\n    ".join(literal(label) for label in content["labels"] or ())
        text = f"CREATE TYPE {place} AS ENUM (\n    {labels}\n)"
    elif kind is Kind.RANGE:
        text = f"CREATE TYPE {place} AS RANGE (subtype = {content['subtype']})"
    elif kind is Kind.COMPOSITE:
        fields = (
            f"{quoted(f['name'])} {f['type']}" + (f" COLLATE {f['collation']}" if f["collation"] else "")
            for f in content["columns"]
        )
        text = f"CREATE TYPE {place} AS (\n    " + ",\n    ".join(fields) + "\n)"
    else:
        text = _domain(content)
    found = [text, f"ALTER {words} {place} OWNER TO {quoted(content['owner'])}"]
    if content["comment"]:
        found.append(f"COMMENT ON {words} {place} IS {literal(content['comment'])}")
    return found + _grants(content["grants"], f"TYPE {place}", content["owner"], public="USAGE")


def _domain(content: Content) -> str:
    text = f"CREATE DOMAIN {_place(content)} AS {content['base']}"
    text += f" COLLATE {content['collation']}" if content["collation"] else ""
    text += f" DEFAULT {content['default']}" if content["default"] is not None else ""
    text += " NOT NULL" if content["not_null"] else ""
    for constraint in content["constraints"]:
        if constraint["type"] == "c":
            text += f"\n    {_inline(constraint)}"
    return text


def _sequence(content: Content) -> list[str]:
    place = _place(content)
    if content["identity"]:
        return []  # made with its column
    kind = "UNLOGGED SEQUENCE" if content["persistence"] else "SEQUENCE"
    text = f"CREATE {kind} {place}\n    AS {content['type']}\n    START WITH {content['start']}"
    text += f"\n    INCREMENT BY {content['increment']}\n    MINVALUE {content['minimum']}"
    text += f"\n    MAXVALUE {content['maximum']}\n    CACHE {content['cache']}"
    text += "\n    CYCLE" if content["cycle"] else ""
    found = [text, f"ALTER SEQUENCE {place} OWNER TO {quoted(content['owner'])}"]
    if content["owned_by"]:
        schema, table, column = content["owned_by"]
        found.append(f"ALTER SEQUENCE {place} OWNED BY {qualified(schema, table)}.{quoted(column)}")
    if content["comment"]:
        found.append(f"COMMENT ON SEQUENCE {place} IS {literal(content['comment'])}")
    return found + _grants(content["grants"], f"SEQUENCE {place}", content["owner"])


def _schema(content: Content) -> list[str]:
    name = quoted(content["name"])
    found = [] if content["name"] == "public" else [f"CREATE SCHEMA {name} AUTHORIZATION {quoted(content['owner'])}"]
    if content["comment"]:
        found.append(f"COMMENT ON SCHEMA {name} IS {literal(content['comment'])}")
    return found + _grants(content["grants"], f"SCHEMA {name}", content["owner"])


def _extension(content: Content) -> list[str]:
    where = "" if content["into"] == "pg_catalog" else f" WITH SCHEMA {quoted(content['into'])}"
    return [f"CREATE EXTENSION IF NOT EXISTS {quoted(content['name'])}{where}"]


def _role(content: Content) -> list[str]:
    words = {
        "superuser": "SUPERUSER",
        "create_role": "CREATEROLE",
        "create_database": "CREATEDB",
        "login": "LOGIN",
        "replication": "REPLICATION",
        "bypass_row_security": "BYPASSRLS",
    }
    said = [word for name, word in words.items() if content[name]] + ([] if content["inherit"] else ["NOINHERIT"])
    if content["connection_limit"] is not None:
        said.append(f"CONNECTION LIMIT {content['connection_limit']}")
    name = quoted(content["name"])
    found = [f"CREATE ROLE {name}{' WITH ' if said else ''}{' '.join(said)}"]
    return found + [f"GRANT {quoted(role)} TO {name}" for role in content["member_of"] or ()]


def _options(options: Sequence[str] | None) -> str:
    if not options:
        return ""
    pairs = (option.partition("=") for option in options)
    return f" OPTIONS ({', '.join(f'{quoted(name)} {literal(value)}' for name, _, value in pairs)})"


_MAKERS: dict[Kind, Callable[[Content], list[str]]] = {
    Kind.SCHEMA: _schema,
    Kind.TABLE: _table,
    Kind.FOREIGN_TABLE: _table,
    Kind.VIEW: _view,
    Kind.MATERIALIZED_VIEW: _materialized_view,
    Kind.FUNCTION: _function,
    Kind.ENUM: _type,
    Kind.DOMAIN: _type,
    Kind.COMPOSITE: _type,
    Kind.RANGE: _type,
    Kind.SEQUENCE: _sequence,
    Kind.EXTENSION: _extension,
    Kind.ROLE: _role,
}
