import { expect, test } from "vitest";
import { type Branch, type Locks, locksOf, type LockSession, treeOf } from "./locks";

const session = (pid: number, ...blockers: number[]): LockSession => ({
  pid,
  application: `app ${pid}`,
  username: "u",
  state: "active",
  query: "",
  blockers,
  wants: blockers.length > 0 ? "orders" : null,
  waits_s: 1,
  transaction_s: 2,
});
const locks = (parts: Partial<Locks>): Locks => ({ at: 0, waiting: [], blockers: [], blocked: [], builds: [], ...parts });
const drawn = (branches: Branch[]): unknown => branches.map(({ session: { pid }, children }) => (children.length > 0 ? [pid, drawn(children)] : pid));

test("a job that waits stands below the holder, and the holder's holder above both", () => {
  const found = treeOf(locks({ waiting: [session(7, 5)], blockers: [session(5, 3), session(3)] }));
  expect(drawn(found)).toEqual([[3, [[5, [7]]]]]);
  expect(found[0]?.children[0]?.children[0]?.ours).toBe(true);
});

test("those who wait for the job are roots where the job itself only holds, and others wait below them", () => {
  expect(drawn(treeOf(locks({ blocked: [session(8, 7), session(9, 8)] })))).toEqual([[8, [9]]]);
});

test("a circle, as in a deadlock that is about to be found, ends the drawing and not the page", () => {
  expect(drawn(treeOf(locks({ waiting: [session(1, 2)], blockers: [session(2, 1)] })))).toEqual([]);
});

test("nobody waits: nothing to show", () => {
  expect(locksOf(0, { waiting: [], blockers: [], blocked: [], builds: [] })).toBeNull();
  expect(locksOf(0, {})).toBeNull();
  expect(locksOf(5, { builds: [{ pid: 1, phase: "building index", relation: "a", percent: 40 }] })?.builds).toHaveLength(1);
});
