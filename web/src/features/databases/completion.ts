/** What the SQL console suggests: the names of a database as they were last read. */
import type { Completion } from "@codemirror/autocomplete";
import type { SQLNamespace } from "@codemirror/lang-sql";
import type { CatalogueItem } from "@/api/types";

interface TableOfDiagram {
  schema_name: string;
  name: string;
  columns: { name: string; type: string }[];
}

type Listed = Pick<CatalogueItem, "kind" | "schema_name" | "name">;

const RELATIONS = new Set<Listed["kind"]>(["table", "foreign_table", "view", "materialized_view"]);

/** What PostgreSQL does not take for the name of a table or a column unless it is quoted; from its appendix on key words. */
const RESERVED = new Set(
  `all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column
  concurrently constraint create cross current_catalog current_date current_role current_schema current_time
  current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from
  full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime
  localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning
  right select session_user similar some symmetric system_user table tablesample then to trailing true union unique user
  using variadic verbose when where window with`.split(/\s+/),
);

/** As it has to be written: quoted where PostgreSQL would read another name. */
function written(name: string): string {
  return /^[a-z_][a-z_\d]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function suggestion(name: string, type: string, detail?: string): Completion {
  return { label: name, type, apply: written(name), ...(detail ? { detail } : {}) };
}

/** A dot within a name would lead into it. */
const key = (name: string) => name.replaceAll(".", "\\.");

/** By schema, by table, its columns with their types; what belongs to no table has names only. */
export function namesOf(items: readonly Listed[], tables: readonly TableOfDiagram[]): SQLNamespace {
  const columns = new Map(tables.map((one) => [`${one.schema_name}\0${one.name}`, one.columns]));
  const schemas: Record<string, Record<string, SQLNamespace>> = {};
  for (const { kind, schema_name, name } of items) {
    if (!schema_name) continue;
    const within = (schemas[key(schema_name)] ??= {});
    if (RELATIONS.has(kind)) {
      const children = (columns.get(`${schema_name}\0${name}`) ?? []).map((one) => suggestion(one.name, "property", one.type));
      within[key(name)] = { self: suggestion(name, "type"), children };
    } else if (kind === "function") {
      // A function's name has its arguments.
      const [, word, given] = /^(.*?)(\(.*)?$/s.exec(name) ?? [];
      if (word && !(key(word) in within)) within[key(word)] = { self: suggestion(word, "function", given), children: [] };
    }
  }
  return schemas;
}
