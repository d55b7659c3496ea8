import { Square } from "lucide-react";
import type { ReactNode } from "react";
import { useTrouble } from "@/api/use-trouble";
import type { Job } from "@/api/types";
import { useLanguage } from "@/i18n";
import { clock } from "@/i18n/format";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Dialog } from "@/ui/dialog";
import { TroubleNotice } from "@/ui/notice";
import { Progress } from "@/ui/progress";
import { StateMark } from "@/ui/state-mark";
import { useNow } from "@/ui/use-now";
import { isOpen, useCancel } from "./queries";
import { JOB_MARKS, JobStateChip, useJobTitle } from "./state";
import { useAsked } from "./use-asked";

function Elapsed({ job }: { job: Job }) {
  const { duration } = useLanguage();
  const now = useNow(isOpen(job) ? 1_000 : null);
  if (!job.started_at) return null;
  const started = Date.parse(job.started_at);
  return (
    <span className="tabular-nums">{job.finished_at ? duration(Date.parse(job.finished_at) - started) : clock(now - started)}</span>
  );
}

function useProgressWords(job: Job): string | null {
  const { t } = useLanguage();
  if (!job.progress) return null;
  const { done, total } = job.progress;
  return isOpen(job) ? t("jobs.revisionOf", { done: Math.min(done + 1, total), total }) : t("jobs.revisionsDone", { done, total });
}

export function JobHeader({ job, link }: { job: Job; link: ReactNode }) {
  const { t, rich } = useLanguage();
  const title = useJobTitle();
  const words = useProgressWords(job);
  const tone = job.state === "succeeded" ? "applied" : job.state === "running" ? "running" : job.state === "queued" ? "neutral" : "failed";
  const facts: ReactNode[] = [
    job.actor.token ? `${job.actor.name} · ${job.actor.token}` : job.actor.name,
    rich("jobs.commit", { commit: <code className="text-xs text-text">{job.commit.slice(0, 7)}</code> }),
    job.database.name,
    job.isolation && <span className="max-sm:sr-only">{t(`jobs.isolation.${job.isolation as "bwrap" | "landlock" | "bare"}`)}</span>,
    job.started_at && <Elapsed job={job} />,
  ].filter(Boolean);
  return (
    <header className="shrink-0 border-b border-line">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
        <StateMark mark={JOB_MARKS[job.state]} className="!size-5" />
        <div className="min-w-0 flex-1 basis-60">
          <h1 className="flex flex-wrap items-center gap-x-2 text-lg leading-snug font-semibold">
            <span className="min-w-0 break-words">{title(job)}</span>
            {words && <span className="font-normal text-muted">· {words}</span>}
            <JobStateChip state={job.state} />
          </h1>
          <p className="flex flex-wrap gap-x-1.5 text-sm text-muted">
            {facts.map((fact, index) => (
              <span key={index}>
                {fact}
                {index < facts.length - 1 && <span aria-hidden> ·</span>}
              </span>
            ))}
          </p>
        </div>
        <div className="flex items-center gap-2">
          {link}
          <CopyButton text={`${location.origin}/jobs/${job.id}`} label={t("jobs.copyLink")} />
          {isOpen(job) && <CancelButton job={job} />}
        </div>
      </div>
      <Progress
        label={t("jobs.progress")}
        done={job.state === "succeeded" ? 1 : (job.progress?.done ?? 0)}
        total={job.state === "succeeded" ? 1 : (job.progress?.total ?? (isOpen(job) ? null : 1))}
        tone={tone}
        className="!rounded-none"
      />
    </header>
  );
}

function CancelButton({ job }: { job: Job }) {
  const { t } = useLanguage();
  const cancel = useCancel(job.id);
  const trouble = useTrouble();
  const [asking, setAsking] = useAsked("cancel");
  const may = job.permissions.includes("job.cancel");
  const asked = job.cancel_requested_at !== null;
  return (
    <>
      <Button
        variant="danger"
        busy={asked || cancel.isPending}
        why={may ? null : t("common.noPermission", { permission: "job.cancel" })}
        onClick={() => setAsking(true)}
      >
        {!asked && <Square aria-hidden className="size-3" />} {asked ? t("jobs.cancelling") : t("jobs.cancel")}
      </Button>
      <Dialog
        open={asking && !asked && may}
        onClose={() => setAsking(false)}
        title={t("jobs.cancelTitle", { number: job.number })}
        footer={
          <>
            <Button onClick={() => setAsking(false)}>{t("jobs.keepRunning")}</Button>
            <Button variant="danger-primary" busy={cancel.isPending} onClick={() => cancel.mutate(undefined, { onSuccess: () => setAsking(false) })}>
              {t("jobs.cancel")}
            </Button>
          </>
        }
      >
        <p>{job.state === "running" ? t("jobs.cancelRunning") : t("jobs.cancelQueued")}</p>
        {cancel.isError && <TroubleNotice className="mt-3" trouble={trouble(cancel.error)} />}
      </Dialog>
    </>
  );
}
