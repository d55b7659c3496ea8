import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { DatabaseChanges, DatabaseNew, EnvironmentChanges, EnvironmentNew, FreezeNew, HostKeysAsk } from "@/api/types";
import { lookByItself } from "@/api/use-live";

export function environmentsQuery(org: string, project: string) {
  return queryOptions({
    queryKey: ["environments", org, project],
    queryFn: async () =>
      (await unwrap(api.GET("/api/orgs/{org}/projects/{project}/environments", { params: { path: { org, project } } }))).items,
    refetchInterval: lookByItself,
  });
}

export function useEnvironments(org: string, project: string | undefined) {
  return useQuery({ ...environmentsQuery(org, project ?? ""), enabled: Boolean(project) });
}

/** After any change here, the environments and where they stand are asked for anew. */
function useRefresh(org: string, project: string) {
  const client = useQueryClient();
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: environmentsQuery(org, project).queryKey }),
      client.invalidateQueries({ queryKey: ["current"] }),
    ]);
}

export function useSaveEnvironment(org: string, project: string, environment: string | null) {
  const refresh = useRefresh(org, project);
  return useMutation({
    mutationFn: (body: EnvironmentNew) => {
      if (environment === null)
        return unwrap(api.POST("/api/orgs/{org}/projects/{project}/environments", { params: { path: { org, project } }, body }));
      const changes: EnvironmentChanges = body;
      return unwrap(
        api.PATCH("/api/orgs/{org}/projects/{project}/environments/{environment}", {
          params: { path: { org, project, environment } },
          body: changes,
        }),
      );
    },
    onSuccess: refresh,
  });
}

/** What the SSH server shows just now: an answer that is compared at once and kept nowhere. */
export function askHostKeys(org: string, project: string, place: HostKeysAsk) {
  return unwrap(api.POST("/api/orgs/{org}/projects/{project}/environments/host-keys", { params: { path: { org, project } }, body: place }));
}

export function useDeleteEnvironment(org: string, project: string, environment: string) {
  return useMutation({
    mutationFn: () =>
      unwrap(
        api.DELETE("/api/orgs/{org}/projects/{project}/environments/{environment}", {
          params: { path: { org, project, environment } },
        }),
      ),
    onSuccess: useRefresh(org, project),
  });
}

interface DatabasePath {
  org: string;
  project: string;
  environment: string;
  database: string;
}

function read(path: DatabasePath) {
  return unwrap(
    api.POST("/api/orgs/{org}/projects/{project}/environments/{environment}/databases/{database}/read", { params: { path } }),
  );
}

/** New settings are tried at once. They are saved either way: a refusal to read is shown where the database is. */
async function tryOut(path: DatabasePath): Promise<void> {
  await read(path).catch(() => undefined);
}

export function useAddDatabase(org: string, project: string, environment: string) {
  return useMutation({
    mutationFn: async (body: DatabaseNew) => {
      const added = await unwrap(
        api.POST("/api/orgs/{org}/projects/{project}/environments/{environment}/databases", {
          params: { path: { org, project, environment } },
          body,
        }),
      );
      await tryOut({ org, project, environment, database: added.id });
    },
    onSuccess: useRefresh(org, project),
  });
}

export function useChangeDatabase(org: string, project: string, environment: string, database: string) {
  return useMutation({
    mutationFn: async (body: DatabaseChanges) => {
      await unwrap(
        api.PATCH("/api/orgs/{org}/projects/{project}/environments/{environment}/databases/{database}", {
          params: { path: { org, project, environment, database } },
          body,
        }),
      );
      await tryOut({ org, project, environment, database });
    },
    onSuccess: useRefresh(org, project),
  });
}

export function useDeleteDatabase(org: string, project: string, environment: string, database: string) {
  return useMutation({
    mutationFn: () =>
      unwrap(
        api.DELETE("/api/orgs/{org}/projects/{project}/environments/{environment}/databases/{database}", {
          params: { path: { org, project, environment, database } },
        }),
      ),
    onSuccess: useRefresh(org, project),
  });
}

export function useReadDatabase(org: string, project: string, environment: string, database: string) {
  return useMutation({
    mutationFn: () => read({ org, project, environment, database }),
    onSuccess: useRefresh(org, project),
  });
}

/** The groups of the organization, any of which may be the one that approves. */
export function useGroupChoices(org: string) {
  return useQuery({
    queryKey: ["groups", org],
    queryFn: async () => (await unwrap(api.GET("/api/orgs/{org}/groups", { params: { path: { org } } }))).items,
    staleTime: 60_000,
  });
}

/** By whose rule new commits come here, and what became of the latest; asked again while it is shown. */
export function useAutomatic(org: string, project: string, environment: string) {
  return useQuery({
    queryKey: ["automatic", org, project, environment],
    queryFn: () =>
      unwrap(api.GET("/api/orgs/{org}/projects/{project}/environments/{environment}/automatic", { params: { path: { org, project, environment } } })),
    refetchInterval: lookByItself,
  });
}

export function useFreezes(org: string, project: string) {
  return useQuery({
    queryKey: ["freezes", org, project],
    queryFn: async () => (await unwrap(api.GET("/api/orgs/{org}/projects/{project}/freezes", { params: { path: { org, project } } }))).items,
    refetchInterval: lookByItself,
  });
}

export function useAddFreeze(org: string, project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: FreezeNew) => unwrap(api.POST("/api/orgs/{org}/projects/{project}/freezes", { params: { path: { org, project } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["freezes"] }),
  });
}

export function useEndFreeze(org: string, project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (freeze: string) =>
      unwrap(api.DELETE("/api/orgs/{org}/projects/{project}/freezes/{freeze}", { params: { path: { org, project, freeze } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["freezes"] }),
  });
}
