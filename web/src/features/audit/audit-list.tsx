import { Bot, ChevronRight, CircleHelp, Cog, User } from "lucide-react";
import type { AuditEntry } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Chip, type Tone } from "@/ui/chip";
import { Ago } from "@/ui/time";

const TONES: Record<string, Tone> = { done: "neutral", refused: "failed", found: "pending" };
const ACTORS: Readonly<Record<string, typeof User>> = { person: User, service: Bot, system: Cog, unknown: CircleHelp };

type Side = Record<string, unknown>;

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 1);
}

/** What stood there and what stands there now, field by field. */
function Change({ before, after }: { before: Side | null; after: Side | null }) {
  const { t } = useLanguage();
  const rows = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].flatMap((row) => {
    const [was, is] = [before?.[row], after?.[row]].map((side) => (typeof side === "object" && side !== null ? (side as Side) : {})) as [Side, Side];
    return [...new Set([...Object.keys(was), ...Object.keys(is)])].map((field) => ({ row, field, was: was[field], is: is[field] }));
  });
  if (rows.length === 0) return null;
  return (
    <table className="w-full table-fixed text-left text-sm">
      <thead className="text-xs text-muted">
        <tr>
          <th className="w-2/5 py-1 font-normal">{t("audit.field")}</th>
          <th className="font-normal">{t("audit.before")}</th>
          <th className="font-normal">{t("audit.after")}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ row, field, was, is }) => (
          <tr key={`${row} ${field}`} className="border-t border-line align-top">
            <td className="py-1 pr-3 break-words">
              <span className="text-muted">{row}</span> {field}
            </td>
            <td className="py-1 pr-3 font-mono text-xs break-words whitespace-pre-wrap text-muted">{was === undefined ? "" : shown(was)}</td>
            <td className="py-1 font-mono text-xs break-words whitespace-pre-wrap">{is === undefined ? "" : shown(is)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const { t, exact } = useLanguage();
  const Icon = ACTORS[entry.actor.kind] ?? User;
  return (
    <details className="group border-b border-line">
      <summary className="grid cursor-pointer list-none grid-cols-[1rem_3.5rem_minmax(0,1fr)_auto] items-center gap-x-3 px-4 py-1.5 hover:bg-hover focus-visible:outline-offset-[-2px] md:grid-cols-[1rem_3.5rem_12rem_10rem_minmax(0,1fr)_auto]">
        <ChevronRight aria-hidden className="size-3.5 text-muted group-open:rotate-90" />
        <span className="text-sm text-muted tabular-nums">{entry.number}</span>
        <span className="flex min-w-0 items-center gap-1.5">
          <Icon aria-hidden className="size-3.5 shrink-0 text-muted" />
          <span className="truncate">
            {entry.actor.name || t("audit.unknown")}
            {entry.actor.token_name && <span className="text-muted"> · {entry.actor.token_name}</span>}
          </span>
        </span>
        <code className="truncate text-xs max-md:col-start-3">{entry.action}</code>
        <span className="truncate text-sm text-muted max-md:col-start-3">{entry.subject.name ?? entry.subject.id ?? ""}</span>
        <span className="flex items-center gap-2 text-xs text-muted max-md:col-start-4 max-md:row-start-1">
          {entry.outcome !== "done" && <Chip tone={TONES[entry.outcome] ?? "neutral"}>{t(`audit.outcome.${entry.outcome as "refused" | "found"}`)}</Chip>}
          <Ago at={entry.at} short />
        </span>
      </summary>
      <div className="flex flex-col gap-2 px-4 pt-1 pb-3 md:pl-11">
        <p className="flex flex-wrap gap-x-4 gap-y-0.5 text-xs text-muted">
          <span>{exact(entry.at)}</span>
          {entry.address && <span>{t("audit.from", { address: entry.address })}</span>}
          {entry.reason && <span>{t("audit.reason", { reason: entry.reason })}</span>}
          {entry.request_id && <span className="break-all">{t("audit.request", { id: entry.request_id })}</span>}
        </p>
        <Change before={entry.before} after={entry.after} />
      </div>
    </details>
  );
}

export function AuditList({ entries }: { entries: AuditEntry[] }) {
  return (
    <div>
      {entries.map((entry) => (
        <Entry key={entry.number} entry={entry} />
      ))}
    </div>
  );
}
