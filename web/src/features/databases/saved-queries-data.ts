/** Queries that are kept with the project. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { SavedQueryChanges, SavedQueryNew } from "@/api/types";
import type { Place } from "./queries";

const PATH = "/api/orgs/{org}/projects/{project}/environments/{environment}/queries" as const;

function where({ org, project, environment }: Place) {
  return { org, project, environment };
}

export function useSavedQueries(place: Place, database: string, search: string) {
  return useInfiniteQuery({
    queryKey: ["saved-queries", place.org, place.project, database, search],
    queryFn: ({ pageParam }) =>
      unwrap(api.GET(PATH, { params: { path: where(place), query: { database, limit: 30, ...(search ? { search } : {}), ...(pageParam ? { cursor: pageParam } : {}) } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

function useRefresh(place: Place) {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: ["saved-queries", place.org, place.project] });
}

export function useSaveQuery(place: Place) {
  return useMutation({
    mutationFn: (body: SavedQueryNew) => unwrap(api.POST(PATH, { params: { path: where(place) }, body })),
    onSuccess: useRefresh(place),
  });
}

export function useChangeQuery(place: Place) {
  return useMutation({
    mutationFn: ({ query, body }: { query: string; body: SavedQueryChanges }) => unwrap(api.PATCH(`${PATH}/{query}`, { params: { path: { ...where(place), query } }, body })),
    onSuccess: useRefresh(place),
  });
}

export function useDeleteQuery(place: Place) {
  return useMutation({
    mutationFn: (query: string) => unwrap(api.DELETE(`${PATH}/{query}`, { params: { path: { ...where(place), query } } })),
    onSuccess: useRefresh(place),
  });
}
