import { beforeEach, expect, test } from "vitest";
import { history, remember } from "./history";

beforeEach(() => localStorage.clear());

test("the newest query comes first, once, and each database has its own", () => {
  for (const sql of ["select 1", "select 2", "select 1"]) remember("a", sql);
  remember("b", "select 3");
  expect(history("a")).toEqual(["select 1", "select 2"]);
  expect(history("b")).toEqual(["select 3"]);
});

test("fifty are kept, and what is no list is none", () => {
  for (let at = 0; at < 60; at++) remember("a", `select ${at}`);
  expect(history("a")).toHaveLength(50);
  localStorage.setItem("stillroom.queries.a", "{broken");
  expect(history("a")).toEqual([]);
});
