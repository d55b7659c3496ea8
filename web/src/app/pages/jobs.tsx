import { Activity } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { useTrouble } from "@/api/use-trouble";
import type { Job } from "@/api/types";
import { filterFrom, type FilterName, type JobFilter, narrowing } from "@/features/jobs/filter";
import { JobFilters } from "@/features/jobs/job-filters";
import { JobRows } from "@/features/jobs/job-list";
import { isOpen, useJobs, useRunning } from "@/features/jobs/queries";
import { useLanguage } from "@/i18n";
import { LoadMore } from "@/ui/load-more";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { useKeys } from "@/ui/use-keys";
import { useSearch } from "@/ui/use-search";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { PageHead } from "../layout/page-head";

type Changes = Partial<Record<FilterName, string | null>>;

function useFilter(org: string, project: string | null): [JobFilter, (changes: Changes) => void] {
  const [search, change] = useSearch();
  return [filterFrom(org, project, search), change];
}

export function Jobs() {
  const { t } = useLanguage();
  const { org = "", project } = useParams();
  const navigate = useNavigate();
  const trouble = useTrouble();
  const [filter, change] = useFilter(org, project ?? null);
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
  const filtered = narrowing(filter) > 0;
  return (
    <>
      <PageHead title={t("nav.jobs")} />
      <JobFilters filter={filter} onChange={change} />
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
            <LoadMore pages={pages}>{t("jobs.more")}</LoadMore>
          </>
        )}
      </div>
    </>
  );
}
