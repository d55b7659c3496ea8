import { useQuery } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";

export type Direction = "upgrade" | "downgrade";

/** What in a revision may hurt; the text of a commit never changes, and `commit` is part of the question. */
export function useRevisionFindings(project: string, commit: string, revision: string, direction: Direction) {
  return useQuery({
    queryKey: ["findings", "revision", project, commit, revision, direction],
    queryFn: () => unwrap(api.GET("/api/migrations/revisions/{revision}/findings", { params: { path: { revision }, query: { project, direction } } })),
    staleTime: 5 * 60_000,
  });
}

/** What in a plan may hurt, with how large the tables are. Once per opening, as the plan itself; nobody waits for it. */
export function usePlanFindings(plan: string) {
  return useQuery({
    queryKey: ["findings", "plan", plan],
    queryFn: () => unwrap(api.GET("/api/plans/{plan}/findings", { params: { path: { plan } } })),
    staleTime: 5 * 60_000,
    refetchOnWindowFocus: false,
    retry: 1,
  });
}
