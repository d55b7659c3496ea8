/** What a list of jobs is narrowed to, as the address of the page says it. */
import type { JobKind, JobState } from "@/api/types";

export const STATES: JobState[] = ["queued", "running", "succeeded", "failed", "cancelled", "lost"];
export const KINDS: JobKind[] = ["upgrade", "downgrade", "stamp", "current", "check", "command"];

export interface JobFilter {
  org: string;
  project: string | null;
  environment: string | null;
  states: JobState[];
  kinds: JobKind[];
  actor: string | null;
  revision: string | null;
  /** The first and the last day, "2026-11-25", as the reader's calendar has them. */
  since: string | null;
  until: string | null;
}

export function unfiltered(org: string, project: string | null = null): JobFilter {
  return { org, project, environment: null, states: [], kinds: [], actor: null, revision: null, since: null, until: null };
}

export const NAMES = ["state", "environment", "kind", "actor", "revision", "since", "until"] as const;
export type FilterName = (typeof NAMES)[number];

const DAY = /^\d{4}-\d\d-\d\d$/;

/** What the address says; a word that means nothing does not narrow. */
export function filterFrom(org: string, project: string | null, search: URLSearchParams): JobFilter {
  const state = STATES.find((one) => one === search.get("state"));
  const kind = KINDS.find((one) => one === search.get("kind"));
  const day = (name: string) => {
    const text = search.get(name) ?? "";
    return DAY.test(text) && !Number.isNaN(Date.parse(text)) ? text : null;
  };
  return {
    org,
    project,
    environment: search.get("environment"),
    states: state ? [state] : [],
    kinds: kind ? [kind] : [],
    actor: search.get("actor"),
    revision: search.get("revision"),
    since: day("since"),
    until: day("until"),
  };
}

/** How many of its parts narrow the list. */
export function narrowing(filter: JobFilter): number {
  const single = [filter.environment, filter.actor, filter.revision, filter.since, filter.until].filter(Boolean).length;
  return single + filter.states.length + filter.kinds.length;
}

/** Midnight at the beginning of a day in the reader's zone, and `days` later. */
function midnight(day: string, days = 0): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + days).toISOString();
}

/** As the API asks for it; a last day is meant with all its hours. */
export function queryOf(filter: JobFilter) {
  return {
    org: filter.org,
    ...(filter.project ? { project: `${filter.org}/${filter.project}` } : {}),
    ...(filter.environment ? { environment: filter.environment } : {}),
    ...(filter.states.length > 0 ? { state: filter.states } : {}),
    ...(filter.kinds.length > 0 ? { kind: filter.kinds } : {}),
    ...(filter.actor ? { actor: filter.actor } : {}),
    ...(filter.revision ? { revision: filter.revision } : {}),
    ...(filter.since ? { since: midnight(filter.since) } : {}),
    ...(filter.until ? { until: midnight(filter.until, 1) } : {}),
  };
}
