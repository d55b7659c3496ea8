import type { Job, JobState, StepState } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Chip, type Tone } from "@/ui/chip";
import { type Mark, StateMark } from "@/ui/state-mark";

export const JOB_MARKS: Record<JobState, Mark> = {
  queued: "pending",
  running: "running",
  succeeded: "applied",
  failed: "failed",
  cancelled: "stopped",
  lost: "failed",
};

const TONES: Record<JobState, Tone> = {
  queued: "pending",
  running: "running",
  succeeded: "applied",
  failed: "failed",
  cancelled: "neutral",
  lost: "failed",
};

export const STEP_MARKS: Record<StepState, Mark> = {
  pending: "pending",
  running: "running",
  done: "applied",
  failed: "failed",
  skipped: "stopped",
  rolled_back: "failed",
};

export function JobStateChip({ state }: { state: JobState }) {
  const { t } = useLanguage();
  return (
    <Chip tone={TONES[state]}>
      <StateMark mark={JOB_MARKS[state]} className="size-2.5" />
      {t(`jobs.state.${state}`)}
    </Chip>
  );
}

/** "Upgrade staging to head": what the job does, in words. */
export function useJobTitle(): (job: Job) => string {
  const { t } = useLanguage();
  return (job) => {
    const where = job.environment.name;
    const revision = job.revision ?? "head";
    const target = /^[0-9a-f]{12,}$/.test(revision) ? revision.slice(0, 12) : revision;
    switch (job.kind) {
      case "upgrade":
        return t("jobs.title.upgrade", { where, target });
      case "downgrade":
        return t("jobs.title.downgrade", { where, target });
      case "stamp":
        return t("jobs.title.stamp", { where, target });
      case "current":
        return t("jobs.title.current", { where });
      case "check":
        return t("jobs.title.check", { where });
      case "command":
        return t("jobs.title.command", { where });
    }
  };
}

const STEP_KINDS = ["checkout", "virtualenv", "lock", "bootstrap", "verify", "command"] as const;

/** Our own steps have names in every language; a revision is called by its message. */
export function useStepTitle(): (kind: string | null, title: string) => string {
  const { t } = useLanguage();
  return (kind, title) => {
    const known = STEP_KINDS.find((one) => one === kind);
    return known ? t(`jobs.step.${known}`) : title;
  };
}
