import { expect, test } from "vitest";
import { type Branch, type Locks, locksOf, type LockSession, type Tree, treeOf } from "./locks";

const session = (pid: number, ...blockers: number[]): LockSession => ({
  pid,
  application: `app ${pid}`,
  username: "u",
  state: "active",
  query: "",
  wait_event: null,
  query_s: 1,
  blockers,
  wants: blockers.length > 0 ? "orders" : null,
  waits_s: 1,
  transaction_s: 2,
});
const locks = (parts: Partial<Locks>): Locks => ({ at: 0, own: [], waiting: [], blockers: [], blocked: [], builds: [], ...parts });
const drawn = (branches: Branch[]): unknown => branches.map(({ session: { pid }, children }) => (children.length > 0 ? [pid, drawn(children)] : pid));
const sides = (found: Tree) => ({ own: found.own.map(({ pid }) => pid), above: drawn(found.above), below: drawn(found.below) });

test("a job that waits is the root: above it the holder, and the holder's holder", () => {
  const parts = { own: [session(7, 5)], waiting: [session(7, 5)], blockers: [session(5, 3), session(3)] };
  expect(sides(treeOf(locks(parts)))).toEqual({ own: [7], above: [[5, [3]]], below: [] });
});

test("a job that only holds is the root too: below it those who wait, and those who wait for them", () => {
  expect(sides(treeOf(locks({ own: [session(7)], blocked: [session(8, 7), session(9, 8)] })))).toEqual({ own: [7], above: [], below: [[8, [9]]] });
});

test("a job in the middle has both sides, and a session that waits for two holders of ours stands there once", () => {
  const own = [session(6), session(7, 5)];
  const found = treeOf(locks({ own, waiting: [session(7, 5)], blockers: [session(5)], blocked: [session(8, 6, 7)] }));
  expect(sides(found)).toEqual({ own: [7, 6], above: [5], below: [8] });
});

test("what an older worker told has no sessions of the job's own, and is drawn all the same", () => {
  expect(sides(treeOf(locks({ blocked: [session(8, 7), session(9, 8)] })))).toEqual({ own: [], above: [], below: [[8, [9]]] });
});

test("a circle, as in a deadlock that is about to be found, ends the drawing and not the page", () => {
  expect(sides(treeOf(locks({ own: [session(1, 2)], waiting: [session(1, 2)], blockers: [session(2, 3), session(3, 2)] })))).toEqual({
    own: [1],
    above: [[2, [3]]],
    below: [],
  });
});

test("nobody waits: nothing to show", () => {
  expect(locksOf(0, { waiting: [], blockers: [], blocked: [], builds: [] })).toBeNull();
  expect(locksOf(0, {})).toBeNull();
  expect(locksOf(5, { builds: [{ pid: 1, phase: "building index", relation: "a", percent: 40 }] })?.builds).toHaveLength(1);
});
