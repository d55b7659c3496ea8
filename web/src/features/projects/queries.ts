import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { Project, ProjectChanges, ProjectNew } from "@/api/types";
import { lookByItself } from "@/api/use-live";

export function projectsQuery(org: string) {
  return queryOptions({
    queryKey: ["projects", org],
    queryFn: async () => (await unwrap(api.GET("/api/orgs/{org}/projects", { params: { path: { org } } }))).items,
    refetchInterval: lookByItself,
  });
}

export function projectQuery(org: string, project: string) {
  return queryOptions({
    queryKey: ["projects", org, project],
    meta: { place: true },
    queryFn: () => unwrap(api.GET("/api/orgs/{org}/projects/{project}", { params: { path: { org, project } } })),
    refetchInterval: lookByItself,
  });
}

export function useProjects(org: string) {
  return useQuery(projectsQuery(org));
}

export function useProject(org: string, project: string | undefined) {
  return useQuery({ ...projectQuery(org, project ?? ""), enabled: Boolean(project) });
}

function fetchNow(org: string, project: string) {
  return unwrap(api.POST("/api/orgs/{org}/projects/{project}/fetch", { params: { path: { org, project } } }));
}

/** What is saved is fetched at once. Saved it is either way: a refusal to fetch is shown on the project's pages. */
async function fetchedAtOnce(saved: Project): Promise<Project> {
  return fetchNow(saved.organization.slug, saved.slug).catch(() => saved);
}

export function useAddProject(org: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body: ProjectNew) =>
      fetchedAtOnce(await unwrap(api.POST("/api/orgs/{org}/projects", { params: { path: { org } }, body }))),
    onSuccess: () => client.invalidateQueries({ queryKey: ["projects", org] }),
  });
}

export function useChangeProject(org: string, project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body: ProjectChanges) =>
      fetchedAtOnce(await unwrap(api.PATCH("/api/orgs/{org}/projects/{project}", { params: { path: { org, project } }, body }))),
    onSuccess: () => client.invalidateQueries({ queryKey: ["projects", org] }),
  });
}

export function useFetchProject(org: string, project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => fetchNow(org, project),
    onSuccess: (fresh) => client.setQueryData(projectQuery(org, project).queryKey, fresh),
  });
}

/** `leave` is called even where the page has gone already: the live connection may tell of the end before the answer does. */
export function useDeleteProject(org: string, project: string, leave: () => unknown) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(api.DELETE("/api/orgs/{org}/projects/{project}", { params: { path: { org, project } } })),
    onSuccess: async () => {
      await leave();
      await client.invalidateQueries({ queryKey: projectsQuery(org).queryKey, exact: true });
    },
  });
}

/** Like deleting: the page may have gone before the answer comes, and leaving takes the person to where the project is. */
export function useMoveProject(org: string, project: string, leave: (org: string) => unknown) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { organization: string; slug: string }) =>
      unwrap(api.POST("/api/orgs/{org}/projects/{project}/move", { params: { path: { org, project } }, body })),
    onSuccess: async (moved) => {
      await leave(moved.organization.slug);
      await client.invalidateQueries({ queryKey: projectsQuery(org).queryKey, exact: true });
      await client.invalidateQueries({ queryKey: projectsQuery(moved.organization.slug).queryKey });
    },
  });
}

function useHook<Answer>(org: string, project: string, act: () => Promise<Answer>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: act, onSuccess: () => client.invalidateQueries({ queryKey: projectQuery(org, project).queryKey }) });
}

export function useRenewHook(org: string, project: string) {
  return useHook(org, project, () => unwrap(api.PUT("/api/orgs/{org}/projects/{project}/hook", { params: { path: { org, project } } })));
}

export function useEndHook(org: string, project: string) {
  return useHook(org, project, () => unwrap(api.DELETE("/api/orgs/{org}/projects/{project}/hook", { params: { path: { org, project } } })));
}
