/** What jobs did with a revision: when, where, by whom, how long, and the statements that they sent. */
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { useTrouble } from "@/api/use-trouble";
import type { RevisionRun, Statement, StepState } from "@/api/types";
import { useLanguage } from "@/i18n";
import { CopyButton } from "@/ui/copy-button";
import { cx } from "@/ui/cx";
import { TroubleNotice } from "@/ui/notice";
import { type Mark, StateMark } from "@/ui/state-mark";
import { Skeleton } from "@/ui/states";
import { Ago } from "@/ui/time";
import { useRevisionRuns, useStatements } from "./queries";

const MARK: Record<StepState, Mark> = {
  pending: "pending",
  running: "running",
  done: "applied",
  failed: "failed",
  skipped: "stopped",
  rolled_back: "stopped",
};

interface RunsProps {
  project: string;
  revision: string;
  /** Changes when a database moved: then there may be another run. */
  moved: unknown;
  jobAddress: (job: string) => string;
}

export function RevisionRuns({ project, revision, moved, jobAddress }: RunsProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const runs = useRevisionRuns(project, revision, moved);
  if (runs.isError) return <TroubleNotice className="m-4" trouble={trouble(runs.error)} onRetry={() => void runs.refetch()} />;
  if (!runs.data)
    return (
      <div className="flex flex-col gap-2 p-4" role="status" aria-label={t("common.loading")}>
        <Skeleton className="h-8 w-full" />
        <Skeleton className="h-8 w-full" />
      </div>
    );
  if (runs.data.length === 0) return <p className="px-4 py-3 text-sm text-muted">{t("migrations.runs.none")}</p>;
  return (
    <ul aria-label={t("migrations.tab.runs")}>
      {runs.data.map((run) => (
        <RunItem key={run.job} run={run} revision={revision} jobAddress={jobAddress} />
      ))}
    </ul>
  );
}

function RunItem({ run, revision, jobAddress }: { run: RevisionRun; revision: string; jobAddress: (job: string) => string }) {
  const { t, duration } = useLanguage();
  const [open, setOpen] = useState(false);
  const state = t(`migrations.run.${run.state}`);
  return (
    <li className="border-b border-line">
      <div className="flex items-center gap-2 px-4 py-1.5">
        <StateMark mark={MARK[run.state]} />
        <div className="min-w-0 flex-1">
          <p className="truncate text-sm" title={run.database}>
            <span className="font-medium">{run.environment}</span>
            <span className="text-muted">
              {" "}
              · {t(`migrations.run.${run.kind === "downgrade" ? "down" : "up"}`)}, {state}
              {run.duration_ms !== null && ` · ${duration(run.duration_ms)}`}
            </span>
          </p>
          <p className="truncate text-xs text-muted">
            {run.started_at && <Ago at={run.started_at} />} · {run.actor} ·{" "}
            <Link to={jobAddress(run.job)} className="text-accent-text hover:underline">
              {t("migrations.jobNumber", { number: run.number })}
            </Link>
          </p>
        </div>
        {run.statements > 0 && (
          <button
            type="button"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
            className="flex h-6 shrink-0 items-center gap-1 rounded px-1.5 text-xs text-muted hover:bg-hover hover:text-text"
          >
            <ChevronRight aria-hidden className={cx("size-3 transition-transform", open && "rotate-90")} />
            {t("migrations.statements", { count: run.statements })}
          </button>
        )}
      </div>
      {open && <Statements job={run.job} revision={revision} live={run.state === "running"} />}
    </li>
  );
}

function Statements({ job, revision, live }: { job: string; revision: string; live: boolean }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const statements = useStatements(job, revision, live);
  if (statements.isError) return <TroubleNotice className="mx-4 mb-3" trouble={trouble(statements.error)} onRetry={() => void statements.refetch()} />;
  if (!statements.data) return <Skeleton className="mx-4 mb-3 h-12" />;
  // Logs are kept for a while only; the run itself stays.
  if (statements.data.length === 0) return <p className="px-4 pb-3 text-sm text-muted">{t("migrations.statements.gone")}</p>;
  return (
    <ol className="border-t border-line bg-code">
      {statements.data.map((statement) => (
        <StatementItem key={statement.seq} statement={statement} />
      ))}
    </ol>
  );
}

function StatementItem({ statement }: { statement: Statement }) {
  const { t, duration } = useLanguage();
  return (
    <li className="border-b border-line px-4 py-2 last:border-b-0">
      <div className="flex items-center gap-2 text-xs text-muted">
        <span className={cx("tabular-nums", statement.failed && "text-failed")}>
          {statement.failed ? t("migrations.run.failed") : statement.ms === null ? t("migrations.run.running") : duration(statement.ms)}
        </span>
        {statement.line !== null && <span>{t("migrations.line", { line: statement.line })}</span>}
        <span className="ml-auto">
          <CopyButton text={statement.sql} label={t("migrations.copyStatement")} />
        </span>
      </div>
      <pre tabIndex={0} aria-label={t("migrations.statement")} role="region" className="max-h-60 overflow-auto font-mono whitespace-pre-wrap break-words text-[12px] leading-[18px]">
        {statement.sql}
        {statement.truncated && " …"}
      </pre>
      {statement.failed && <p className="mt-1 text-xs break-words text-failed">{statement.failed}</p>}
    </li>
  );
}
