import type { ReactNode } from "react";
import type { Job } from "@/api/types";
import { useLanguage } from "@/i18n";
import { CopyButton } from "@/ui/copy-button";
import { Notice, TroubleNotice } from "@/ui/notice";
import { Ago } from "@/ui/time";
import { AftermathFacts } from "./aftermath";
import { useOutcome } from "./outcome";
import { isOpen } from "./queries";
import { useWaiting } from "./waiting";

function Heads({ heads }: { heads: string[] | null }) {
  const { t } = useLanguage();
  if (heads === null) return <span className="text-muted">{t("jobs.facts.notRead")}</span>;
  if (heads.length === 0) return <code className="text-xs">base</code>;
  return (
    <span className="flex flex-col">
      {heads.map((head) => (
        <code key={head} className="text-xs break-all">
          {head}
        </code>
      ))}
    </span>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid grid-cols-[7rem_minmax(0,1fr)] gap-2 py-1">
      <dt className="text-sm text-muted">{name}</dt>
      <dd className="min-w-0 text-sm">{children}</dd>
    </div>
  );
}

/** The truth beside the stream: what was there before, what is there now, and why it ended so. */
export function JobFacts({ job, request, next }: { job: Job; request: ReactNode; next: ReactNode }) {
  const { t } = useLanguage();
  const outcome = useOutcome();
  const waiting = useWaiting();
  const runtime = Object.entries(job.runtime ?? {}).flatMap(([name, value]) =>
    typeof value === "string" || typeof value === "number" ? [`${name} ${value}`] : [],
  );
  return (
    <div className="flex flex-col gap-3 px-4 py-3">
      {job.outcome && (
        <Notice kind={job.state === "succeeded" ? "success" : job.state === "cancelled" ? "warning" : "error"} title={t(`jobs.ended.${job.state}`)}>
          <p className="break-words">{outcome(job.outcome)}</p>
        </Notice>
      )}
      {job.override && (
        <Notice kind="warning" title={t("jobs.override")}>
          <p className="break-words whitespace-pre-line">{job.override.reason}</p>
          <p className="text-muted">{job.override.conditions.map((one) => t(`jobs.override.${one}`)).join(", ")}</p>
        </Notice>
      )}
      {job.error && <TroubleNotice trouble={job.error} />}
      {!isOpen(job) && next}
      {job.aftermath && <AftermathFacts aftermath={job.aftermath} />}
      {job.waiting && isOpen(job) && <Notice>{waiting(job.waiting)}</Notice>}
      <section>
        <h2 className="text-sm font-semibold">{t("jobs.facts.database")}</h2>
        <dl className="mt-1 divide-y divide-line">
          <Fact name={t("jobs.facts.before")}>
            <Heads heads={job.heads_before} />
          </Fact>
          <Fact name={t("jobs.facts.after")}>
            <Heads heads={job.heads_after} />
          </Fact>
        </dl>
      </section>
      <section>
        <h2 className="text-sm font-semibold">{t("jobs.facts.run")}</h2>
        <dl className="mt-1 divide-y divide-line">
          <Fact name={t("jobs.facts.commit")}>
            <span className="flex items-center gap-1">
              <code className="text-xs">{job.commit.slice(0, 10)}</code>
              <span className="truncate text-muted">{job.ref}</span>
              <CopyButton text={job.commit} />
            </span>
          </Fact>
          {job.reason && <Fact name={t("jobs.facts.reason")}>{job.reason}</Fact>}
          <Fact name={t("jobs.facts.requested")}>
            <Ago at={job.requested_at} />
          </Fact>
          {request && <Fact name={t("jobs.facts.approval")}>{request}</Fact>}
          {runtime.length > 0 && <Fact name={t("jobs.facts.runtime")}>{runtime.join(", ")}</Fact>}
          {job.cancel_requested_by && <Fact name={t("jobs.facts.cancelledBy")}>{job.cancel_requested_by}</Fact>}
        </dl>
      </section>
    </div>
  );
}
