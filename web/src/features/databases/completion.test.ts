import { expect, test } from "vitest";
import { namesOf } from "./completion";

const tables = [{ schema_name: "public", name: "Orders", columns: [{ name: "id", type: "bigint" }, { name: "order", type: "text" }, { name: "Total", type: "numeric" }] }];

test("tables are suggested in their schema with their columns, quoted where PostgreSQL needs it", () => {
  expect(namesOf([{ kind: "table", schema_name: "public", name: "Orders" }], tables)).toEqual({
    public: {
      Orders: {
        self: { label: "Orders", type: "type", apply: '"Orders"' },
        children: [
          { label: "id", type: "property", apply: "id", detail: "bigint" },
          { label: "order", type: "property", apply: '"order"', detail: "text" },
          { label: "Total", type: "property", apply: '"Total"', detail: "numeric" },
        ],
      },
    },
  });
});

test("a dot and a quotation mark in a name lead nowhere else", () => {
  expect(namesOf([{ kind: "view", schema_name: "public", name: 'a."b' }], [])).toEqual({
    public: { 'a\\."b': { self: { label: 'a."b', type: "type", apply: '"a.""b"' }, children: [] } },
  });
});

test("functions are suggested by name, once for all their arguments", () => {
  expect(
    namesOf(
      [
        { kind: "function", schema_name: "shop", name: "total(integer)" },
        { kind: "function", schema_name: "shop", name: "total(text, integer)" },
        { kind: "index" as "table", schema_name: "", name: "other" },
      ],
      [],
    ),
  ).toEqual({ shop: { total: { self: { label: "total", type: "function", apply: "total", detail: "(integer)" }, children: [] } } });
});
