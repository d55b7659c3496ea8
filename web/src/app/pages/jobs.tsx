import { Activity } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { useTrouble } from "@/api/use-trouble";
import type { Job, JobKind, JobState } from "@/api/types";
import { useEnvironments } from "@/features/environments/queries";
import { JobFilters } from "@/features/jobs/job-filters";
import { JobRows } from "@/features/jobs/job-list";
import { isOpen, type JobFilter, KINDS, STATES, useJobs, useRunning } from "@/features/jobs/queries";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { useKeys } from "@/ui/use-keys";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { PageHead } from "../layout/page-head";

function useFilter(org: string, project: string | null): [JobFilter, (name: string, value: string | null) => void] {
  const [search, setSearch] = useSearchParams();
  const state = STATES.find((one) => one === search.get("state"));
  const kind = KINDS.find((one) => one === search.get("kind"));
  const filter: JobFilter = {
    org,
    project,
    environment: search.get("environment"),
    states: state ? [state] : [],
    kinds: kind ? [kind] : [],
  };
  const change = (name: string, value: string | null) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  return [filter, change];
}

export function Jobs() {
  const { t } = useLanguage();
  const { org = "", project } = useParams();
  const navigate = useNavigate();
  const trouble = useTrouble();
  const [filter, change] = useFilter(org, project ?? null);
  const environments = useEnvironments(org, project);
  const pages = useJobs(filter);
  const wantsOpen = filter.states.length === 0;
  const open = useRunning(filter);
  const [selected, setSelected] = useState<string | null>(null);
  useTitle(t("nav.jobs"), project);

  const all = pages.data?.pages.flatMap((page) => page.items) ?? [];
  // Running first, even when they are older than a page of finished ones.
  const running = wantsOpen ? (open.data ?? []).filter(isOpen) : [];
  const ids = new Set(running.map((job) => job.id));
  const jobs = [...running, ...all.filter((job) => !ids.has(job.id))];
  const address = (job: Job) => addresses.job(job.organization.slug, job.project.slug, job.id);
  const step = (by: number) => {
    const at = jobs.findIndex((job) => job.id === selected);
    setSelected(jobs[Math.max(0, Math.min(jobs.length - 1, at + by))]?.id ?? null);
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    Enter: () => {
      const job = jobs.find((one) => one.id === selected);
      if (job) void navigate(address(job));
    },
  });
  const filtered = filter.states.length + filter.kinds.length > 0 || filter.environment !== null;
  return (
    <>
      <PageHead
        title={t("nav.jobs")}
        action={
          <JobFilters
            filter={filter}
            environments={(environments.data ?? []).map((one) => ({ slug: one.slug, name: one.name }))}
            onState={(state: JobState | null) => change("state", state)}
            onKind={(kind: JobKind | null) => change("kind", kind)}
            onEnvironment={(environment) => change("environment", environment)}
          />
        }
      />
      <div className="border-t border-line">
        {pages.isPending ? (
          <SkeletonRows />
        ) : pages.isError ? (
          <Failed trouble={trouble(pages.error)} onRetry={() => void pages.refetch()} />
        ) : jobs.length === 0 ? (
          <Empty icon={<Activity className="size-5" />} title={t(filtered ? "jobs.noMatch.title" : "jobs.empty.title")}>
            {t(filtered ? "jobs.noMatch.detail" : "jobs.empty.detail")}
          </Empty>
        ) : (
          <>
            <JobRows
              jobs={jobs}
              withProject={!project}
              selected={selected}
              renderLink={(job, content) => (
                <Link to={address(job)} className="block focus-visible:outline-offset-[-2px]">
                  {content}
                </Link>
              )}
            />
            {pages.hasNextPage && (
              <div className="flex justify-center p-4">
                <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
                  {t("jobs.more")}
                </Button>
              </div>
            )}
          </>
        )}
      </div>
    </>
  );
}
