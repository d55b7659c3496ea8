/** How a database fares: now, lately, and what has grown. */
import { useQuery } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { OverviewLive } from "@/api/types";
import { params, PATH, type Place } from "./queries";

/** While the page is seen; a hidden one asks nothing. */
const LIVE = 10_000;
/** So many live answers are kept for the lines that move: half an hour. */
const KEPT = 180;

export function useLive(place: Place) {
  return useQuery({
    queryKey: ["overview", place.database, "live"],
    queryFn: async ({ client, queryKey }) => {
      const before = client.getQueryData<OverviewLive[]>(queryKey) ?? [];
      const now = await unwrap(api.GET(`${PATH}/overview/live`, { params: params(place) }));
      return [...before, now].slice(-KEPT);
    },
    refetchInterval: LIVE,
    staleTime: 0,
    structuralSharing: false,
  });
}

export function useHealth(place: Place) {
  return useQuery({
    queryKey: ["overview", place.database, "health"],
    queryFn: () => unwrap(api.GET(`${PATH}/overview/health`, { params: params(place) })),
    staleTime: 300_000,
    refetchOnWindowFocus: false,
  });
}

export const SPANS = { day: 24, week: 168, month: 720 } as const;
export type Span = keyof typeof SPANS;

export function useSamples(place: Place, span: Span) {
  return useQuery({
    queryKey: ["overview", place.database, "history", span],
    queryFn: () => unwrap(api.GET(`${PATH}/overview/history`, { params: { ...params(place), query: { hours: SPANS[span] } } })),
    placeholderData: (before) => before,
    refetchInterval: 300_000,
    staleTime: 60_000,
  });
}
