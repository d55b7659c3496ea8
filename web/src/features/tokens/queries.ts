import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { ServiceAccountNew, TokenNew } from "@/api/types";

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
