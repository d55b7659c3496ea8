import { GitBranch } from "lucide-react";
import { useState } from "react";
import { Link, useLocation, useParams } from "react-router";
import { asProblem } from "@/api/problem";
import { useTrouble } from "@/api/use-trouble";
import { EndSession } from "@/features/databases/end-session";
import { JobFacts } from "@/features/jobs/job-facts";
import { JobHeader } from "@/features/jobs/job-header";
import { JobSteps } from "@/features/jobs/job-steps";
import { JobStream } from "@/features/jobs/job-stream";
import type { LockSession } from "@/features/jobs/locks";
import { LocksPanel } from "@/features/jobs/locks-panel";
import { isOpen, useJob } from "@/features/jobs/queries";
import { ResumeButton } from "@/features/jobs/resume";
import { useJobTitle } from "@/features/jobs/state";
import { useFeed } from "@/features/jobs/use-feed";
import type { Job, JobStep } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Failed, SkeletonRows } from "@/ui/states";
import { Tabs } from "@/ui/tabs";
import { useMedia } from "@/ui/use-media";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { ResumeDialog } from "./job-resume";
import { NotFound } from "./not-found";

export function JobPage() {
  const { job: id = "" } = useParams();
  const job = useJob(id);
  const trouble = useTrouble();
  if (job.data) return <Loaded key={id} job={job.data} />;
  if (job.isError) return [404, 422].includes(asProblem(job.error).status) ? <NotFound /> : <Failed trouble={trouble(job.error)} onRetry={() => void job.refetch()} />;
  return <SkeletonRows rows={12} className="pt-20" />;
}

function lineOfHash(hash: string): { seq: number } | null {
  const found = /^#line-(\d+)$/.exec(hash);
  return found ? { seq: Number(found[1]) } : null;
}

function Loaded({ job }: { job: Job }) {
  const { t } = useLanguage();
  const { feed, connection } = useFeed(job.id);
  const title = useJobTitle()(job);
  const { hash } = useLocation();
  const [wanted, setWanted] = useState(() => lineOfHash(hash));
  const [tab, setTab] = useState<"stream" | "steps" | "facts">("stream");
  const [ending, setEnding] = useState<{ session: LockSession; terminate: boolean } | null>(null);
  const desk = useMedia("(min-width: 1024px)");
  useTitle(`#${job.number} ${title}`, job.project.name);

  const toStep = (step: JobStep) => {
    const line = feed.lines.find((one) =>
      step.revision !== null ? one.revision === step.revision : one.kind === "step" && one.text === step.title,
    );
    if (line) setWanted({ seq: line.seq });
    setTab("stream");
  };
  const migrations = (
    <Button asChild>
      <Link to={addresses.migrations(job.organization.slug, job.project.slug)}>
        <GitBranch aria-hidden className="size-3.5" /> {t("jobs.toMigrations")}
      </Link>
    </Button>
  );
  const resume = <ResumeButton job={job} dialog={(close) => <ResumeDialog job={job} onClose={close} />} />;
  const mayEnd = job.permissions.includes("activity.cancel");
  const place = { org: job.organization.slug, project: job.project.slug, environment: job.environment.slug, database: job.database.id };
  const stream = (
    <div className="flex h-full min-h-0 flex-col">
      {isOpen(job) && feed.locks && <LocksPanel locks={feed.locks} onEnd={mayEnd ? (session, terminate) => setEnding({ session, terminate }) : undefined} />}
      <JobStream job={job} feed={feed} live={isOpen(job)} connection={connection} wanted={wanted} />
    </div>
  );
  const steps = <JobSteps job={job} onStep={toStep} />;
  const facts = <JobFacts
      job={job}
      request={
        job.request_id && (
          <Link to={addresses.approval(job.organization.slug, job.request_id)} className="text-accent-text hover:underline">
            {t("jobs.facts.toRequest")}
          </Link>
        )
      }
      next={<div className="flex flex-wrap gap-2">{resume}{migrations}</div>} />;
  return (
    <div className="flex h-full min-h-0 flex-col">
      {ending && <EndSession place={place} session={{ ...ending.session, started: ending.session.started ?? null }} terminate={ending.terminate} onClose={() => setEnding(null)} />}
      <JobHeader job={job} link={isOpen(job) ? migrations : null} />
      {desk ? (
        <div className="grid min-h-0 flex-1 grid-cols-[17rem_minmax(0,1fr)_19rem]">
          <div className="min-h-0 overflow-y-auto border-r border-line">{steps}</div>
          {stream}
          <aside aria-label={t("jobs.facts")} className="min-h-0 overflow-y-auto border-l border-line">
            {facts}
          </aside>
        </div>
      ) : (
        <Tabs
          className="flex-1"
          label={t("jobs.parts")}
          value={tab}
          onChange={setTab}
          contentClassName="overflow-y-auto"
          tabs={[
            { value: "stream", label: t("jobs.stream"), content: stream },
            { value: "steps", label: t("jobs.steps"), content: steps },
            { value: "facts", label: t("jobs.facts"), content: facts },
          ]}
        />
      )}
    </div>
  );
}
