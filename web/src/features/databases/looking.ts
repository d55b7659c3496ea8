/** What is asked of the database itself: its activity, rows, queries. */
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { API_BASE, api, signedFetch, unwrap } from "@/api/client";
import { Problem, problemFrom } from "@/api/problem";
import type { ResultColumn, RowFilter, SessionOfDatabase } from "@/api/types";
import { params, PATH, type Place } from "./queries";

/** While the page is seen; a hidden one asks nothing. */
const LIVE = 5_000;

export function useActivity(place: Place) {
  return useQuery({
    queryKey: ["activity", place.database],
    queryFn: async () => (await unwrap(api.GET(`${PATH}/activity`, { params: params(place) }))).sessions,
    refetchInterval: LIVE,
    staleTime: 0,
  });
}

export function useEndSession(place: Place) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ session, terminate }: { session: Pick<SessionOfDatabase, "pid" | "started">; terminate: boolean }) =>
      unwrap(api.POST(`${PATH}/activity/end`, { params: params(place), body: { pid: session.pid, started: session.started ?? 0, terminate } })),
    onSettled: () => client.invalidateQueries({ queryKey: ["activity", place.database] }),
  });
}

/** Which rows of which table, in which order. */
export interface Selection {
  schema: string;
  table: string;
  filters: RowFilter[];
  sort: string | null;
  descending: boolean;
}

function bodyOf(selection: Selection) {
  return { schema_name: selection.schema, table: selection.table, filters: selection.filters, sort: selection.sort, descending: selection.descending };
}

export function useRows(place: Place, selection: Selection) {
  return useInfiniteQuery({
    queryKey: ["rows", place.database, selection],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.POST(`${PATH}/rows`, { params: params(place), body: { ...bodyOf(selection), after: pageParam, limit: 100 }, signal })),
    initialPageParam: null as (string | null)[] | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
    retry: false,
    staleTime: 30_000,
  });
}

export function useExportRows(place: Place, selection: Selection) {
  return useMutation({
    mutationFn: (format: "csv" | "json") =>
      unwrap(api.POST(`${PATH}/rows/export`, { params: params(place), body: { ...bodyOf(selection), format, limit: 1_000_000 }, parseAs: "blob" })),
  });
}

/** What a query has given so far. */
export interface QueryResult {
  columns: ResultColumn[];
  rows: (string | null)[][];
  /** So many characters of a value are shown. */
  limit: number | null;
  end: { count: number; more: boolean; ms: number } | null;
}

export interface QueryRefusal extends Problem {
  position?: number;
}

interface Line extends Partial<QueryResult> {
  count?: number;
  more?: boolean;
  ms?: number;
  error?: { title: string; detail: string; fix: string; code: string; status: number };
}

/** Runs SQL and tells what comes while it comes; aborting the signal ends the statement on the server. */
export async function runQuery(place: Place, sql: string, signal: AbortSignal, tell: (result: QueryResult) => void): Promise<void> {
  const path = PATH.replace("{org}", place.org).replace("{project}", place.project).replace("{environment}", place.environment).replace("{database}", place.database);
  const request = new Request(`${API_BASE || globalThis.location.origin}${path}/query`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    credentials: "include",
    body: JSON.stringify({ sql }),
    signal,
  });
  const response = await signedFetch(request);
  if (!response.ok || !response.body) throw problemFrom(response.status, await response.json().catch(() => null));
  const result: QueryResult = { columns: [], rows: [], limit: null, end: null };
  for await (const line of linesOf(response.body)) {
    if (line.error) throw new Problem(line.error);
    if (line.columns) result.columns = line.columns;
    if (line.rows) result.rows = [...result.rows, ...line.rows];
    if (line.limit) result.limit = line.limit;
    if (line.count !== undefined) result.end = { count: line.count, more: line.more ?? false, ms: line.ms ?? 0 };
    tell({ ...result });
  }
}

async function* linesOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Line> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const parts = (rest + (value ?? "")).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) if (part) yield JSON.parse(part) as Line;
    if (done) return;
  }
}

export function useExplain(place: Place) {
  return useMutation({
    mutationFn: ({ sql, analyze }: { sql: string; analyze: boolean }) =>
      unwrap(api.POST(`${PATH}/query/explain`, { params: params(place), body: { sql, analyze, timeout_ms: 30_000 } })),
  });
}
