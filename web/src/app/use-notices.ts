/** Turns what the live connection says of lists, columns and badges into fresh queries. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import type { About, Said } from "@/api/live";
import { useTopic } from "@/api/use-live";
import type { Job } from "@/api/types";

/** Many pages hear of one change at the same moment: they do not all ask at that moment. */
const SPREAD = 250;

const ALL: About[] = ["jobs", "databases", "project", "approvals"];

/** The first part of the keys of the queries that show each thing. */
const SHOWN: Record<About, string[]> = {
  jobs: ["jobs", "current", "revision-runs", "statements", "ledger"],
  databases: ["current", "environments", "freezes", "ledger"],
  project: ["projects", "current"],
  approvals: ["approvals", "request", "freezes"],
};

function refresh(client: QueryClient, about: ReadonlySet<About>): void {
  const first = new Set([...about].flatMap((one) => SHOWN[one]));
  void client.invalidateQueries({ predicate: ({ queryKey: [what, part] }) => first.has(String(what)) && part !== "choices" });
  // The history of a commit never changes; only that there was none may.
  if (about.has("project")) void client.invalidateQueries({ queryKey: ["history"], predicate: ({ state }) => state.status === "error" });
  // A job that runs tells its page itself; what is found out after its end nobody else tells.
  if (about.has("jobs"))
    void client.invalidateQueries({
      queryKey: ["job"],
      predicate: ({ state }) => Boolean((state.data as Job | undefined)?.finished_at),
    });
}

/** Gathers what changed for a moment; a hidden page waits until somebody looks. */
function gathering(client: QueryClient) {
  const about = new Set<About>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    if (document.hidden || about.size === 0) return;
    refresh(client, new Set(about));
    about.clear();
  };
  return {
    add: (more: readonly About[]) => {
      for (const one of more) about.add(one);
      timer ??= setTimeout(flush, SPREAD * Math.random());
    },
    flush,
    stop: () => clearTimeout(timer),
  };
}

/** Of the organization on every page, of the project within it; nothing is asked at intervals. */
export function useNotices(org: string, project: string | undefined): void {
  const client = useQueryClient();
  const gathered = useMemo(() => gathering(client), [client]);
  useEffect(() => {
    document.addEventListener("visibilitychange", gathered.flush);
    return () => {
      document.removeEventListener("visibilitychange", gathered.flush);
      gathered.stop();
    };
  }, [gathered]);
  const heard = (said: Said) => {
    if (said.type === "changed") gathered.add(said.about);
    // What may not be heard any more may not be seen any more: the queries find out, and say it.
    if (said.type === "refused") gathered.add(ALL);
  };
  useTopic(org ? `organization:${org}` : null, heard);
  useTopic(org && project ? `project:${org}/${project}` : null, heard);
}
