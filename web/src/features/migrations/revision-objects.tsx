/** What a revision does to which objects, with the way to each. */
import { Link } from "react-router";
import { useState } from "react";
import { useTrouble } from "@/api/use-trouble";
import type { RevisionChange } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Name } from "@/ui/name";
import { TroubleNotice } from "@/ui/notice";
import { Segmented } from "@/ui/segmented";
import { Skeleton } from "@/ui/states";
import { useRevisionChanges } from "./queries";

/** One object of one database, as far as a statement named it. */
export interface ObjectAsked {
  environment: string | null;
  database: string | null;
  kind: string;
  schema: string;
  name: string;
}

interface ObjectsProps {
  project: string;
  revision: string;
  moved: unknown;
  jobAddress: (job: string) => string;
  objectAddress: (object: ObjectAsked) => string | null;
}

export function RevisionObjects({ project, revision, moved, jobAddress, objectAddress }: ObjectsProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const [direction, setDirection] = useState<"upgrade" | "downgrade">("upgrade");
  const found = useRevisionChanges(project, revision, direction, moved);
  const chooser = (
    <Segmented
      label={t("migrations.objects.direction")}
      value={direction}
      onChange={setDirection}
      options={[
        { value: "upgrade", label: t("migrations.tab.upgrade") },
        { value: "downgrade", label: t("migrations.tab.downgrade") },
      ]}
    />
  );
  if (found.isError) return <TroubleNotice className="m-4" trouble={trouble(found.error)} onRetry={() => void found.refetch()} />;
  if (!found.data)
    return (
      <div className="flex flex-col gap-2 p-4" role="status" aria-label={t("common.loading")}>
        <Skeleton className="h-8 w-full" />
      </div>
    );
  const { changes, job, job_number: number, environment, database } = found.data;
  return (
    <div>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-xs text-muted">
        {chooser}
        {job ? (
          <span>
            {t("migrations.objects.ran", { environment: environment ?? "" })}{" "}
            <Link to={jobAddress(job)} className="text-accent-text underline">
              {t("migrations.jobNumber", { number: number ?? "?" })}
            </Link>
          </span>
        ) : (
          <span>{t(changes === null ? "migrations.objects.unreadable" : "migrations.objects.read")}</span>
        )}
      </div>
      {changes?.length === 0 && <p className="px-4 py-2 text-sm text-muted">{t("migrations.objects.none")}</p>}
      {changes && changes.length > 0 && (
        <ul aria-label={t("migrations.tab.objects")}>
          {changes.map((change, at) => (
            <ChangeItem key={at} change={change} to={addressOf(change, environment, database, objectAddress)} />
          ))}
        </ul>
      )}
    </div>
  );
}

/** A part stands with its table; what was dropped stands nowhere. */
function addressOf(change: RevisionChange, environment: string | null, database: string | null, objectAddress: ObjectsProps["objectAddress"]): string | null {
  if (change.action === "drop" && !change.table) return null;
  const kind = change.table || change.kind === "foreign_table" ? "table" : change.kind;
  const renamed = change.action === "rename" && !change.table;
  const name = change.table || (renamed ? change.to : change.name);
  const schema = (renamed && change.to_schema) || change.schema_name;
  return objectAddress({ environment, database, kind, schema, name });
}

function ChangeItem({ change, to }: { change: RevisionChange; to: string | null }) {
  const { t } = useLanguage();
  const whole = [change.schema_name, change.table, change.name].filter(Boolean).join(".");
  const name = <Name text={change.action === "unread" ? change.name : whole} className="font-mono text-[12.5px] break-all" />;
  return (
    <li className="flex items-baseline gap-2 border-b border-line px-4 py-1.5 text-sm">
      <span className="w-20 shrink-0 text-xs text-muted">{t(`changes.action.${change.action}`)}</span>
      <span className="min-w-0 flex-1">
        {change.action !== "unread" && <span className="text-xs text-muted">{change.kind.replaceAll("_", " ")} </span>}
        {to ? (
          <Link to={to} className="text-accent-text hover:underline">
            {name}
          </Link>
        ) : (
          name
        )}
        {change.to && (
          <>
            {" → "}
            <Name text={[change.to_schema, change.to].filter(Boolean).join(".")} className="font-mono text-[12.5px]" />
          </>
        )}
      </span>
      {change.line !== null && <span className="shrink-0 text-xs text-muted tabular-nums">{t("migrations.line", { line: change.line })}</span>}
    </li>
  );
}
