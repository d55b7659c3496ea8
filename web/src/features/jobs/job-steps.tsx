import type { Job, JobStep } from "@/api/types";
import { useLanguage } from "@/i18n";
import { clock } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { StateMark } from "@/ui/state-mark";
import { useNow } from "@/ui/use-now";
import { isOpen, usePlannedSteps } from "./queries";
import { STEP_MARKS, useStepTitle } from "./state";

function StepTime({ step, live }: { step: JobStep; live: boolean }) {
  const { duration, t } = useLanguage();
  const running = step.state === "running" && live;
  const now = useNow(running ? 1_000 : null);
  if (running && step.started_at) return <span className="text-running">{clock(now - Date.parse(step.started_at))}</span>;
  if (step.state === "skipped") return <span>{t("jobs.step.skipped")}</span>;
  return step.duration_ms === null ? null : <span>{duration(step.duration_ms)}</span>;
}

export function JobSteps({ job, onStep }: { job: Job; onStep: (step: JobStep) => void }) {
  const { t } = useLanguage();
  const title = useStepTitle();
  const open = isOpen(job);
  const planned = usePlannedSteps(job);
  if (job.steps.length === 0 && planned.length === 0)
    return (
      <p className="px-4 py-4 text-sm text-muted">
        {job.state === "queued"
          ? job.waiting?.holder
            ? t("jobs.waitsForPerson", { number: job.waiting.holder.number, name: job.waiting.holder.actor.name })
            : t("jobs.waitsForWorker")
          : t("jobs.noSteps")}
      </p>
    );
  return (
    <ol aria-label={t("jobs.steps")} className="py-1">
      {job.steps.map((step) => (
        <li key={step.position}>
          <button
            type="button"
            onClick={() => onStep(step)}
            aria-current={step.state === "running" ? "step" : undefined}
            className={cx(
              "flex w-full items-start gap-2.5 px-4 py-1.5 text-left hover:bg-hover",
              step.state === "running" && "bg-selected",
              step.state === "pending" && "text-muted",
            )}
          >
            <StateMark mark={STEP_MARKS[step.state]} className="mt-1" />
            <span className="sr-only">{t(`jobs.stepState.${step.state}`)}: </span>
            <span className="min-w-0 flex-1">
              <span className="flex items-baseline justify-between gap-2">
                <span className="min-w-0 leading-snug font-medium break-words">
                  {step.revision && <code className="mr-1.5 text-xs font-normal text-muted">{step.revision.slice(0, 8)}</code>}
                  {title(step.kind, step.title)}
                </span>
                <span className="shrink-0 text-xs text-muted tabular-nums">
                  <StepTime step={step} live={open} />
                </span>
              </span>
              <StepDetail step={step} />
            </span>
          </button>
        </li>
      ))}
      {planned.map((step, index) => (
        <li key={`${step.revision}-${index}`} className="flex items-start gap-2.5 px-4 py-1.5 text-muted">
          <StateMark mark={STEP_MARKS.pending} className="mt-1" />
          <span className="sr-only">{t("jobs.stepState.pending")}: </span>
          <span className="min-w-0 leading-snug font-medium break-words">
            <code className="mr-1.5 text-xs font-normal">{step.revision.slice(0, 8)}</code>
            {step.message}
          </span>
        </li>
      ))}
    </ol>
  );
}

function StepDetail({ step }: { step: JobStep }) {
  const { t, said } = useLanguage();
  const words = [
    step.state === "rolled_back" ? t("jobs.stepState.rolled_back") : null,
    step.detail ? said(step.detail) : null,
    step.statements > 0 ? t("jobs.statements", { count: step.statements }) : null,
  ].filter(Boolean);
  if (words.length === 0) return null;
  return <span className="block text-xs break-words text-muted">{words.join(" · ")}</span>;
}
