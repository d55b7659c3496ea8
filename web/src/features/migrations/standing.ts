/** What each database has of the graph: pure functions from heads to cells and moves. */
import type { CurrentDatabase, CurrentEnvironment, Revision } from "@/api/types";

export class Graph {
  readonly byId: ReadonlyMap<string, Revision>;
  readonly position: ReadonlyMap<string, number>;
  private readonly above = new Map<string, string[]>();

  constructor(
    readonly revisions: readonly Revision[],
    readonly heads: readonly string[],
  ) {
    this.byId = new Map(revisions.map((revision) => [revision.id, revision]));
    this.position = new Map(revisions.map((revision, index) => [revision.id, index]));
    for (const revision of revisions)
      for (const parent of [...revision.down, ...revision.depends_on]) {
        const children = this.above.get(parent);
        if (children) children.push(revision.id);
        else this.above.set(parent, [revision.id]);
      }
  }

  /** The revisions and everything that they stand on. */
  ancestors(of: readonly string[]): Set<string> {
    return this.reach(of, (id) => {
      const revision = this.byId.get(id);
      return revision ? [...revision.down, ...revision.depends_on] : [];
    });
  }

  /** Everything that stands on the revision; without itself. */
  descendants(of: string): Set<string> {
    const found = this.reach([of], (id) => this.above.get(id) ?? []);
    found.delete(of);
    return found;
  }

  private reach(from: readonly string[], next: (id: string) => readonly string[]): Set<string> {
    const found = new Set<string>();
    const open = from.filter((id) => this.byId.has(id));
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (found.has(id) || !this.byId.has(id)) continue;
      found.add(id);
      open.push(...next(id));
    }
    return found;
  }
}

export interface DatabaseStanding {
  database: CurrentDatabase;
  applied: ReadonlySet<string>;
}

export interface EnvironmentStanding {
  environment: CurrentEnvironment;
  databases: DatabaseStanding[];
}

export function standingOf(graph: Graph, environment: CurrentEnvironment): EnvironmentStanding {
  return {
    environment,
    databases: environment.databases.map((database) => ({
      database,
      applied: graph.ancestors(database.heads ?? []),
    })),
  };
}

export type CellState = "applied" | "partial" | "pending" | "running" | "queued" | "failed" | "unknown";

export interface Cell {
  state: CellState;
  /** On how many of the environment's databases it is applied. */
  applied: number;
  total: number;
  /** Databases that have this revision as a head. */
  headOf: string[];
}

/** The revisions that a running job works on, by database. */
export type RunningSteps = ReadonlyMap<string, ReadonlyMap<string, "running" | "pending" | "done" | "failed">>;

export function cellOf(standing: EnvironmentStanding, revision: string, running: RunningSteps): Cell {
  const { databases } = standing;
  const headOf = databases.filter((one) => one.database.heads?.includes(revision)).map((one) => one.database.name);
  const applied = databases.filter((one) => one.applied.has(revision)).length;
  const total = databases.length;
  const steps = databases.map((one) => running.get(one.database.id)?.get(revision));
  const base = { applied, total, headOf };
  if (steps.includes("running")) return { ...base, state: "running" };
  if (steps.includes("failed")) return { ...base, state: "failed" };
  if (steps.includes("pending")) return { ...base, state: "queued" };
  if (total === 0 || databases.every((one) => one.database.heads === null)) return { ...base, state: "unknown" };
  if (applied === total) return { ...base, state: "applied" };
  return { ...base, state: applied > 0 ? "partial" : "pending" };
}

export type MoveKind = "upgrade" | "downgrade" | "stamp";

export interface Move {
  kind: MoveKind;
  environment: CurrentEnvironment;
  database: CurrentDatabase;
  /** What the API gets as the target. */
  target: string;
  /** How many revisions it would run; null where only the server can tell. */
  count: number | null;
}

/** The moves that make sense from a revision: towards it on one database, and marking it there. */
export function movesTo(graph: Graph, standing: EnvironmentStanding, revision: string): Move[] {
  return standing.databases.flatMap(({ database, applied }) => {
    const of = { environment: standing.environment, database, target: revision };
    const moves: Move[] = [];
    if (database.heads === null) moves.push({ ...of, kind: "upgrade", count: null });
    else if (!applied.has(revision)) {
      const needed = [...graph.ancestors([revision])].filter((id) => !applied.has(id)).length;
      moves.push({ ...of, kind: "upgrade", count: needed });
    } else {
      const undone = [...graph.descendants(revision)].filter((id) => applied.has(id)).length;
      if (undone > 0) moves.push({ ...of, kind: "downgrade", count: undone });
    }
    if (database.heads?.length !== 1 || database.heads[0] !== revision) moves.push({ ...of, kind: "stamp", count: null });
    return moves;
  });
}

export function pendingOn(graph: Graph, standing: DatabaseStanding): number {
  return [...graph.ancestors(graph.heads)].filter((id) => !standing.applied.has(id)).length;
}
