/** How much was found, and how bad the worst of it is. */
import type { Finding, PlanFindings } from "@/api/types";

/** A file that cannot be read is worse than a note: nobody knows what is in it. */
export const LEVELS = ["danger", "warning", "unread", "note"] as const;
export type Level = (typeof LEVELS)[number];

export interface Count {
  level: Level;
  count: number;
}

/** So many of each level, the worst first; levels without any are left out. Null stands for a file that was not read. */
export function countsOf(files: readonly (readonly Finding[] | null)[]): Count[] {
  const found = files.flatMap<Level>((findings) => findings?.map(({ severity }) => severity) ?? ["unread"]);
  return LEVELS.map((level) => ({ level, count: found.filter((one) => one === level).length })).filter(({ count }) => count > 0);
}

type Step = PlanFindings["steps"][number];

/** A stamp runs nothing, and very long plans are not read to their end: such steps have no findings at all. */
export function stepFinder(steps: readonly Step[]): (revision: string, direction: string) => Step | undefined {
  const known = new Map(steps.map((step) => [`${step.direction} ${step.revision}`, step]));
  return (revision, direction) => known.get(`${direction} ${revision}`);
}
