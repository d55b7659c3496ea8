import { expect, test } from "vitest";
import type { Finding } from "@/api/types";
import { countsOf, stepFinder } from "./sum";

const one = (severity: Finding["severity"]): Finding => ({
  code: "column_dropped",
  severity,
  title: "",
  fix: "",
  lock: null,
  rows: null,
  schema_name: "",
  table: "orders",
  name: "",
  line: 1,
  size: null,
});

test("findings of several files are counted by level, the worst first, and levels without any are left out", () => {
  expect(countsOf([[one("note"), one("danger")], [], [one("danger")]])).toEqual([
    { level: "danger", count: 2 },
    { level: "note", count: 1 },
  ]);
  expect(countsOf([[], []])).toEqual([]);
});

test("a file that cannot be read counts, and is worse than a note", () => {
  expect(countsOf([null, [one("note")], null]).map(({ level, count }) => [level, count])).toEqual([["unread", 2], ["note", 1]]);
});

test("a step is found by its revision and its direction; a stamp has none", () => {
  const stepOf = stepFinder([
    { revision: "a1", direction: "upgrade", findings: [] },
    { revision: "a1", direction: "downgrade", findings: null },
  ]);
  expect(stepOf("a1", "downgrade")?.findings).toBeNull();
  expect(stepOf("a1", "upgrade")?.findings).toEqual([]);
  expect(stepOf("a1", "stamp")).toBeUndefined();
});
