import { describe, expect, it } from "vitest";
import type { DiagramTable } from "@/api/types";
import { boxes, cut, idOf, linesOf, neighbourhood } from "./diagram";
import { layOut } from "./diagram-layout";
import { diagramSvg } from "./diagram-svg";

function table(name: string, ...to: string[]): DiagramTable {
  return {
    schema_name: "public",
    name,
    columns: [{ name: "id", type: "bigint", key: true, not_null: true }, ...to.map((one) => ({ name: `${one}_id`, type: "bigint", key: false, not_null: false })), { name: "note", type: "text", key: false, not_null: false }],
    keys: to.map((one) => ({ name: `${name}_${one}`, columns: [`${one}_id`], schema_name: "public", table: one, references: ["id"] })),
  };
}

const SHOP = [table("customers"), table("orders", "customers"), table("lines", "orders", "products"), table("products"), table("alone")];
const names = (tables: readonly DiagramTable[]) => tables.map((one) => one.name);

describe("a diagram", () => {
  it("shows what is so many keys away, in both directions", () => {
    expect(names(neighbourhood(SHOP, idOf("public", "orders"), 1))).toEqual(["customers", "orders", "lines"]);
    expect(names(neighbourhood(SHOP, idOf("public", "orders"), 2))).toEqual(["customers", "orders", "lines", "products"]);
    expect(neighbourhood(SHOP, idOf("public", "gone"), 1)).toBe(SHOP);
  });

  it("draws names, keys or all columns, and all of a table that was opened", () => {
    const counts = (detail: "names" | "keys" | "columns", open = new Set<string>()) => boxes(SHOP, detail, open).map((box) => box.columns.length);
    expect(counts("names")).toEqual([0, 0, 0, 0, 0]);
    expect(counts("keys")).toEqual([1, 2, 3, 1, 1]);
    expect(counts("columns")).toEqual([2, 3, 4, 2, 2]);
    expect(counts("names", new Set([idOf("public", "orders")]))).toEqual([0, 3, 0, 0, 0]);
  });

  it("has a line for every key whose other end is shown", () => {
    expect(linesOf(SHOP)).toHaveLength(3);
    expect(linesOf(SHOP.slice(1, 3))).toHaveLength(1);
  });

  it("lays out 300 tables without one box over another, a table that refers to itself too", () => {
    const many = Array.from({ length: 300 }, (_, at) => table(`t${at}`, ...(at % 7 === 0 ? [] : [`t${Math.floor(at / 3)}`]), ...(at % 50 === 0 ? [`t${at}`] : [])));
    const drawn = boxes(many, "keys", new Set());
    const layout = layOut(drawn, linesOf(many));
    expect(Object.keys(layout.places)).toHaveLength(300);
    const over = drawn.flatMap((one, at) =>
      drawn.slice(at + 1).filter((other) => {
        const [a, b] = [layout.places[one.id] ?? { x: 0, y: 0 }, layout.places[other.id] ?? { x: 0, y: 0 }];
        return a.x < b.x + other.width && b.x < a.x + one.width && a.y < b.y + other.height && b.y < a.y + one.height;
      }),
    );
    expect(over).toEqual([]);
  });

  it("shows what a name tries to hide", () => {
    expect(["line one\nline two", "\u202etfel\u202c"].map(cut)).toEqual(["line one␊line two", "␣tfel␣"]);
  });

  it("is saved as SVG with every name as text, whatever is in it", () => {
    const hostile = [table('<script>"&\u0001'), table("a")];
    const drawn = boxes(hostile, "columns", new Set());
    const svg = diagramSvg("T", drawn, linesOf(hostile), layOut(drawn, linesOf(hostile)), (name) => `#${name}`);
    expect(svg).toContain("&lt;script&gt;&quot;&amp;␁");
    expect(new DOMParser().parseFromString(svg, "image/svg+xml").querySelector("script")).toBeNull();
  });
});
