/** SQL that changes data, and what became of it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { WriteNew } from "@/api/types";
import { params, PATH, type Place } from "./queries";

export function useWrites(place: Place) {
  return useQuery({
    queryKey: ["writes", place.database],
    queryFn: async () => (await unwrap(api.GET(`${PATH}/writes`, { params: { ...params(place), query: { limit: 20 } } }))).items,
    // Only what is still under way changes.
    refetchInterval: ({ state }) => (state.data?.some((one) => one.state === "asked" || one.state === "running") ? 2_000 : false),
  });
}

/** Never sent twice: a write that was not answered may have been done. */
export function useWrite(place: Place) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ body, signal }: { body: WriteNew; signal: AbortSignal }) => unwrap(api.POST(`${PATH}/writes`, { params: params(place), body, signal })),
    retry: false,
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ["writes", place.database] }), client.invalidateQueries({ queryKey: ["rows", place.database] })]),
  });
}
