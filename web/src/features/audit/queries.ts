import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import { saveFile } from "@/ui/save-file";

export type Outcome = "done" | "refused" | "found";

export interface AuditFilter {
  outcome: Outcome | null;
  words: string;
  /** Only entries about this database. */
  database: string | null;
}

const PAGE = 50;

function queryOf(filter: AuditFilter) {
  return {
    ...(filter.outcome ? { outcome: filter.outcome } : {}),
    ...(filter.words.trim() ? { q: filter.words.trim() } : {}),
    ...(filter.database ? { database: filter.database } : {}),
  };
}

export function useAudit(org: string, filter: AuditFilter) {
  return useInfiniteQuery({
    queryKey: ["audit", org, filter],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/api/orgs/{org}/audit", {
          params: { path: { org }, query: { ...queryOf(filter), ...(pageParam ? { before: pageParam } : {}), limit: PAGE } },
        }),
      ),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next_before,
  });
}

export function useAuditExport(org: string, filter: AuditFilter) {
  return useMutation({
    mutationFn: () =>
      unwrap(api.GET("/api/orgs/{org}/audit/export", { params: { path: { org }, query: queryOf(filter) }, parseAs: "blob" })),
    onSuccess: (content) => saveFile(`${org}-audit.csv`, content),
  });
}

export function useVerification(org: string) {
  return useMutation({
    mutationFn: () => unwrap(api.GET("/api/orgs/{org}/audit/verification", { params: { path: { org } } })),
  });
}
