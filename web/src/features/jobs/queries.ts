import { queryOptions, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { Job, JobState } from "@/api/types";
import { lookByItself } from "@/api/use-live";
import { saveFile } from "@/ui/save-file";
import { type JobFilter, queryOf, unfiltered } from "./filter";

export const OPEN_STATES: JobState[] = ["queued", "running"];
export function isOpen(job: Pick<Job, "state">): boolean {
  return OPEN_STATES.includes(job.state);
}

const PAGE = 50;

async function readPage(filter: JobFilter, cursor: string | null) {
  return unwrap(api.GET("/api/jobs", { params: { query: { ...queryOf(filter), ...(cursor ? { cursor } : {}), limit: PAGE } } }));
}

export function useJobs(filter: JobFilter) {
  return useInfiniteQuery({
    queryKey: ["jobs", filter],
    queryFn: ({ pageParam }) => readPage(filter, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: lookByItself,
  });
}

/** Open jobs of an organization: what the sidebar counts and the list shows first. */
export function useRunning(filter: JobFilter) {
  return useQuery({
    queryKey: ["jobs", "open", filter],
    queryFn: async () => (await readPage({ ...filter, states: OPEN_STATES }, null)).items,
    refetchInterval: lookByItself,
  });
}

export function useRunningCount(org: string): Job[] {
  const running = useRunning(unfiltered(org));
  return running.data ?? [];
}

/** What the filters may be set to. */
export function useJobChoices(org: string, project: string | null) {
  return useQuery({
    queryKey: ["jobs", "choices", org, project],
    queryFn: () => unwrap(api.GET("/api/jobs/choices", { params: { query: queryOf(unfiltered(org, project)) } })),
    staleTime: 60_000,
  });
}

/** All jobs of the filter as a CSV file, which the service makes. */
export function useExport(filter: JobFilter) {
  return useMutation({
    mutationFn: () => unwrap(api.GET("/api/jobs/export", { params: { query: queryOf(filter) }, parseAs: "blob" })),
    onSuccess: (content) => saveFile(`${filter.project ?? filter.org}-jobs.csv`, content),
  });
}

/** Whether there is something to go on with, and this person may. */
export function mayResume(job: Job): boolean {
  return job.resumable && job.permissions.includes(job.kind === "downgrade" ? "job.downgrade" : "job.upgrade");
}

/** The job of a number; empty where there is none that this person sees, and while nobody knows. */
export function useJobByNumber(org: string, number: number | null): Job[] {
  const found = useQuery({
    queryKey: ["jobs", "number", org, number],
    queryFn: () => unwrap(api.GET("/api/jobs", { params: { query: { org, number } } })),
    enabled: number !== null,
    staleTime: 5_000,
  });
  return found.data?.items ?? [];
}

/** The whole stored log as a text file, which the service makes: also what this page has not loaded. */
export function useLog(job: Job) {
  return useMutation({
    mutationFn: () => unwrap(api.GET("/api/jobs/{job}/log", { params: { path: { job: job.id } }, parseAs: "blob" })),
    onSuccess: (content) => saveFile(`${job.project.slug}-${job.environment.slug}-job-${job.number}.log`, content),
  });
}

export function jobQuery(job: string) {
  return queryOptions({
    queryKey: ["job", job],
    meta: { place: true },
    queryFn: () => unwrap(api.GET("/api/jobs/{job}", { params: { path: { job } } })),
  });
}

export function useJob(job: string | undefined) {
  return useQuery({
    ...jobQuery(job ?? ""),
    enabled: Boolean(job),
  });
}

/** What the job will do, while it has not begun to do it. */
export function usePlannedSteps(job: Job) {
  const wanted = isOpen(job) && job.plan_id !== null && !job.steps.some((step) => step.kind === "revision");
  const plan = useQuery({
    queryKey: ["plan", job.plan_id],
    queryFn: () => unwrap(api.GET("/api/plans/{plan}", { params: { path: { plan: job.plan_id ?? "" } } })),
    enabled: wanted,
    staleTime: Infinity,
  });
  return wanted ? (plan.data?.steps ?? []) : [];
}

/** What going on would run now; made anew whenever the dialog opens. */
export function useResumePlan(job: string) {
  return useQuery({
    queryKey: ["resume-plan", job],
    queryFn: () => unwrap(api.POST("/api/jobs/{job}/resume/plan", { params: { path: { job } } })),
    staleTime: 0,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
  });
}

export function useResume(job: string) {
  return useMutation({
    // A plan is one job: a double click gets that job again.
    mutationFn: (asked: { plan: string; reason?: string; override?: string }) =>
      unwrap(api.POST("/api/jobs/{job}/resume", { params: { path: { job } }, body: { ...asked, idempotency_key: asked.plan } })),
  });
}

export function useCancel(job: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(api.POST("/api/jobs/{job}/cancel", { params: { path: { job } } })),
    onSuccess: (fresh) => client.setQueryData(jobQuery(job).queryKey, fresh),
  });
}
