import { expect, test } from "vitest";
import { safeNext } from "./safe-next";

const ours = "https://stillroom.example";

test.each([
  null,
  "",
  "//evil",
  "///evil",
  "https:evil",
  "https://evil/",
  "/\\evil",
  "\\/evil",
  "/\t/evil",
  "/\n/evil",
  "/.//evil",
  "/a/..//evil",
  "javascript:alert(1)",
  " javascript:alert(1)",
  "data:text/html,x",
  "evil",
  "//stillroom.example@evil/",
  "//[",
])("an address that leads elsewhere is not followed: %j", (next) => {
  expect(safeNext(next, ours)).toBe("/");
});

test("a path of ours is kept with what it asks for", () => {
  expect(safeNext("/demo/jobs?state=failed#log", ours)).toBe("/demo/jobs?state=failed#log");
});
