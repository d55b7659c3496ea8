import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { Draft, DraftNew } from "@/api/types";

const BUSY = new Set(["waiting", "running", "push_waiting", "pushing"]);

export function isBusy(draft: Draft): boolean {
  return BUSY.has(draft.state);
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
