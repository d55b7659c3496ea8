/** Going on with a job that stopped: what would run now, what stands in the way, and the last word of the person. */
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { requestOf } from "@/api/problem";
import type { Job } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useResume, useResumePlan } from "@/features/jobs/queries";
import { ConditionsView, PLAIN, wayOf } from "@/features/migrations/conditions";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { Skeleton } from "@/ui/states";
import { addresses } from "../addresses";

export function ResumeDialog({ job, onClose }: { job: Job; onClose: () => void }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const navigate = useNavigate();
  const plan = useResumePlan(job.id);
  const resume = useResume(job.id);
  const [passage, setPassage] = useState(PLAIN);
  const [reason, setReason] = useState("");
  const approval = (request: string) => addresses.approval(job.organization.slug, request);
  const steps = plan.data?.steps ?? [];
  const conditions = plan.data?.conditions ?? null;
  const way = steps.length === 0 ? "closed" : wayOf(conditions, passage);
  const submit = (event: { preventDefault: () => void }) => {
    event.preventDefault();
    if (way === "closed" || !plan.data || resume.isPending) return;
    resume.mutate(
      {
        plan: plan.data.id,
        ...(way === "ask" && reason.trim() ? { reason } : {}),
        ...(way === "override" ? { override: passage.reason.trim() } : {}),
      },
      {
        onSuccess: (fresh) => void navigate(`/jobs/${fresh.id}`),
        onError: (error) => {
          const request = requestOf(error);
          if (request) void navigate(approval(request));
        },
      },
    );
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
            type="submit"
            form="resume"
            variant={job.kind === "downgrade" || way === "override" ? "danger-primary" : "primary"}
            busy={resume.isPending}
            disabled={!plan.data || way === "closed"}
          >
            {way === "ask" ? t("migrations.conditions.ask") : t("jobs.resume")}
          </Button>
        </>
      }
    >
      <form id="resume" onSubmit={submit} className="flex flex-col gap-3">
        {plan.isError ? (
          <TroubleNotice trouble={trouble(plan.error)} onRetry={() => void plan.refetch()} />
        ) : plan.data ? (
          <div>
            <p>{steps.length === 0 ? t("jobs.resumeNothing") : t("jobs.resumeSteps", { count: steps.length })}</p>
            <ol className="mt-2 max-h-72 overflow-y-auto">
              {steps.map((step) => (
                <li key={step.revision}>
                  <code className="text-xs">{step.revision}</code>
                </li>
              ))}
            </ol>
          </div>
        ) : (
          <Skeleton className="h-7 w-full" />
        )}
        {conditions && steps.length > 0 && (
          <ConditionsView
            conditions={conditions}
            passage={passage}
            onChange={setPassage}
            requestLink={(request, label) => (
              <Button asChild size="small">
                <Link to={approval(request)}>{label}</Link>
              </Button>
            )}
          />
        )}
        {way === "ask" && (
          <Field label={t("migrations.conditions.reason")} optional={t("common.optional")}>
            <Input name="reason" value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
          </Field>
        )}
        {resume.isError && requestOf(resume.error) === null && <TroubleNotice trouble={trouble(resume.error)} />}
      </form>
    </Dialog>
  );
}
