import { queryOptions, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { ApprovalRequestDetail } from "@/api/types";
import { lookByItself } from "@/api/use-live";

export const SHOWS = ["waiting", "open", "mine", "decided"] as const;
export type Show = (typeof SHOWS)[number];

const PAGE = 50;

export function useRequests(org: string, show: Show) {
  return useInfiniteQuery({
    queryKey: ["approvals", org, show],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/api/orgs/{org}/approvals", {
          params: { path: { org }, query: { show, limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: lookByItself,
  });
}

/** How many requests wait for this person: what the sidebar counts. */
export function useWaitingCount(org: string): number {
  const count = useQuery({
    queryKey: ["approvals", org, "count"],
    queryFn: () => unwrap(api.GET("/api/orgs/{org}/approvals/count", { params: { path: { org } } })),
    refetchInterval: lookByItself,
  });
  return count.data?.waiting ?? 0;
}

function requestQuery(request: string) {
  return queryOptions({
    queryKey: ["request", request],
    meta: { place: true },
    queryFn: () => unwrap(api.GET("/api/approvals/{request}", { params: { path: { request } } })),
    refetchInterval: lookByItself,
  });
}

export function useRequest(request: string) {
  return useQuery(requestQuery(request));
}

export type Act = "approve" | "reject" | "withdraw";

/** Deciding about a request, or taking it back; the answer is the request as it stands then. */
export function useDecide(request: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ act, comment }: { act: Act; comment: string }) => {
      const params = { path: { request } };
      switch (act) {
        case "approve":
          return unwrap(api.POST("/api/approvals/{request}/approve", { params, body: { comment } }));
        case "reject":
          return unwrap(api.POST("/api/approvals/{request}/reject", { params, body: { comment } }));
        case "withdraw":
          return unwrap(api.POST("/api/approvals/{request}/withdraw", { params }));
      }
    },
    onSuccess: (fresh) => {
      client.setQueryData(requestQuery(request).queryKey, fresh);
      return client.invalidateQueries({ queryKey: ["approvals"] });
    },
    // Somebody was faster: the page shows what they did.
    onError: () => client.invalidateQueries({ queryKey: requestQuery(request).queryKey }),
  });
}

/** Starts what is asked for without the approvals, with a reason that is kept. */
export function useOverride(request: ApprovalRequestDetail) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (override: string) => {
      const body = {
        project: request.project.id,
        environment: request.environment.id,
        database: request.database.id,
        plan: request.plan_id,
        idempotency_key: `override-${request.id}`,
        override,
        // The request's own: a stamp is not started without one.
        ...(request.reason ? { reason: request.reason } : {}),
      };
      switch (request.kind) {
        case "downgrade":
          return unwrap(api.POST("/api/migrations/downgrade", { body }));
        case "stamp":
          return unwrap(api.POST("/api/migrations/stamp", { body }));
        case "command":
          return unwrap(api.POST("/api/migrations/command", { body }));
        default:
          return unwrap(api.POST("/api/migrations/upgrade", { body }));
      }
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ["approvals"] }),
  });
}
