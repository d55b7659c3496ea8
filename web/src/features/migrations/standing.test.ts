import { expect, test } from "vitest";
import type { CurrentDatabase, CurrentEnvironment, Revision } from "@/api/types";
import { cellOf, Graph, movesTo, runsByDatabase, standingOf } from "./standing";

function revision(id: string, down: string[], depends_on: string[] = []): Revision {
  return {
    id, down, depends_on, labels: [], message: id, author: null, date: null, commit: null, path: "",
    is_head: false, is_base: down.length === 0, is_merge: down.length > 1, is_branch_point: false,
  };
}

function database(name: string, heads: string[] | null): CurrentDatabase {
  return {
    id: name, name, heads, heads_read_at: null, read: { state: "idle", at: null, error: null },
    at_head: null, behind: null, unknown: [], trusted: true, job: null,
  };
}

function environment(...databases: CurrentDatabase[]): CurrentEnvironment {
  return { id: "e", slug: "e", name: "e", protected: false,
    permissions: [], databases };
}

// e ── merge of d and c; both stand on b; b on a; d also depends on x.
const graph = new Graph(
  [revision("e", ["d", "c"]), revision("d", ["b"], ["x"]), revision("c", ["b"]), revision("x", []), revision("b", ["a"]), revision("a", [])],
  ["e"],
);

test("what a head stands on is applied, dependencies too", () => {
  expect([...graph.ancestors(["d"])].sort()).toEqual(["a", "b", "d", "x"]);
});

test("an upgrade counts only what is not there yet", () => {
  const moves = movesTo(graph, standingOf(graph, environment(database("db", ["c"]))), "e");
  expect(moves.map((move) => [move.kind, move.count])).toEqual([["upgrade", 3], ["stamp", null]]);
});

test("a downgrade counts what stands on the revision and is applied", () => {
  const moves = movesTo(graph, standingOf(graph, environment(database("db", ["e"]))), "b");
  expect(moves[0]).toMatchObject({ kind: "downgrade", count: 3 });
});

test("nothing is offered towards the head that the database is already at", () => {
  expect(movesTo(graph, standingOf(graph, environment(database("db", ["e"]))), "e")).toEqual([]);
});

test("an environment with several databases is partly applied until all have it", () => {
  const standing = standingOf(graph, environment(database("one", ["c"]), database("two", ["b"])));
  expect(cellOf(standing, "c", new Map())).toMatchObject({ state: "partial", applied: 1, total: 2, headOf: ["one"] });
  expect(cellOf(standing, "b", new Map())).toMatchObject({ state: "applied", headOf: ["two"] });
  expect(cellOf(standing, "e", new Map())).toMatchObject({ state: "pending" });
});

test("a running step shows over what the last reading said", () => {
  const standing = standingOf(graph, environment(database("one", ["b"])));
  const running = new Map([["one", new Map([["c", "running" as const], ["e", "pending" as const]])]]);
  expect(cellOf(standing, "c", running).state).toBe("running");
  expect(cellOf(standing, "e", running).state).toBe("queued");
});

test("a database that was never read says unknown, not pending", () => {
  expect(cellOf(standingOf(graph, environment(database("one", null))), "a", new Map()).state).toBe("unknown");
});

test("a head that the code does not have applies nothing by itself", () => {
  expect(graph.ancestors(["gone"]).size).toBe(0);
});

test("a cell tells the run that brought it there, and where the last try failed", () => {
  const job = { id: "j1", number: 7, kind: "upgrade" as const, actor: "Ann", database: "one" };
  const run = (id: string, state: "done" | "failed") => ({ revision: id, state, started_at: null, duration_ms: 12 });
  const runs = runsByDatabase({ jobs: [{ ...job, runs: [run("a", "done"), run("b", "done"), run("c", "failed")] }] });
  const standing = standingOf(graph, environment(database("one", ["a"])), runs);
  expect(cellOf(standing, "a", new Map())).toMatchObject({ state: "applied", run: { number: 7, actor: "Ann", ms: 12 } });
  // Somebody took b back by other means: that it was once done says nothing now.
  expect(cellOf(standing, "b", new Map())).toMatchObject({ state: "pending", run: null });
  expect(cellOf(standing, "c", new Map())).toMatchObject({ state: "failed", run: { number: 7 } });
});

test("an address may name a revision by its beginning, if only one has it", () => {
  const long = new Graph([revision("abcd12", []), revision("abcd34", []), revision("ffff00", [])], []);
  expect([long.named("ffff"), long.named("abcd"), long.named("fff"), long.named(null)]).toEqual(["ffff00", null, null, null]);
});
