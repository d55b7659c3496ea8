import { queryOptions, useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, unwrap } from "@/api/client";
import { Problem } from "@/api/problem";
import { lookByItself } from "@/api/use-live";
import type { Current, Job, MoveRequest } from "@/api/types";
import type { MoveKind, RunningSteps } from "./standing";

/** "org/slug" is unique everywhere; a slug alone is not. */
export function projectName(org: string, project: string): string {
  return `${org}/${project}`;
}

/** The first fetch is still running: worth asking again, not worth an error. */
export function isNotFetched(error: unknown): boolean {
  return error instanceof Problem && error.code === "not_fetched";
}

export function useHistory(project: string, commit: string | undefined) {
  return useQuery({
    // The graph of a commit never changes; a new commit is a new key, and the old graph stays until it is read.
    queryKey: ["history", project, commit ?? "none"],
    queryFn: () => unwrap(api.GET("/api/migrations/history", { params: { query: { project } } })),
    staleTime: 60_000,
    placeholderData: (before) => before,
    refetchInterval: (query) => (isNotFetched(query.state.error) ? lookByItself() : false),
  });
}

export function currentQuery(project: string) {
  return queryOptions({
    queryKey: ["current", project],
    queryFn: () => unwrap(api.GET("/api/migrations/current", { params: { query: { project } } })),
    refetchInterval: lookByItself,
  });
}

export function useCurrent(project: string) {
  return useQuery(currentQuery(project));
}

/** Which job brought each database where it stands: asked again when a database moved or a job ended. */
export function useRuns(project: string, current: Current | undefined) {
  const places = current?.environments.flatMap((environment) =>
    environment.databases.map(({ id, heads, job }) => [id, heads, job?.id ?? null]),
  );
  return useQuery({
    queryKey: ["runs", project, places],
    queryFn: () => unwrap(api.GET("/api/migrations/runs", { params: { query: { project } } })),
    enabled: places !== undefined,
    staleTime: Infinity,
    placeholderData: (before) => before,
  });
}

/** Which revision each running job is at; its steps are asked for when the standing says that it went on. */
export function useRunningSteps(current: Current | undefined): RunningSteps {
  const running = useMemo(
    () =>
      (current?.environments ?? []).flatMap((environment) =>
        environment.databases.flatMap((database) =>
          database.job && database.job.kind !== "current" && database.job.kind !== "check"
            ? [{ database: database.id, job: database.job.id, at: `${database.job.state} ${database.job.done} ${database.job.running?.revision}` }]
            : [],
        ),
      ),
    [current],
  );
  const answers = useQueries({
    queries: running.map(({ job, at }) => ({
      queryKey: ["job", job, "steps", at],
      queryFn: () => unwrap(api.GET("/api/jobs/{job}", { params: { path: { job } } })),
      staleTime: Infinity,
      gcTime: 60_000,
      placeholderData: (before: Job | undefined) => before,
    })),
  });
  const steps = new Map<string, Map<string, "running" | "pending" | "done" | "failed">>();
  running.forEach(({ database }, index) => {
    const of = new Map<string, "running" | "pending" | "done" | "failed">();
    for (const step of answers[index]?.data?.steps ?? [])
      if (step.kind === "revision" && step.revision && step.state !== "skipped")
        of.set(step.revision, step.state === "rolled_back" ? "failed" : step.state);
    steps.set(database, of);
  });
  return steps;
}

export function useRevision(project: string, revision: string | null) {
  return useQuery({
    queryKey: ["revision", project, revision],
    queryFn: () =>
      unwrap(
        api.GET("/api/migrations/revisions/{revision}", {
          params: { path: { revision: revision ?? "" }, query: { project } },
        }),
      ),
    enabled: revision !== null,
    staleTime: 5 * 60_000,
  });
}

/** Where a revision was last seen that this code does not have, and how a database comes back from it. */
export function useTrace(project: string, revision: string, database?: string) {
  return useQuery({
    queryKey: ["trace", project, revision, database ?? null],
    queryFn: () =>
      unwrap(
        api.GET("/api/migrations/revisions/{revision}/trace", {
          params: { path: { revision }, query: { project, ...(database ? { database } : {}) } },
        }),
      ),
    staleTime: 60_000,
  });
}

export function useRevisionRuns(project: string, revision: string, moved: unknown) {
  return useQuery({
    queryKey: ["revision-runs", project, revision, moved],
    queryFn: () =>
      unwrap(api.GET("/api/migrations/revisions/{revision}/runs", { params: { path: { revision }, query: { project } } })),
    placeholderData: (before) => before,
    staleTime: 10_000,
  });
}

/** What a revision does to which objects. */
export function useRevisionChanges(project: string, revision: string, direction: "upgrade" | "downgrade", moved: unknown) {
  return useQuery({
    queryKey: ["revision-changes", project, revision, direction, moved],
    queryFn: () => unwrap(api.GET("/api/migrations/revisions/{revision}/changes", { params: { path: { revision }, query: { project, direction } } })),
    placeholderData: (before) => before,
    staleTime: 10_000,
  });
}

/** What a job sent within a revision; a notice that it moved on asks again. */
export function useStatements(job: string | null, revision: string, live: boolean) {
  return useQuery({
    queryKey: ["statements", job, revision, live],
    queryFn: () =>
      unwrap(api.GET("/api/jobs/{job}/revisions/{revision}/statements", { params: { path: { job: job ?? "", revision } } })),
    enabled: job !== null,
    placeholderData: (before) => before,
    staleTime: live ? 0 : Infinity,
    refetchInterval: live ? lookByItself : false,
  });
}

export interface MoveAsked {
  kind: MoveKind;
  environment: string;
  database: string | null;
  revision: string;
  /** The earlier commit whose code is to run; null for the newest one. */
  commit?: string | null;
}

/** What the person will confirm: made once per opening, and never changed under their eyes. */
export function usePlan(project: string, move: MoveAsked) {
  return useQuery({
    queryKey: ["plan", "made", project, move],
    queryFn: () =>
      unwrap(
        api.POST("/api/migrations/plan", {
          body: { project, environment: move.environment, kind: move.kind, revision: move.revision, database: move.database, commit: move.commit ?? null },
        }),
      ),
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    retry: false,
  });
}

const OUTDATED = new Set(["plan_stale", "plan_expired", "plan_applied"]);

/** The plan is worth nothing any more, and planning again is the cure. */
export function isOutdated(error: unknown): boolean {
  return error instanceof Problem && OUTDATED.has(error.code);
}

type Started = MoveKind | "current" | "check";

export function useStart(kind: Started) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: MoveRequest) => {
      switch (kind) {
        case "upgrade":
          return unwrap(api.POST("/api/migrations/upgrade", { body }));
        case "downgrade":
          return unwrap(api.POST("/api/migrations/downgrade", { body }));
        case "stamp":
          return unwrap(api.POST("/api/migrations/stamp", { body }));
        case "current":
          return unwrap(api.POST("/api/migrations/current", { body }));
        case "check":
          return unwrap(api.POST("/api/migrations/check", { body }));
      }
    },
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: ["current"] }), client.invalidateQueries({ queryKey: ["jobs"] })]),
  });
}

/** Reads a database's heads again, without a job: the service does it itself. */
export function useReadDatabase(org: string, project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ environment, database }: { environment: string; database: string }) =>
      unwrap(
        api.POST("/api/orgs/{org}/projects/{project}/environments/{environment}/databases/{database}/read", {
          params: { path: { org, project, environment, database } },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["current"] }),
  });
}
