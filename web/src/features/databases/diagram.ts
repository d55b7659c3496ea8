/** Tables as boxes and foreign keys as lines between them: what is shown of them, and how large each box is. */
import type { DiagramTable } from "@/api/types";
import { legible } from "@/ui/legible";

export type Detail = "names" | "keys" | "columns";

export interface Box {
  id: string;
  table: DiagramTable;
  /** The columns that are drawn. */
  columns: DiagramTable["columns"];
  hidden: number;
  width: number;
  height: number;
}

export interface Line {
  id: string;
  from: string;
  to: string;
  label: string;
}

export interface Placed {
  x: number;
  y: number;
}

export interface Layout {
  width: number;
  height: number;
  places: Record<string, Placed>;
  lines: Record<string, Placed[]>;
}

export const HEAD = 26;
export const ROW = 18;
const LETTER = 7.3;
const MOST_COLUMNS = 40;
const MOST_LETTERS = 40;

export function idOf(schema: string, name: string): string {
  return JSON.stringify([schema, name]);
}

/** A name as a box has room for it. */
export function cut(text: string): string {
  const letters = Array.from(legible(text));
  return letters.length > MOST_LETTERS ? `${letters.slice(0, MOST_LETTERS - 1).join("")}…` : letters.join("");
}

/** The tables that are at most so many keys away from one; null: all of them. */
export function neighbourhood(tables: readonly DiagramTable[], focus: string | null, steps: number): readonly DiagramTable[] {
  const known = new Set(tables.map((one) => idOf(one.schema_name, one.name)));
  if (focus === null || !known.has(focus)) return tables;
  const beside = new Map<string, Set<string>>();
  const join = (one: string, other: string) => beside.set(one, (beside.get(one) ?? new Set()).add(other));
  for (const table of tables)
    for (const key of table.keys) {
      const [from, to] = [idOf(table.schema_name, table.name), idOf(key.schema_name, key.table)];
      join(from, to);
      join(to, from);
    }
  let edge = new Set([focus]);
  const found = new Set(edge);
  for (let step = 0; step < steps; step++) {
    edge = new Set([...edge].flatMap((one) => [...(beside.get(one) ?? [])]).filter((one) => !found.has(one)));
    for (const one of edge) found.add(one);
  }
  return tables.filter((one) => found.has(idOf(one.schema_name, one.name)));
}

export function boxes(tables: readonly DiagramTable[], detail: Detail, open: ReadonlySet<string>): Box[] {
  return tables.map((table) => {
    const id = idOf(table.schema_name, table.name);
    const of = new Set(table.keys.flatMap((key) => key.columns));
    const wanted = detail === "columns" || open.has(id) ? table.columns : detail === "keys" ? table.columns.filter((one) => one.key || of.has(one.name)) : [];
    const columns = wanted.slice(0, MOST_COLUMNS);
    const hidden = wanted.length - columns.length;
    const letters = Math.max(Array.from(cut(table.name)).length + 2, ...columns.map((one) => Array.from(cut(one.name)).length + Array.from(cut(one.type)).length + 5));
    return { id, table, columns, hidden, width: Math.ceil(Math.max(120, letters * LETTER + 20)), height: HEAD + (columns.length + (hidden > 0 ? 1 : 0)) * ROW + (columns.length > 0 ? 6 : 0) };
  });
}

export function linesOf(tables: readonly DiagramTable[]): Line[] {
  const shown = new Set(tables.map((one) => idOf(one.schema_name, one.name)));
  return tables.flatMap((table) =>
    table.keys.flatMap((key) => {
      const [from, to] = [idOf(table.schema_name, table.name), idOf(key.schema_name, key.table)];
      return shown.has(to) ? [{ id: `${from} ${key.name}`, from, to, label: legible(`${key.columns.join(", ")} → ${key.table}.${key.references.join(", ")}`) }] : [];
    }),
  );
}

export function pathOf(points: readonly Placed[]): string {
  return points.map((point, at) => `${at === 0 ? "M" : "L"}${point.x.toFixed(1)} ${point.y.toFixed(1)}`).join("");
}
