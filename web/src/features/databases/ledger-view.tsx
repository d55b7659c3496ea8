/** Who changed a database, when, from which commit, with what, for how long, and how that ended. */
import { BookText, ChevronRight, Download, SearchCheck } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTrouble } from "@/api/use-trouble";
import type { LedgerEntry } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { LoadMore } from "@/ui/load-more";
import { TroubleNotice } from "@/ui/notice";
import { SqlCode } from "@/ui/sql-code";
import { type Mark, StateMark } from "@/ui/state-mark";
import { Empty, Failed, Skeleton, SkeletonRows } from "@/ui/states";
import { Ago } from "@/ui/time";
import { type Place, useLedger, useLedgerExport, useSentStatements } from "./queries";

type LedgerJob = NonNullable<LedgerEntry["job"]>;
type LedgerRevision = LedgerJob["revisions"][number];

const MARKS: Record<LedgerJob["state"], Mark> = {
  queued: "pending",
  running: "running",
  succeeded: "applied",
  failed: "failed",
  cancelled: "stopped",
  lost: "failed",
};
const KINDS = ["upgrade", "downgrade", "stamp", "command"] as const;
const REVISION_MARKS: Record<LedgerRevision["state"], Mark> = {
  pending: "pending",
  running: "running",
  done: "applied",
  failed: "failed",
  skipped: "stopped",
  rolled_back: "failed",
};

interface LedgerProps {
  place: Place;
  jobLink: (job: string, label: string) => ReactNode;
  /** How a job ended, in the reader's language. */
  outcomeOf: (outcome: NonNullable<LedgerJob["outcome"]>) => string;
}

export function LedgerView({ place, jobLink, outcomeOf }: LedgerProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const pages = useLedger(place);
  const file = useLedgerExport(place);
  const entries = pages.data?.pages.flatMap((page) => page.items) ?? [];
  if (pages.isPending) return <SkeletonRows />;
  if (pages.isError) return <Failed trouble={trouble(pages.error)} onRetry={() => void pages.refetch()} />;
  if (entries.length === 0)
    return (
      <Empty icon={<BookText className="size-5" />} title={t("ledger.empty")}>
        {t("ledger.emptyLead")}
      </Empty>
    );
  return (
    <div className="h-full overflow-y-auto">
      <div className="flex flex-wrap items-center justify-between gap-3 px-4 py-3">
        <p className="min-w-0 flex-1 basis-60 text-sm text-muted">{t("ledger.lead")}</p>
        <Button busy={file.isPending} onClick={() => file.mutate()}>
          <Download aria-hidden className="size-3.5" /> {t("ledger.csv")}
        </Button>
      </div>
      {file.isError && <TroubleNotice className="mx-4 mb-3" trouble={trouble(file.error)} />}
      <ol className="border-t border-line">
        {entries.map((entry) => (
          <li key={entry.id} className="border-b border-line">
            {entry.job ? <Ran entry={entry} job={entry.job} jobLink={jobLink} outcomeOf={outcomeOf} /> : <Found entry={entry} />}
          </li>
        ))}
      </ol>
      <LoadMore pages={pages}>{t("ledger.older")}</LoadMore>
    </div>
  );
}

function Way({ entry }: { entry: LedgerEntry }) {
  const side = (heads: string[] | null) => (heads === null ? "?" : heads.map((head) => head.slice(0, 12)).join(", ") || "base");
  return (
    <code className="text-xs break-all text-muted">
      {side(entry.heads_before)} → {side(entry.heads_after)}
    </code>
  );
}

function Found({ entry }: { entry: LedgerEntry }) {
  const { t } = useLanguage();
  return (
    <div className="grid grid-cols-[1rem_1rem_minmax(0,1fr)_auto] items-start gap-x-2.5 px-4 py-2">
      <span />
      <SearchCheck aria-hidden className="mt-0.5 size-3.5 text-pending" />
      <span className="min-w-0">
        <span className="flex flex-wrap items-center gap-x-2.5">
          <span className="font-medium">{t("ledger.found")}</span>
          <Way entry={entry} />
        </span>
        <span className="block text-xs text-muted">{t("ledger.foundLead")}</span>
      </span>
      <Ago at={entry.at} short className="text-xs whitespace-nowrap text-muted" />
    </div>
  );
}

function Ran({ entry, job, jobLink, outcomeOf }: Omit<LedgerProps, "place"> & { entry: LedgerEntry; job: LedgerJob }) {
  const { t, duration } = useLanguage();
  const kind = KINDS.find((one) => one === job.kind) ?? "command";
  return (
    <details className="group">
      <summary className="grid cursor-pointer list-none grid-cols-[1rem_1rem_minmax(0,1fr)_auto] items-start gap-x-2.5 px-4 py-2 hover:bg-hover focus-visible:outline-offset-[-2px]">
        <ChevronRight aria-hidden className="mt-0.5 size-3.5 text-muted group-open:rotate-90" />
        <StateMark mark={MARKS[job.state]} className="mt-1" />
        <span className="min-w-0">
          <span className="flex flex-wrap items-center gap-x-2.5">
            <span className="sr-only">{t(`jobs.state.${job.state}`)}. </span>
            <span className="font-medium">
              #{job.number} {t(`ledger.kind.${kind}`)} {job.revision && (/^[0-9a-f]{12,}$/.test(job.revision) ? job.revision.slice(0, 12) : job.revision)}
            </span>
            <Way entry={entry} />
            {job.override && <Chip tone="failed">{t("ledger.override")}</Chip>}
          </span>
          <span className="block truncate text-xs text-muted">
            {job.actor.name}
            {job.actor.token && ` · ${job.actor.token}`} · {t("migrations.revisions", { count: job.revisions.length })} · {duration(job.seconds * 1000)} ·{" "}
            <code>{job.commit.slice(0, 8)}</code>
          </span>
        </span>
        <Ago at={entry.at} short className="text-xs whitespace-nowrap text-muted" />
      </summary>
      <div className="flex flex-col gap-2 px-4 pt-2 pb-3 md:pl-11">
        <p className="text-sm">
          {jobLink(job.id, `#${job.number}`)} {job.outcome && <span className="text-muted">{outcomeOf(job.outcome)}</span>}
        </p>
        {job.override && <p className="text-sm break-words whitespace-pre-line">{job.override.reason}</p>}
        {job.revisions.length === 0 ? (
          <p className="text-sm text-muted">{t("ledger.noRevision")}</p>
        ) : (
          <ul className="divide-y divide-line rounded-md border border-line">
            {job.revisions.map((revision) => (
              <RevisionRan key={revision.revision} job={job.id} revision={revision} />
            ))}
          </ul>
        )}
      </div>
    </details>
  );
}

function RevisionRan({ job, revision }: { job: string; revision: LedgerRevision }) {
  const { t, duration } = useLanguage();
  const trouble = useTrouble();
  const [open, setOpen] = useState(false);
  const statements = useSentStatements(job, revision.revision, open);
  return (
    <li>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="flex cursor-pointer list-none items-center gap-2.5 px-2.5 py-1.5 text-sm hover:bg-hover">
          <StateMark mark={REVISION_MARKS[revision.state]} />
          <code className="shrink-0 text-xs text-muted">{revision.revision.slice(0, 10)}</code>
          <span className="min-w-0 flex-1 truncate">{revision.title}</span>
          <span className="shrink-0 text-xs text-muted max-sm:hidden">{t("ledger.statements", { count: revision.statements })}</span>
          {revision.duration_ms !== null && <span className="shrink-0 text-xs text-muted tabular-nums">{duration(revision.duration_ms)}</span>}
        </summary>
        {open && (
          <div className="flex flex-col gap-2 border-t border-line p-2.5">
            {statements.isError ? (
              <TroubleNotice trouble={trouble(statements.error)} onRetry={() => void statements.refetch()} />
            ) : !statements.data ? (
              <Skeleton className="h-4 w-1/2" />
            ) : statements.data.length === 0 ? (
              <p className="text-sm text-muted">{t("ledger.noStatements")}</p>
            ) : (
              statements.data.map((statement) => <SqlCode key={statement.seq} source={statement.sql} label={t("ledger.sql", { number: statement.seq })} />)
            )}
          </div>
        )}
      </details>
    </li>
  );
}
