import { expect, test } from "vitest";
import type { Revision } from "@/api/types";
import { assignLanes } from "./lanes";
import { APPLIED, filteredRows, foldedRows, stretchOf, toggleWord, wordFor, wordsOf } from "./rows";

const history: Revision[] = Array.from({ length: 100 }, (_, index) => ({
  id: `r${index}`, down: index < 99 ? [`r${index + 1}`] : [], depends_on: [], labels: index === 3 ? ["billing"] : [],
  message: `message ${index}`, author: index % 2 ? "Maria" : "Arkady", date: null, commit: null, path: "",
  is_head: index === 0, is_base: index === 99, is_merge: false, is_branch_point: false,
}));
const lanes = assignLanes(history).rows;

test("a long quiet stretch folds and keeps both its ends", () => {
  const rows = foldedRows(history, lanes, (revision) => (Number(revision.id.slice(1)) > 10 ? APPLIED : null), new Set());
  const fold = rows.find((row) => row.kind === "fold");
  expect(fold).toEqual({ kind: "fold", from: 15, count: 80, applied: true });
  expect(rows.filter((row) => row.kind === "revision")).toHaveLength(20);
});

test("a fold opens by the name of its stretch", () => {
  const quiet = (revision: Revision) => (Number(revision.id.slice(1)) > 10 ? APPLIED : null);
  const name = stretchOf(history, { from: 15 });
  expect(name).toBe("r11");
  expect(foldedRows(history, lanes, quiet, new Set(["r11"]))).toHaveLength(100);
});

test("nothing folds where something is still to be done", () => {
  expect(foldedRows(history, lanes, () => null, new Set())).toHaveLength(100);
});

test("a filter finds by text, author and label, all of them at once", () => {
  const ids = (filter: string) => filteredRows(history, filter, []).map((row) => row.kind === "revision" && row.revision.id);
  expect(ids("message 77")).toEqual(["r77"]);
  expect(ids("author:maria 33")).toEqual(["r33"]);
  expect(ids("label:bill")).toEqual(["r3"]);
  expect(ids("nothing such")).toEqual([]);
});

test("pending on an environment may be said as in speech", () => {
  expect(wordsOf("index pending on prod")).toEqual(["index", "pending:prod"]);
  expect(wordsOf("ожидает на prod")).toEqual(["pending:prod"]);
});

test("what is pending folds later than what is applied, and never together with it", () => {
  const look = (revision: Revision) => (Number(revision.id.slice(1)) > 60 ? APPLIED : "0");
  const folds = foldedRows(history, lanes, look, new Set()).filter((row) => row.kind === "fold");
  expect(folds).toEqual([{ kind: "fold", from: 65, count: 30, applied: true }]);
  const long = Array.from({ length: 200 }, (_, index): Revision => ({ ...history[10]!, id: `n${index}`, down: index < 199 ? [`n${index + 1}`] : [] }));
  expect(foldedRows(long, assignLanes(long).rows, () => "0", new Set()).filter((row) => row.kind === "fold")).toMatchObject([{ applied: false }]);
});

test("a name with spaces is quoted, found, and taken out again", () => {
  const word = wordFor("author", "Mira Aalto");
  expect(word).toBe('author:"Mira Aalto"');
  expect(wordsOf(`index ${word}`)).toEqual(["index", "author:mira aalto"]);
  expect(toggleWord("index", word)).toBe(`index ${word}`);
  expect(toggleWord(`index ${word} pending on prod`, word)).toBe("index pending on prod");
  expect(toggleWord("index pending on prod", wordFor("pending", "prod"))).toBe("index");
});
