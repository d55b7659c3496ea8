import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api, unwrap } from "@/api/client";
import type { CatalogueItem } from "@/api/types";
import { lookByItself } from "@/api/use-live";
import { saveFile } from "@/ui/save-file";

/** Which database a page is about, as the API's addresses name it. */
export interface Place {
  org: string;
  project: string;
  environment: string;
  /** The database's id. */
  database: string;
}

export type ObjectKind = CatalogueItem["kind"];

/** What an address names: one object of a catalogue. */
export interface ObjectName {
  kind: ObjectKind;
  schema: string;
  name: string;
}

export const KINDS: readonly ObjectKind[] = [
  "table",
  "foreign_table",
  "view",
  "materialized_view",
  "function",
  "enum",
  "domain",
  "composite",
  "range",
  "sequence",
  "schema",
  "extension",
  "role",
];

export const PATH = "/api/orgs/{org}/projects/{project}/environments/{environment}/databases/{database}" as const;

export function params(place: Place) {
  return { path: { org: place.org, project: place.project, environment: place.environment, database: place.database } };
}

export function useCatalogue(place: Place) {
  return useQuery({
    queryKey: ["catalogue", place.database],
    queryFn: () => unwrap(api.GET(`${PATH}/catalogue`, { params: params(place) })),
    staleTime: 30_000,
  });
}

/** Reads the database itself; every page that shows what was read is asked anew. */
export function useReadAgain(place: Place) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(api.POST(`${PATH}/catalogue/read`, { params: params(place) })),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["catalogue", place.database] }),
        client.invalidateQueries({ queryKey: ["object", place.database] }),
        client.invalidateQueries({ queryKey: ["life", place.database] }),
        client.invalidateQueries({ queryKey: ["comparison"] }),
      ]),
  });
}

/** Whoever opens the page sees the database as it is: what is stale is read again, once an opening. */
export function useFreshCatalogue(place: Place) {
  const catalogue = useCatalogue(place);
  const again = useReadAgain(place);
  const asked = useRef<string | null>(null);
  const stale = catalogue.data?.stale ?? false;
  const { mutate } = again;
  useEffect(() => {
    if (!stale || asked.current === place.database) return;
    asked.current = place.database;
    mutate();
  }, [stale, mutate, place.database]);
  return { catalogue, again };
}

/** Tables, columns and keys as they were last read. */
export function useDiagram(place: Place, readAt: string | null | undefined) {
  return useQuery({
    queryKey: ["catalogue", place.database, "diagram", readAt],
    queryFn: () => unwrap(api.GET(`${PATH}/catalogue/diagram`, { params: params(place) })),
    staleTime: 60_000,
    enabled: readAt !== undefined,
  });
}

export function useObject(place: Place, object: ObjectName | null) {
  return useQuery({
    queryKey: ["object", place.database, object],
    queryFn: () =>
      unwrap(
        api.GET(`${PATH}/catalogue/object`, {
          params: { ...params(place), query: { kind: object?.kind ?? "table", schema: object?.schema ?? "", name: object?.name ?? "" } },
        }),
      ),
    enabled: object !== null,
    staleTime: 30_000,
  });
}

/** Which revisions touched an object and its parts. */
export function useObjectLife(place: Place, object: ObjectName) {
  return useQuery({
    queryKey: ["life", place.database, object.kind, object.schema, object.name],
    queryFn: () => unwrap(api.GET(`${PATH}/catalogue/object/history`, { params: { ...params(place), query: { kind: object.kind, schema: object.schema, name: object.name } } })),
    staleTime: 30_000,
  });
}

/** Everything that changed the database, newest first. */
export function useLedger(place: Place) {
  return useInfiniteQuery({
    queryKey: ["ledger", place.database],
    queryFn: ({ pageParam }) =>
      unwrap(api.GET(`${PATH}/ledger`, { params: { ...params(place), query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: lookByItself,
  });
}

export function useLedgerExport(place: Place) {
  return useMutation({
    mutationFn: () => unwrap(api.GET(`${PATH}/ledger/export`, { params: params(place), parseAs: "blob" })),
    onSuccess: (content) => saveFile(`${place.project}-${place.environment}-ledger.csv`, content),
  });
}

/** What a job sent within a revision; once it has ended that never changes. */
export function useSentStatements(job: string, revision: string, wanted: boolean) {
  return useQuery({
    queryKey: ["statements", job, revision, false],
    queryFn: () => unwrap(api.GET("/api/jobs/{job}/revisions/{revision}/statements", { params: { path: { job, revision } } })),
    enabled: wanted,
    staleTime: Infinity,
  });
}
