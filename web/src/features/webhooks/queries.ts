import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { WebhookChanges, WebhookNew } from "@/api/types";

export function useWebhooks(org: string) {
  return useQuery({
    queryKey: ["webhooks", org],
    queryFn: async () => (await unwrap(api.GET("/api/orgs/{org}/webhooks", { params: { path: { org } } }))).items,
  });
}

/** What is sent changes within seconds, so the log asks again while something waits. */
export function useDeliveries(org: string, webhook: string) {
  return useInfiniteQuery({
    queryKey: ["deliveries", org, webhook],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/api/orgs/{org}/webhooks/{webhook}/deliveries", {
          params: { path: { org, webhook }, query: pageParam ? { before: pageParam } : {} },
        }),
      ),
    getNextPageParam: (page) => page.next,
    refetchInterval: (query) => (query.state.data?.pages[0]?.items.some((one) => one.state === "waiting" && one.tries === 0) ? 2000 : false),
  });
}

export function useDelivery(org: string, webhook: string, delivery: string) {
  return useQuery({
    queryKey: ["delivery", org, webhook, delivery],
    queryFn: () => unwrap(api.GET("/api/orgs/{org}/webhooks/{webhook}/deliveries/{delivery}", { params: { path: { org, webhook, delivery } } })),
  });
}

function useRefresh(org: string) {
  const client = useQueryClient();
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ["webhooks", org] }),
      client.invalidateQueries({ queryKey: ["deliveries", org] }),
    ]);
}

export function useMakeWebhook(org: string) {
  const refresh = useRefresh(org);
  return useMutation({
    mutationFn: (body: WebhookNew) => unwrap(api.POST("/api/orgs/{org}/webhooks", { params: { path: { org } }, body })),
    onSuccess: refresh,
  });
}

export function useChangeWebhook(org: string) {
  const refresh = useRefresh(org);
  return useMutation({
    mutationFn: ({ webhook, body }: { webhook: string; body: WebhookChanges }) =>
      unwrap(api.PATCH("/api/orgs/{org}/webhooks/{webhook}", { params: { path: { org, webhook } }, body })),
    onSuccess: refresh,
  });
}

export function useRemoveWebhook(org: string) {
  const refresh = useRefresh(org);
  return useMutation({
    mutationFn: (webhook: string) => unwrap(api.DELETE("/api/orgs/{org}/webhooks/{webhook}", { params: { path: { org, webhook } } })),
    onSuccess: refresh,
  });
}

export function useNewSecret(org: string) {
  const refresh = useRefresh(org);
  return useMutation({
    mutationFn: (webhook: string) => unwrap(api.POST("/api/orgs/{org}/webhooks/{webhook}/secret", { params: { path: { org, webhook } } })),
    onSuccess: refresh,
  });
}

export function useTestWebhook(org: string) {
  const refresh = useRefresh(org);
  return useMutation({
    mutationFn: (webhook: string) => unwrap(api.POST("/api/orgs/{org}/webhooks/{webhook}/test", { params: { path: { org, webhook } } })),
    onSuccess: refresh,
  });
}

export function useSendAgain(org: string, webhook: string) {
  const refresh = useRefresh(org);
  return useMutation({
    mutationFn: (delivery: string) =>
      unwrap(api.POST("/api/orgs/{org}/webhooks/{webhook}/deliveries/{delivery}/send", { params: { path: { org, webhook, delivery } } })),
    onSuccess: refresh,
  });
}
