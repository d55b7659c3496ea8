import { queryOptions, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { Draft, DraftNew } from "@/api/types";

const BUSY = new Set(["waiting", "running", "push_waiting", "pushing"]);

export function isBusy(draft: Draft): boolean {
  return BUSY.has(draft.state);
}

/** The project's drafts, the latest first; asked again whenever they are shown and while a worker is at one of them. */
export function useDrafts(org: string, project: string) {
  return useInfiniteQuery({
    queryKey: ["drafts", org, project, "list"],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/api/orgs/{org}/projects/{project}/drafts", {
          params: { path: { org, project }, query: pageParam ? { cursor: pageParam } : {} },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    // Workers and colleagues change drafts unseen: what was read a moment ago may name a state that is over.
    refetchOnMount: "always",
    refetchInterval: (query) => (query.state.data?.pages.some((page) => page.items.some(isBusy)) ? 1_500 : false),
  });
}

/** Forgets a draft; a branch that was pushed stays. */
export function useDiscardDraft(org: string, project: string, draft: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(api.DELETE("/api/orgs/{org}/projects/{project}/drafts/{draft}", { params: { path: { org, project, draft } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["drafts", org, project, "list"] }),
  });
}

function draftQuery(org: string, project: string, draft: string) {
  return queryOptions({
    queryKey: ["drafts", org, project, draft],
    queryFn: () => unwrap(api.GET("/api/orgs/{org}/projects/{project}/drafts/{draft}", { params: { path: { org, project, draft } } })),
    // The workers write and push in the background.
    refetchInterval: (query) => (query.state.data && isBusy(query.state.data) ? 700 : false),
  });
}

export function useDraft(org: string, project: string, draft: string) {
  return useQuery(draftQuery(org, project, draft));
}

export function useAskForDraft(org: string, project: string) {
  return useMutation({
    mutationFn: (body: DraftNew) => unwrap(api.POST("/api/orgs/{org}/projects/{project}/drafts", { params: { path: { org, project } }, body })),
  });
}

export function usePushDraft(org: string, project: string, draft: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (branch: string) =>
      unwrap(api.POST("/api/orgs/{org}/projects/{project}/drafts/{draft}/push", { params: { path: { org, project, draft } }, body: { branch } })),
    onSuccess: (pushed) => client.setQueryData(draftQuery(org, project, draft).queryKey, pushed),
  });
}
