import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { components } from "@/api/schema.gen";

export type ProviderChange = components["schemas"]["ProviderChange"];
export type Provider = components["schemas"]["ProviderRead"];
export type Domain = components["schemas"]["DomainRead"];

const key = (org: string) => ["provider", org];

/** How an organization's people sign in. */
export function useProvider(org: string, may: boolean) {
  return useQuery({
    queryKey: key(org),
    queryFn: () => unwrap(api.GET("/api/orgs/{org}/provider", { params: { path: { org } } })),
    enabled: may,
  });
}

function useChange<Value, Answer>(org: string, send: (value: Value) => Promise<Answer>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: send, onSuccess: () => client.invalidateQueries({ queryKey: key(org) }) });
}

export const useSetProvider = (org: string) =>
  useChange(org, (body: ProviderChange) => unwrap(api.PUT("/api/orgs/{org}/provider", { params: { path: { org } }, body })));

export const useDeleteProvider = (org: string) =>
  useChange(org, () => unwrap(api.DELETE("/api/orgs/{org}/provider", { params: { path: { org } } })));

export const useAddDomain = (org: string) =>
  useChange(org, (domain: string) => unwrap(api.POST("/api/orgs/{org}/provider/domains", { params: { path: { org } }, body: { domain } })));

export const useCheckDomain = (org: string) =>
  useChange(org, (domain: string) => unwrap(api.POST("/api/orgs/{org}/provider/domains/{domain}/check", { params: { path: { org, domain } } })));

export const useRemoveDomain = (org: string) =>
  useChange(org, (domain: string) => unwrap(api.DELETE("/api/orgs/{org}/provider/domains/{domain}", { params: { path: { org, domain } } })));
