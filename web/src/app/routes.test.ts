import type { RouteObject } from "react-router";
import { expect, test } from "vitest";
import { PAGES, SAME } from "../../e2e/pages";
import { routes } from "./router";

/** Every address pattern that draws something. */
function patterns(of: readonly RouteObject[], above = ""): string[] {
  return of.flatMap((route) => {
    const here = [above, route.path].filter(Boolean).join("/").replaceAll("//", "/");
    if (route.children) return patterns(route.children, here);
    return [here === "*" ? "/*" : here];
  });
}

const names = new Set(PAGES.map((page) => page.name));

test("the browser tests and photographs know every route", () => {
  const known = [...PAGES.map((page) => page.route), ...Object.keys(SAME)];
  expect([...new Set(patterns(routes))].filter((route) => !known.includes(route))).toEqual([]);
});

test("the browser tests and photographs ask for no route that is gone", () => {
  const there = new Set(patterns(routes));
  expect([...PAGES.map((page) => page.route), ...Object.keys(SAME)].filter((route) => !there.has(route))).toEqual([]);
});

test("a page has one name, and a second address leads to a page that is listed", () => {
  expect(names.size).toBe(PAGES.length);
  expect(Object.values(SAME).filter((name) => !names.has(name))).toEqual([]);
});
