import { RotateCw } from "lucide-react";
import { requestOf } from "@/api/problem";
import { useTrouble } from "@/api/use-trouble";
import type { Job } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Notice, TroubleNotice } from "@/ui/notice";
import { Skeleton } from "@/ui/states";
import { mayResume, useResume, useResumePlan } from "./queries";
import { useAsked } from "./use-asked";

interface ResumeProps {
  job: Job;
  onStarted: (job: Job) => void;
  /** Others must approve it first. */
  onAsked: (request: string) => void;
}

/** Going on with a job that stopped: what would run now, and the last word of the person. */
export function ResumeButton({ job, onStarted, onAsked }: ResumeProps) {
  const { t } = useLanguage();
  const [open, setOpen] = useAsked("resume");
  if (!job.resumable) return null;
  const permission = job.kind === "downgrade" ? "job.downgrade" : "job.upgrade";
  const may = mayResume(job);
  return (
    <>
      <Button variant="primary" why={may ? null : t("common.noPermission", { permission })} onClick={() => setOpen(true)}>
        <RotateCw aria-hidden className="size-3.5" /> {t("jobs.resume")}
      </Button>
      {open && may && <ResumeDialog job={job} onClose={() => setOpen(false)} onStarted={onStarted} onAsked={onAsked} />}
    </>
  );
}

function ResumeDialog({ job, onClose, onStarted, onAsked }: ResumeProps & { onClose: () => void }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const plan = useResumePlan(job.id);
  const resume = useResume(job.id);
  const steps = plan.data?.steps ?? [];
  const needed = plan.data?.conditions?.approvals ?? 0;
  const asked = (error: unknown) => {
    const request = requestOf(error);
    if (request) onAsked(request);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("jobs.resumeTitle", { number: job.number })}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button
            variant={job.kind === "downgrade" ? "danger-primary" : "primary"}
            busy={resume.isPending}
            disabled={!plan.data || steps.length === 0}
            onClick={() => plan.data && resume.mutate(plan.data.id, { onSuccess: onStarted, onError: asked })}
          >
            {needed > 0 ? t("migrations.conditions.ask") : t("jobs.resume")}
          </Button>
        </>
      }
    >
      {plan.isError ? (
        <TroubleNotice trouble={trouble(plan.error)} onRetry={() => void plan.refetch()} />
      ) : plan.data ? (
        <>
          {needed > 0 && <Notice className="mb-2">{t("migrations.conditions.approvals", { count: needed })}</Notice>}
          <p>{steps.length === 0 ? t("jobs.resumeNothing") : t("jobs.resumeSteps", { count: steps.length })}</p>
          <ol className="mt-2 max-h-72 overflow-y-auto">
            {steps.map((step) => (
              <li key={step.revision}>
                <code className="text-xs">{step.revision}</code>
              </li>
            ))}
          </ol>
        </>
      ) : (
        <Skeleton className="h-7 w-full" />
      )}
      {resume.isError && requestOf(resume.error) === null && <TroubleNotice className="mt-3" trouble={trouble(resume.error)} />}
    </Dialog>
  );
}
