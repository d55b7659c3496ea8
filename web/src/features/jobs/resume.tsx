import { RotateCw } from "lucide-react";
import { useTrouble } from "@/api/use-trouble";
import type { Job } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { TroubleNotice } from "@/ui/notice";
import { Skeleton } from "@/ui/states";
import { mayResume, useResume, useResumePlan } from "./queries";
import { useAsked } from "./use-asked";

/** Going on with a job that stopped: what would run now, and the last word of the person. */
export function ResumeButton({ job, onStarted }: { job: Job; onStarted: (job: Job) => void }) {
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
      {open && may && <ResumeDialog job={job} onClose={() => setOpen(false)} onStarted={onStarted} />}
    </>
  );
}

function ResumeDialog({ job, onClose, onStarted }: { job: Job; onClose: () => void; onStarted: (job: Job) => void }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const plan = useResumePlan(job.id);
  const resume = useResume(job.id);
  const steps = plan.data?.steps ?? [];
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
            onClick={() => plan.data && resume.mutate(plan.data.id, { onSuccess: onStarted })}
          >
            {t("jobs.resume")}
          </Button>
        </>
      }
    >
      {plan.isError ? (
        <TroubleNotice trouble={trouble(plan.error)} onRetry={() => void plan.refetch()} />
      ) : plan.data ? (
        <>
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
      {resume.isError && <TroubleNotice className="mt-3" trouble={trouble(resume.error)} />}
    </Dialog>
  );
}
