import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { ServiceAccountNew, TokenNew, TrustNew } from "@/api/types";

export function useTokens(org: string) {
  return useQuery({
    queryKey: ["tokens", org],
    queryFn: async () => (await unwrap(api.GET("/api/orgs/{org}/tokens", { params: { path: { org } } }))).items,
  });
}

export function useServiceAccounts(org: string) {
  return useQuery({
    queryKey: ["service-accounts", org],
    queryFn: async () => (await unwrap(api.GET("/api/orgs/{org}/service-accounts", { params: { path: { org } } }))).items,
  });
}

function useRefresh(org: string) {
  const client = useQueryClient();
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ["tokens", org] }),
      client.invalidateQueries({ queryKey: ["service-accounts", org] }),
      client.invalidateQueries({ queryKey: ["trusts", org] }),
    ]);
}

export function useMakeToken(org: string) {
  const refresh = useRefresh(org);
  return useMutation({
    mutationFn: (body: TokenNew) => unwrap(api.POST("/api/orgs/{org}/tokens", { params: { path: { org } }, body })),
    onSuccess: refresh,
  });
}

export function useRotateToken(org: string) {
  const refresh = useRefresh(org);
  return useMutation({
    mutationFn: (token: string) =>
      unwrap(api.POST("/api/orgs/{org}/tokens/{token}/rotate", { params: { path: { org, token } } })),
    onSuccess: refresh,
  });
}

export function useRevokeToken(org: string) {
  const refresh = useRefresh(org);
  return useMutation({
    mutationFn: (token: string) => unwrap(api.DELETE("/api/orgs/{org}/tokens/{token}", { params: { path: { org, token } } })),
    onSuccess: refresh,
  });
}

export function useMakeAccount(org: string) {
  const refresh = useRefresh(org);
  return useMutation({
    mutationFn: (body: ServiceAccountNew) =>
      unwrap(api.POST("/api/orgs/{org}/service-accounts", { params: { path: { org } }, body })),
    onSuccess: refresh,
  });
}

export function useEndAccount(org: string) {
  const refresh = useRefresh(org);
  return useMutation({
    mutationFn: (account: string) =>
      unwrap(api.DELETE("/api/orgs/{org}/service-accounts/{account}", { params: { path: { org, account } } })),
    onSuccess: refresh,
  });
}

/** Whose pipelines are trusted; only for those who manage members. */
export function useTrusts(org: string, allowed: boolean) {
  return useQuery({
    queryKey: ["trusts", org],
    enabled: allowed,
    queryFn: () => unwrap(api.GET("/api/orgs/{org}/trusts", { params: { path: { org } } })),
  });
}

export function useSaveTrust(org: string) {
  const refresh = useRefresh(org);
  return useMutation({
    mutationFn: ({ trust, body }: { trust?: string | undefined; body: TrustNew }) =>
      trust
        ? unwrap(api.PUT("/api/orgs/{org}/trusts/{trust}", { params: { path: { org, trust } }, body }))
        : unwrap(api.POST("/api/orgs/{org}/trusts", { params: { path: { org } }, body })),
    onSuccess: refresh,
  });
}

export function useEndTrust(org: string) {
  const refresh = useRefresh(org);
  return useMutation({
    mutationFn: (trust: string) => unwrap(api.DELETE("/api/orgs/{org}/trusts/{trust}", { params: { path: { org, trust } } })),
    onSuccess: refresh,
  });
}
