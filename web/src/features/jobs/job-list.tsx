import type { ReactNode } from "react";
import type { Job } from "@/api/types";
import { useLanguage } from "@/i18n";
import { clock } from "@/i18n/format";
import { Progress } from "@/ui/progress";
import { StateMark } from "@/ui/state-mark";
import { Ago } from "@/ui/time";
import { useNow } from "@/ui/use-now";
import { useOutcome } from "./outcome";
import { isOpen } from "./queries";
import { JOB_MARKS, useJobTitle } from "./state";
import { useWaiting } from "./waiting";

interface JobRowsProps {
  jobs: Job[];
  withProject: boolean;
  selected: string | null;
  renderLink: (job: Job, content: ReactNode) => ReactNode;
}

export function JobRows({ jobs, withProject, selected, renderLink }: JobRowsProps) {
  return (
    <ul>
      {jobs.map((job) => (
        <li
          key={job.id}
          data-job={job.id}
          data-selected={job.id === selected || undefined}
          className="border-b border-line hover:bg-hover data-selected:bg-selected data-selected:shadow-[inset_2px_0_0_var(--accent)]"
        >
          {renderLink(job, <JobRow job={job} withProject={withProject} />)}
        </li>
      ))}
    </ul>
  );
}

function JobRow({ job, withProject }: { job: Job; withProject: boolean }) {
  const { t, said } = useLanguage();
  const title = useJobTitle();
  const outcome = useOutcome();
  const summary = job.outcome ? outcome(job.outcome) : job.error ? said(job.error.title) : null;
  return (
    <span className="grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-3 px-4 py-2 md:grid-cols-[auto_3.2rem_minmax(0,1.3fr)_minmax(0,1.6fr)_8.5rem_5.5rem]">
      <StateMark mark={JOB_MARKS[job.state]} />
      <span className="text-xs text-muted tabular-nums max-md:hidden">#{job.number}</span>
      <span className="min-w-0">
        <span className="block truncate font-medium">
          {withProject && <span className="text-muted">{job.project.name} · </span>}
          {title(job)} <span className="font-normal text-muted">{job.database.name}</span>
        </span>
        <span className="block truncate text-xs text-muted md:hidden">{summary ?? t(`jobs.state.${job.state}`)}</span>
      </span>
      <span className="min-w-0 truncate text-sm text-muted max-md:hidden">
        <span className="sr-only">{t(`jobs.state.${job.state}`)}. </span>
        {isOpen(job) ? <OpenState job={job} /> : (summary ?? t(`jobs.state.${job.state}`))}
      </span>
      <span className="truncate text-sm text-muted max-md:hidden">{job.actor.name}</span>
      <span className="justify-self-end text-right text-xs whitespace-nowrap text-muted">
        <Ago at={job.requested_at} short />
      </span>
    </span>
  );
}

function OpenState({ job }: { job: Job }) {
  const { t } = useLanguage();
  const now = useNow(1_000);
  const waiting = useWaiting();
  if (job.waiting) return waiting(job.waiting);
  if (job.state === "queued") return t("jobs.state.queued");
  return (
    <span className="flex items-center gap-2.5">
      <Progress label={t("jobs.progress")} done={job.progress?.done ?? 0} total={job.progress?.total ?? null} className="max-w-40" />
      <span className="text-xs whitespace-nowrap text-running tabular-nums">
        {job.progress && `${job.progress.done}/${job.progress.total} · `}
        {job.started_at && clock(now - Date.parse(job.started_at))}
      </span>
    </span>
  );
}
