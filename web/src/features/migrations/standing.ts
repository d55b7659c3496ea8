/** What each database has of the graph: pure functions from heads to cells and moves. */
import type { CurrentDatabase, CurrentEnvironment, JobKind, Revision, Runs, StepState } from "@/api/types";

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

  /** The revision that an address means: by its id, or by a beginning that only one has. */
  named(id: string | null): string | null {
    if (!id || this.byId.has(id)) return id || null;
    if (id.length < 4) return null;
    const found = this.revisions.filter((revision) => revision.id.startsWith(id));
    return found.length === 1 ? (found[0]?.id ?? null) : null;
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

/** The newest run of a revision on a database. */
export interface Run {
  job: string;
  number: number;
  kind: JobKind;
  actor: string;
  state: StepState;
  at: string | null;
  ms: number | null;
}

/** By database, then by revision. */
export type RunsByDatabase = ReadonlyMap<string, ReadonlyMap<string, Run>>;

export function runsByDatabase(runs: Runs | undefined): RunsByDatabase {
  const found = new Map<string, Map<string, Run>>();
  for (const { id, number, kind, actor, database, runs: its } of runs?.jobs ?? []) {
    const of = found.get(database) ?? new Map<string, Run>();
    found.set(database, of);
    for (const run of its)
      of.set(run.revision, { job: id, number, kind, actor, state: run.state, at: run.started_at, ms: run.duration_ms });
  }
  return found;
}

const NO_RUNS: ReadonlyMap<string, Run> = new Map();

export interface DatabaseStanding {
  database: CurrentDatabase;
  applied: ReadonlySet<string>;
  runs: ReadonlyMap<string, Run>;
}

export interface EnvironmentStanding {
  environment: CurrentEnvironment;
  databases: DatabaseStanding[];
}

export function standingOf(graph: Graph, environment: CurrentEnvironment, runs?: RunsByDatabase): EnvironmentStanding {
  return {
    environment,
    databases: environment.databases.map((database) => ({
      database,
      applied: graph.ancestors(database.heads ?? []),
      runs: runs?.get(database.id) ?? NO_RUNS,
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
  /** The run that brought it there, or that failed here; of the database where it was last. */
  run: Run | null;
  /** Since when it runs. */
  since: string | null;
}

/** What a run says about a database that stands where it stands: an upgrade undone since says nothing. */
function telling({ applied, runs }: DatabaseStanding, revision: string): Run | null {
  const run = runs.get(revision);
  if (!run || run.kind === "stamp") return null;
  const done = run.state === "done" && run.kind !== "downgrade";
  return applied.has(revision) === done || run.state === "failed" ? run : null;
}

function lastOf(runs: (Run | null)[]): Run | null {
  return runs.reduce((last, run) => (run && (!last || run.number > last.number) ? run : last), null);
}

/** The revisions that a running job works on, by database. */
export type RunningSteps = ReadonlyMap<string, ReadonlyMap<string, "running" | "pending" | "done" | "failed">>;

export function cellOf(standing: EnvironmentStanding, revision: string, running: RunningSteps): Cell {
  const { databases } = standing;
  const headOf = databases.filter((one) => one.database.heads?.includes(revision)).map((one) => one.database.name);
  const applied = databases.filter((one) => one.applied.has(revision)).length;
  const total = databases.length;
  const steps = databases.map((one) => running.get(one.database.id)?.get(revision));
  const run = lastOf(databases.map((one) => telling(one, revision)));
  const at = databases.find((_, index) => steps[index] === "running")?.database.job;
  const base = { applied, total, headOf, run, since: at?.running?.started_at ?? null };
  if (steps.includes("running")) return { ...base, state: "running" };
  if (steps.includes("failed")) return { ...base, state: "failed" };
  if (steps.includes("pending")) return { ...base, state: "queued" };
  if (total === 0 || databases.every((one) => one.database.heads === null)) return { ...base, state: "unknown" };
  if (applied === total) return { ...base, state: "applied" };
  if (databases.some((one) => !one.applied.has(revision) && failedHere(one, revision))) return { ...base, state: "failed" };
  return { ...base, state: applied > 0 ? "partial" : "pending" };
}

/** The last try to apply it ended here, and nothing has been run since that would hide it. */
function failedHere(one: DatabaseStanding, revision: string): boolean {
  const run = one.runs.get(revision);
  return run?.state === "failed" && run.kind !== "downgrade";
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
