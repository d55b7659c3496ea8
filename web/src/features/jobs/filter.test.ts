import { expect, test } from "vitest";
import { filterFrom, narrowing, queryOf, unfiltered } from "./filter";

const from = (address: string) => filterFrom("demo", "shop", new URLSearchParams(address));

test("an address is read, and words that mean nothing do not narrow", () => {
  expect(from("state=failed&kind=upgrade&actor=Ann&revision=a1b2&environment=prod&since=2026-11-01")).toEqual({
    ...unfiltered("demo", "shop"),
    states: ["failed"],
    kinds: ["upgrade"],
    actor: "Ann",
    revision: "a1b2",
    environment: "prod",
    since: "2026-11-01",
  });
  expect(from("state=happy&kind=dance&since=yesterday&until=2026-13-45")).toEqual(unfiltered("demo", "shop"));
});

test("a last day is asked for with all its hours, in the reader's zone", () => {
  const query = queryOf(from("since=2026-02-28&until=2026-02-28"));
  expect(new Date(query.since ?? 0).getHours()).toBe(0);
  expect(Date.parse(query.until ?? "") - Date.parse(query.since ?? "")).toBe(24 * 3_600_000);
  expect(new Date(query.until ?? 0).getMonth()).toBe(2);
});

test("what does not narrow is not sent", () => {
  expect(queryOf(unfiltered("demo"))).toEqual({ org: "demo" });
  expect(narrowing(unfiltered("demo"))).toBe(0);
  expect(narrowing(from("state=failed&actor=Ann&since=2026-11-01"))).toBe(3);
});
