import { expect, test } from "vitest";
import type { SessionOfDatabase } from "@/api/types";
import { sessionRows } from "./blocking";

const session = (pid: number, ...blockers: number[]) => ({ pid, blockers }) as SessionOfDatabase;
const told = (...sessions: SessionOfDatabase[]) => sessionRows(sessions).map((row) => `${"-".repeat(row.depth)}${row.session.pid}`);

test("who holds others up comes first, with who waits below", () => {
  expect(told(session(1), session(2, 3), session(3), session(4, 2))).toEqual(["3", "-2", "--4", "1"]);
});

test("who waits for several stands once, a circle ends, and a blocker that is not shown hides nobody", () => {
  expect(told(session(1), session(2), session(3, 1, 2))).toEqual(["1", "-3", "2"]);
  expect(told(session(1, 2), session(2, 1))).toEqual(["1", "-2"]);
  expect(told(session(1, 99))).toEqual(["1"]);
});
