import type { Job } from "@/api/types";
import { type Key, useLanguage } from "@/i18n";

type Outcome = NonNullable<Job["outcome"]>;
type OutcomeKey = Extract<Key, `jobs.outcome.${string}`>;

const CODES: readonly string[] = [
  "upgraded", "downgraded", "stamped", "nothing_to_do", "read", "check_clean", "check_differs", "command_done",
  "window_closed", "frozen", "failed_before_start", "failed_unchanged", "failed_partial", "failed_committed_inside", "cancelled_before_start",
  "cancelled_unchanged", "cancelled_partial", "cancelled_committed_inside", "unknown", "lost", "lost_read",
];

function headsOf(value: unknown): string {
  return Array.isArray(value) ? value.join(", ") || "base" : "";
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/** How a job ended, in the reader's language; a code that this page does not know keeps the server's sentence. */
export function useOutcome(): (outcome: Outcome) => string {
  const { t, exact } = useLanguage();
  return ({ code, params, sentence }) => {
    if (!CODES.includes(code)) return sentence;
    // Every sentence asks for some of these; those that it does not ask for are not looked at.
    const values = {
      heads: headsOf(params["heads"]),
      done: numberOf(params["done"]),
      total: numberOf(params["total"]),
      count: numberOf(params["count"]),
      until: typeof params["until"] === "string" && Number.isFinite(Date.parse(params["until"])) ? exact(params["until"]) : "—",
      reason: typeof params["reason"] === "string" ? params["reason"] : "",
      revision: typeof params["revision"] === "string" ? params["revision"] : "",
    };
    return (t as (key: OutcomeKey, values: Record<string, string | number>) => string)(`jobs.outcome.${code}` as OutcomeKey, values);
  };
}
