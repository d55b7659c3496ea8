/** Rates and shares of the server's counters. */
import type { SparkPoint } from "@/ui/spark";

export interface Counted {
  /** Milliseconds since 1970. */
  at: number;
  commits: number;
  rollbacks: number;
  hits: number;
  reads: number;
}

/** Transactions a second between two moments; null where the server began to count anew. */
export function transactionsPerSecond(before: Counted | undefined, after: Counted): number | null {
  if (!before || after.at <= before.at) return null;
  const done = after.commits + after.rollbacks - before.commits - before.rollbacks;
  return done < 0 ? null : (done / (after.at - before.at)) * 1000;
}

/** The share of pages that were found in memory between two moments; null where none was asked for. */
export function cacheShare(before: Counted | undefined, after: Counted): number | null {
  const hits = after.hits - (before?.hits ?? 0);
  const reads = after.reads - (before?.reads ?? 0);
  return hits < 0 || reads < 0 || hits + reads === 0 ? null : hits / (hits + reads);
}

export function series<One extends { at: number }>(samples: readonly One[], value: (one: One, before: One | undefined) => number | null): SparkPoint[] {
  return samples.map((one, at) => ({ at: one.at, value: value(one, samples[at - 1]) }));
}
