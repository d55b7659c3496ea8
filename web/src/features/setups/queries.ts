import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { FinishRequest, HostKeysAsk, Setup, SetupChanges, SetupNew, TestRequest } from "@/api/types";

const BUSY = new Set(["waiting", "running"]);

export function isLooking(setup: Setup | undefined): boolean {
  return setup !== undefined && BUSY.has(setup.look.state);
}

export function isTesting(setup: Setup | undefined): boolean {
  return setup !== undefined && BUSY.has(setup.test.state);
}

function setupsQuery(org: string) {
  return queryOptions({
    queryKey: ["setups", org],
    queryFn: async () => (await unwrap(api.GET("/api/orgs/{org}/setups", { params: { path: { org } } }))).items,
  });
}

function setupQuery(org: string, setup: string) {
  return queryOptions({
    queryKey: ["setups", org, setup],
    queryFn: () => unwrap(api.GET("/api/orgs/{org}/setups/{setup}", { params: { path: { org, setup } } })),
    // The workers look in the background.
    refetchInterval: (query) => (isLooking(query.state.data) || isTesting(query.state.data) ? 700 : false),
  });
}

/** What I have begun and not finished. */
export function useSetups(org: string, enabled: boolean) {
  return useQuery({ ...setupsQuery(org), enabled });
}

export function useSetup(org: string, setup: string | null) {
  return useQuery({ ...setupQuery(org, setup ?? ""), enabled: setup !== null });
}

function useKeep(org: string) {
  const client = useQueryClient();
  return (setup: Setup) => client.setQueryData(setupQuery(org, setup.id).queryKey, setup);
}

export function useBeginSetup(org: string) {
  const keep = useKeep(org);
  return useMutation({
    mutationFn: (body: SetupNew) => unwrap(api.POST("/api/orgs/{org}/setups", { params: { path: { org } }, body })),
    onSuccess: keep,
  });
}

export function useChangeSetup(org: string) {
  const keep = useKeep(org);
  return useMutation({
    mutationFn: ({ setup, ...body }: SetupChanges & { setup: string }) =>
      unwrap(api.PATCH("/api/orgs/{org}/setups/{setup}", { params: { path: { org, setup } }, body })),
    onSuccess: keep,
  });
}

export function useTestDatabase(org: string, setup: string) {
  const keep = useKeep(org);
  return useMutation({
    mutationFn: (body: TestRequest) => unwrap(api.POST("/api/orgs/{org}/setups/{setup}/test", { params: { path: { org, setup } }, body })),
    onSuccess: keep,
  });
}

/** A key for an SSH server, whose public half somebody puts there before the test. */
export function useMakeKey(org: string, setup: string) {
  const keep = useKeep(org);
  return useMutation({
    mutationFn: () => unwrap(api.POST("/api/orgs/{org}/setups/{setup}/key", { params: { path: { org, setup } } })),
    onSuccess: keep,
  });
}

/** What an SSH server shows just now: an answer that is compared at once and kept nowhere. */
export function askHostKeys(org: string, setup: string, place: HostKeysAsk) {
  return unwrap(api.POST("/api/orgs/{org}/setups/{setup}/host-keys", { params: { path: { org, setup } }, body: place }));
}

export function useFinishSetup(org: string, setup: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: FinishRequest) =>
      unwrap(api.POST("/api/orgs/{org}/setups/{setup}/finish", { params: { path: { org, setup } }, body })),
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: ["projects", org] }), client.invalidateQueries({ queryKey: ["setups", org] })]),
  });
}

export function useDiscardSetup(org: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (setup: string) => unwrap(api.DELETE("/api/orgs/{org}/setups/{setup}", { params: { path: { org, setup } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: setupsQuery(org).queryKey }),
  });
}
