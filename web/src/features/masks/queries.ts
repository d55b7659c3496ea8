import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { MaskNew } from "@/api/types";

const PATH = "/api/orgs/{org}/projects/{project}/masks" as const;

export function useMasks(org: string, project: string) {
  return useQuery({
    queryKey: ["masks", org, project],
    queryFn: async () => (await unwrap(api.GET(PATH, { params: { path: { org, project } } }))).items,
  });
}

/** Columns without a mask that sound like personal data; only whoever may set masks asks. */
export function useMaskSuggestions(org: string, project: string, wanted: boolean) {
  return useQuery({
    queryKey: ["masks", org, project, "suggestions"],
    queryFn: async () => (await unwrap(api.GET(`${PATH}/suggestions`, { params: { path: { org, project } } }))).items,
    enabled: wanted,
  });
}

/** Masks change what every page of data shows. */
function useRefresh(org: string, project: string) {
  const client = useQueryClient();
  return () => Promise.all([client.invalidateQueries({ queryKey: ["masks", org, project] }), client.invalidateQueries({ queryKey: ["rows"] })]);
}

export function useAddMask(org: string, project: string) {
  return useMutation({
    mutationFn: (body: MaskNew) => unwrap(api.POST(PATH, { params: { path: { org, project } }, body })),
    onSuccess: useRefresh(org, project),
  });
}

export function useRemoveMask(org: string, project: string) {
  return useMutation({
    mutationFn: (mask: string) => unwrap(api.DELETE(`${PATH}/{mask}`, { params: { path: { org, project, mask } } })),
    onSuccess: useRefresh(org, project),
  });
}
