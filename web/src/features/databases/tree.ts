/** The list of objects as rows of a tree: schema, kind, object. */
import type { CatalogueItem } from "@/api/types";
import { KINDS, type ObjectKind, type ObjectName } from "./queries";

export interface TreeRow {
  key: string;
  depth: 0 | 1 | 2;
  schema: string;
  /** A row that names a kind. */
  group: ObjectKind | null;
  open: boolean;
  count: number;
  item: CatalogueItem | null;
}

export function nameOf(item: CatalogueItem): ObjectName {
  return { kind: item.kind, schema: item.schema_name, name: item.name };
}

export function sameObject(item: CatalogueItem, object: ObjectName): boolean {
  return item.kind === object.kind && item.schema_name === object.schema && item.name === object.name;
}

function matches(item: CatalogueItem, words: readonly string[]): boolean {
  const text = `${item.schema_name}.${item.name}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Rows from top to bottom. While something is searched, everything found is open. */
export function treeRows(items: readonly CatalogueItem[], filter: string, closed: ReadonlySet<string>): TreeRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const searching = words.length > 0;
  const groups = new Map<string, Map<ObjectKind, CatalogueItem[]>>();
  const filled = new Set(items.map((item) => item.schema_name));
  for (const item of items) {
    // A schema with something in it is the row above that; one without would be lost.
    if (item.kind === "schema" && !searching && filled.has(item.name)) continue;
    if (searching && !matches(item, words)) continue;
    const kinds = groups.get(item.schema_name) ?? new Map<ObjectKind, CatalogueItem[]>();
    groups.set(item.schema_name, kinds);
    const of = kinds.get(item.kind);
    if (of) of.push(item);
    else kinds.set(item.kind, [item]);
  }
  const rows: TreeRow[] = [];
  // What belongs to no schema comes last.
  const schemas = [...groups.keys()].sort((one, other) => Number(!one) - Number(!other) || one.localeCompare(other));
  for (const schema of schemas) {
    const kinds = groups.get(schema) ?? new Map<ObjectKind, CatalogueItem[]>();
    const key = `schema ${schema}`;
    const count = [...kinds.values()].reduce((sum, of) => sum + of.length, 0);
    const open = searching || !closed.has(key);
    if (schema) rows.push({ key, depth: 0, schema, group: null, open, count, item: null });
    if (schema && !open) continue;
    for (const kind of KINDS) {
      const of = kinds.get(kind);
      if (!of) continue;
      const inner = `${key} ${kind}`;
      const shown = searching || !closed.has(inner);
      rows.push({ key: inner, depth: schema ? 1 : 0, schema, group: kind, open: shown, count: of.length, item: null });
      if (shown) for (const item of of) rows.push({ key: `${inner} ${item.name}`, depth: 2, schema, group: kind, open: false, count: 0, item });
    }
  }
  return rows;
}
