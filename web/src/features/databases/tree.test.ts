import { expect, test } from "vitest";
import type { CatalogueItem } from "@/api/types";
import { treeRows } from "./tree";

function item(kind: CatalogueItem["kind"], schema_name: string, name: string): CatalogueItem {
  return { kind, schema_name, name, about: null, figures: null };
}

const ITEMS = [
  item("schema", "", "shop"),
  item("schema", "", "empty"),
  item("table", "shop", "orders"),
  item("table", "shop", "customers"),
  item("view", "shop", "happy"),
  item("extension", "", "citext"),
];

const told = (filter: string, closed: string[] = []) =>
  treeRows(ITEMS, filter, new Set(closed)).map((row) => (row.item ? row.item.name : row.group ? `[${row.group} ${row.count}]` : `${row.schema} ${row.count}`));

test("objects stand below their schema and kind, what has no schema last, and a schema without objects is not lost", () => {
  expect(told("")).toEqual(["shop 3", "[table 2]", "orders", "customers", "[view 1]", "happy", "[schema 1]", "empty", "[extension 1]", "citext"]);
});

test("closed groups hide what is in them", () => {
  expect(told("", ["schema shop table"])).toEqual(["shop 3", "[table 2]", "[view 1]", "happy", "[schema 1]", "empty", "[extension 1]", "citext"]);
  expect(told("", ["schema shop"])).toEqual(["shop 3", "[schema 1]", "empty", "[extension 1]", "citext"]);
});

test("a search finds every word in schema and name, and opens what was closed", () => {
  expect(told("shop ord", ["schema shop"])).toEqual(["shop 1", "[table 1]", "orders"]);
  expect(told("nothing of this")).toEqual([]);
});
